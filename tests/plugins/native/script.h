// A host without sound or screen that does what it reads, a command a line, and says what the plugin played.
//
//   block FRAMES             frames of the blocks that follow
//   locate BEAT | tempo BPM | play 0/1      from the next block on
//   tempo_at FRAME BPM       from this frame on, be it inside a block
//   run FRAMES SPEED         whole blocks until so many frames have passed; SPEED times as fast as sound, 0: at once
//   until INDEX VALUE        blocks, 5 ms apart, until the plugin's output is at least VALUE; gives up after 20 s
//   set INDEX VALUE          a parameter
//   midi OFFSET A B C        into the next block
//   ask INDEX                says a parameter
//   stats                    says heap, lock and system calls made while the plugin ran, and its outputs
//
// It writes "m FRAME A B C" for each MIDI message, "= ..." after each command.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

struct Midi {
    uint32_t offset;
    uint8_t bytes[3];
};

struct Clock {
    bool playing;
    double beat, tempo;  // at the offset
    uint32_t offset;
};

// What a format must do.
struct Format {
    virtual ~Format() = default;
    virtual void set(int index, double value) = 0;
    virtual double get(int index) = 0;
    virtual bool splits() const = 0;  // positions only at the beginning of blocks: they are cut there
    virtual std::vector<Midi> process(uint32_t frames, const std::vector<Clock>& clocks,
                                      const std::vector<Midi>& in) = 0;
    virtual std::string stats() = 0;
};

constexpr int kRate = 48000;

class Script {
public:
    explicit Script(Format& format) : format_(format) {}

    int follow() {
        char line[256];
        while (std::fgets(line, sizeof line, stdin)) {
            double a = 0, b = 0, c = 0, d = 0;
            char verb[32] = "";
            std::sscanf(line, "%31s %lf %lf %lf %lf", verb, &a, &b, &c, &d);
            const std::string what = verb;
            if (what == "block") block_ = uint32_t(a);
            else if (what == "locate") beat_ = a, told_ = false;
            else if (what == "tempo") tempo_ = a, told_ = false;
            else if (what == "play") playing_ = a > 0, told_ = false;
            else if (what == "tempo_at") change_ = int64_t(a), changed_tempo_ = b;
            else if (what == "set") format_.set(int(a), b);
            else if (what == "midi") in_.push_back({uint32_t(a), {uint8_t(b), uint8_t(c), uint8_t(d)}});
            else if (what == "run") run(int64_t(a), b);
            else if (what == "until" && !until(int(a), b)) { std::printf("= gave up\n"); return 1; }
            if (what == "stats") std::printf("= %s\n", format_.stats().c_str());
            else if (what == "ask") std::printf("= %.9f\n", format_.get(int(a)));
            else std::printf("= frame %lld beat %.9f\n", static_cast<long long>(frame_), beat_);
            std::fflush(stdout);
        }
        return 0;
    }

private:
    void run(int64_t frames, double speed) {
        for (const int64_t end = frame_ + frames; frame_ < end;) {
            step();
            if (speed > 0) usleep(useconds_t(1e6 * block_ / kRate / speed));
        }
    }

    bool until(int index, double value) {
        for (int tries = 0; tries < 4000; ++tries, usleep(5000)) {
            step();
            if (format_.get(index) >= value) return true;
        }
        return false;
    }

    void step() {
        uint32_t left = block_;
        const bool inside = change_ > frame_ && change_ < frame_ + left;
        if (inside && format_.splits()) {
            left = uint32_t(change_ - frame_);
            piece(left);
            left = block_ - left;
        }
        piece(left);
    }

    void piece(uint32_t frames) {
        if (change_ == frame_) tempo_ = changed_tempo_, told_ = false, change_ = -1;
        std::vector<Clock> clocks;
        if (!told_ || format_.splits()) clocks.push_back({playing_, beat_, tempo_, 0});
        told_ = true;
        uint32_t at = 0;
        if (change_ > frame_ && change_ < frame_ + frames) {
            at = uint32_t(change_ - frame_);
            pass(at);
            tempo_ = changed_tempo_;
            change_ = -1;
            clocks.push_back({playing_, beat_, tempo_, at});
        }
        for (const Midi& out : format_.process(frames, clocks, in_))
            std::printf("m %lld %d %d %d\n", static_cast<long long>(frame_ + out.offset), out.bytes[0],
                        out.bytes[1], out.bytes[2]);
        in_.clear();
        pass(frames - at);
        frame_ += frames;
    }

    void pass(uint32_t frames) {
        if (playing_) beat_ += frames * tempo_ / 60 / kRate;
    }

    Format& format_;
    std::vector<Midi> in_;
    uint32_t block_ = 512;
    int64_t frame_ = 0, change_ = -1;
    double beat_ = 0, tempo_ = 120, changed_tempo_ = 120;
    bool playing_ = false, told_ = false;
};
