// The part that runs in the audio thread: from notes stamped with beats to MIDI stamped with samples.
//
// The host's time is the clock. The wrapper calls `locate` whenever the host says where it is, `advance` for the
// samples in between. A jump (seek, loop) or `restart` begins a line: what was queued for another line is
// dropped and sounding notes end. Each line has one or more epochs: a change of tempo or metre begins an epoch on
// the same line, where beats mean what they meant, so that queued notes stay and sounding ones end at their beat.
// A jump back to where this line has been, as a loop makes, is bridged from memory until the service can answer.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "frames.h"
#include "memory.h"
#include "queue.h"

namespace seqgen {

struct HostTime {
    bool playing = false;
    double beat = 0, tempo = 120, bar = 4;  // quarter notes; a minute; in a bar
};

// What the network thread needs to know of the audio thread.
struct Place {
    uint32_t line = 0, epoch = 0;  // notes of the epochs line .. epoch are valid
    uint32_t playing = 0, unused = 0;
    double beat = 0, tempo = 120, bar = 4;
    double covered = -HUGE_VAL;  // up to this beat the audio thread remembers its notes, and needs none
};

constexpr double kSlack = 0.01;       // quarter notes that host time may wander before it counts as a jump
constexpr double kRounding = 0.001;  // quarter notes that a note may be past and still be played, at once
using NoteQueue = Queue<NoteRecord, 4096>;

class Player {
public:
    Player(NoteQueue& queue, double rate) : queue_(queue), rate_(rate) {}

    void set_rate(double rate) { rate_ = rate; }
    uint32_t late() const { return late_; }
    const HostTime& time() const { return time_; }
    Place place() const {
        return {line_, epoch_, time_.playing, 0, time_.beat, time_.tempo, time_.bar, memory_.covered()};
    }
    double ahead() const {
        const NoteRecord* last = queue_.back();
        return last && valid(*last) ? std::max(0.0, last->beat - time_.beat) : 0;
    }

    // The host says that `time` is at the sample `offset` of this block.
    // Out: bool(uint32_t offset, uint8_t, uint8_t, uint8_t), false if there was no room.
    template <typename Out>
    void locate(const HostTime& time, uint32_t offset, Out&& out) {
        if (std::abs(time.beat - time_.beat) > kSlack) {
            line_ = ++epoch_;
            silence(offset, out);
            memory_.jump(time_.beat, time.beat);
        } else if (time.tempo != time_.tempo || time.bar != time_.bar) {
            ++epoch_;
        }
        if (time_.playing && !time.playing) silence(offset, out);
        time_ = time;
    }

    template <typename Out>
    void restart(uint32_t offset, Out&& out) {
        line_ = ++epoch_;
        silence(offset, out);
        memory_.begin(time_.beat);
    }

    // Play the samples from..to of this block.
    template <typename Out>
    void advance(uint32_t from, uint32_t to, Out&& out) {
        if (from >= to) return;
        if (!time_.playing) return silence(from, out);
        const double step = time_.tempo / 60 / rate_;  // quarter notes in a sample
        const double end = time_.beat + (to - from) * step;
        // An event belongs to the sample nearest to it: one that is nearer to the next block waits for it.
        const double limit = end - step / 2;
        auto sample = [&](double beat) {
            const double offset = std::floor((beat - time_.beat) / step + 0.5);
            return from + uint32_t(std::clamp(offset, 0.0, double(to - from - 1)));
        };
        for (;;) {
            const NoteRecord* note = next(time_.beat - std::max(kRounding, step));
            Sounding* ending = first_ending();
            const bool on = note && note->beat < limit;
            const bool off = ending && ending->end < limit;
            if (off && !(on && note->beat < ending->end)) {
                if (!release(*ending, sample(ending->end), out)) break;  // no room: in the next block
            } else if (on) {
                begin(*note, sample(note->beat), out);
                memory_.keep(*note);
                if (!memory_.pop()) queue_.pop();
            } else {
                break;
            }
        }
        time_.beat = end;
    }

private:
    struct Sounding {
        double end;
        uint8_t channel, pitch;
    };

    bool valid(const NoteRecord& note) const {
        return uint32_t(note.epoch - line_) <= uint32_t(epoch_ - line_);
    }

    // The next note that can be in time, after dropping those that cannot.
    const NoteRecord* next(double earliest) {
        const NoteRecord* note = memory_.front();
        if (note) return note;
        while ((note = queue_.front())) {
            if (valid(*note)) {
                if (note->beat >= earliest) break;
                ++late_;
            }
            queue_.pop();
        }
        return note;
    }

    Sounding* first_ending() {
        const auto end = sounding_.begin() + count_;
        const auto first = std::min_element(
            sounding_.begin(), end, [](const Sounding& a, const Sounding& b) { return a.end < b.end; });
        return first == end ? nullptr : &*first;
    }

    template <typename Out>
    void begin(const NoteRecord& note, uint32_t offset, Out&& out) {
        for (size_t i = 0; i < count_; ++i) {
            Sounding& old = sounding_[i];
            if (old.channel == note.channel && old.pitch == note.pitch) {
                if (!release(old, offset, out)) return void(++late_);
                break;
            }
        }
        if (count_ == sounding_.size() && !release(*first_ending(), offset, out)) return void(++late_);
        if (!out(offset, uint8_t(0x90 | note.channel), note.pitch, note.velocity)) return void(++late_);
        sounding_[count_++] = {note.beat + note.duration, note.channel, note.pitch};
    }

    template <typename Out>
    bool release(Sounding& note, uint32_t offset, Out&& out) {
        if (!out(offset, uint8_t(0x80 | note.channel), note.pitch, uint8_t(0))) return false;
        note = sounding_[--count_];
        return true;
    }

    // End all that sounds; what finds no room ends as soon as there is.
    template <typename Out>
    void silence(uint32_t offset, Out&& out) {
        while (count_ && release(sounding_[count_ - 1], offset, out)) {}
        for (size_t i = 0; i < count_; ++i) sounding_[i].end = -1e18;
    }

    NoteQueue& queue_;
    Memory memory_;
    double rate_;
    HostTime time_;
    uint32_t line_ = 1, epoch_ = 1;
    uint32_t late_ = 0;
    std::array<Sounding, 128> sounding_{};
    size_t count_ = 0;
};

}  // namespace seqgen
