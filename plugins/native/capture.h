// Remembers the MIDI that comes in, so that the last bars of it can become clip A or B. Runs in the audio thread.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "frames.h"
#include "player.h"

namespace seqgen {

constexpr uint32_t kClipNotes = 1024;

struct Clip {
    uint32_t count = 0;
    std::array<NoteRecord, kClipNotes> notes;
};

class Capture {
public:
    // Time passes also when the host stands still, at its tempo: one may play before pressing play.
    void advance(double quarters) { now_ += quarters; }

    void midi(const uint8_t* data, uint32_t size) {
        if (size != 3) return;
        const uint8_t kind = data[0] & 0xf0, channel = data[0] & 0x0f, pitch = data[1] & 0x7f;
        if (kind != 0x90 && kind != 0x80) return;
        end(channel, pitch, now_);
        if (kind == 0x90 && data[2]) {
            Heard& note = heard_[count_++ % heard_.size()];
            note = {now_, -1, channel, pitch, uint8_t(data[2] & 0x7f)};
        }
    }

    // What began in the last `bars` bars, which end at the bar line nearest to now; in beats from their beginning.
    void copy(const HostTime& time, int bars, Clip& clip) const {
        const double phase = std::fmod(time.beat, time.bar);
        const double past = time.playing ? (phase < time.bar / 2 ? phase : phase - time.bar) : 0;
        const double begin = now_ - past - bars * time.bar;
        clip.count = 0;
        const uint64_t oldest = count_ > heard_.size() ? count_ - heard_.size() : 0;
        for (uint64_t i = oldest; i < count_ && clip.count < kClipNotes; ++i) {
            const Heard& note = heard_[i % heard_.size()];
            const double start = note.start - begin;
            if (start < -kSlack || start >= bars * time.bar) continue;
            const double stop = note.end < 0 ? now_ : note.end;
            clip.notes[clip.count++] = {0, note.channel, note.pitch, note.velocity, 0,
                                        std::max(0.0, start), std::max(kSlack, stop - note.start)};
        }
    }

private:
    struct Heard {
        double start, end;  // quarter notes; the end is -1 as long as the note sounds
        uint8_t channel, pitch, velocity;
    };

    void end(uint8_t channel, uint8_t pitch, double when) {
        const uint64_t oldest = count_ > heard_.size() ? count_ - heard_.size() : 0;
        for (uint64_t i = count_; i-- > oldest && count_ - i <= 256;) {
            Heard& note = heard_[i % heard_.size()];
            if (note.channel == channel && note.pitch == pitch) {
                if (note.end < 0) note.end = when;
                return;
            }
        }
    }

    double now_ = 1;
    uint64_t count_ = 0;
    std::array<Heard, 2048> heard_{};
};

}  // namespace seqgen
