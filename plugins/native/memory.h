// The notes that a line has played. A loop leads back to them: they are played again until the service can answer.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "frames.h"

namespace seqgen {

constexpr double kBridge = 1;  // quarter notes that are played from memory after a jump back

class Memory {
public:
    // A line begins about which nothing is known.
    void begin(double beat) {
        from_ = beat;
        first_ = count_;
        covered_ = -HUGE_VAL;
        next_ = again_ = 0;
    }

    // The line that has come to the beat `here` ends, another begins at `there`.
    void jump(double here, double there) {
        size_t found = 0;
        if (there >= from_ && there + kBridge <= here)
            for (uint64_t i = first_; i < count_ && found < bridge_.size(); ++i)
                if (const NoteRecord& note = notes_[i % notes_.size()];
                    note.beat >= there && note.beat < there + kBridge)
                    bridge_[found++] = note;
        begin(there);
        again_ = found;
        if (found) covered_ = there + kBridge;
    }

    void keep(const NoteRecord& note) {
        if (count_ - first_ == notes_.size()) from_ = std::nextafter(notes_[first_++ % notes_.size()].beat, HUGE_VAL);
        notes_[count_++ % notes_.size()] = note;
    }

    // What is to be played from memory: null if there is nothing more.
    const NoteRecord* front() const { return next_ < again_ ? &bridge_[next_] : nullptr; }
    bool pop() { return next_ < again_ && ++next_; }
    double covered() const { return covered_; }

private:
    std::array<NoteRecord, 1024> notes_{};
    uint64_t first_ = 0, count_ = 0;  // of this line
    double from_ = 0;                 // all that was played from here on is kept
    std::array<NoteRecord, 128> bridge_{};
    size_t next_ = 0, again_ = 0;
    double covered_ = -HUGE_VAL;
};

}  // namespace seqgen
