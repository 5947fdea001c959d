// The plugin without its format: parameters, player, capture and the network thread. LV2 and DPF wrap this.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <optional>

#include "capture.h"
#include "network.h"
#include "parameters.h"
#include "player.h"

namespace seqgen {

class Bridge {
public:
    // One that is only described to a host does not connect.
    explicit Bridge(double rate, bool connect = true) : player_(shared_.queue, rate), rate_(rate) {
        if (connect) network_.emplace(shared_);
    }

    void set_rate(double rate) { player_.set_rate(rate_ = rate); }

    // From any thread; what is out of range is brought into it, and what is no number is not set.
    void set(int parameter, float value) {
        if (parameter < 0 || parameter >= kInputs || std::isnan(value)) return;
        const ParameterInfo& info = kInfo[parameter];
        value = std::clamp(value, info.least, info.most);
        const float before = shared_.inputs[parameter].exchange(value);
        const bool pressed = value > 0.5f && before <= 0.5f;
        if (parameter == kCaptureA && pressed) wanted_[0] = true;
        if (parameter == kCaptureB && pressed) wanted_[1] = true;
    }

    float get(int parameter) const {
        switch (parameter) {
            case kLate: return float(late_);
            case kConnected: return shared_.connected ? 1 : 0;
            case kAhead: return ahead_;
            default: return parameter >= 0 && parameter < kInputs ? shared_.inputs[parameter].load() : 0;
        }
    }

    // The rest runs in the audio thread: begin, any of locate, midi and advance in the order of their samples, end.
    template <typename Out>
    void begin(Out&& out) {
        const bool run = shared_.inputs[kRun] > 0.5f;
        if (run != running_) player_.restart(0, out);
        running_ = run;
    }

    double beat() const { return player_.time().beat; }

    template <typename Out>
    void locate(const HostTime& time, uint32_t offset, Out&& out) {
        player_.locate(time, offset, out);
    }

    // MIDI that comes in is remembered and goes out again.
    template <typename Out>
    void midi(uint32_t offset, const uint8_t* data, uint32_t size, Out&& out) {
        capture_.midi(data, size);
        if (size >= 1 && size <= 3) out(offset, data[0], size > 1 ? data[1] : 0, size > 2 ? data[2] : 0);
    }

    template <typename Out>
    void advance(uint32_t from, uint32_t to, Out&& out) {
        if (from >= to) return;
        player_.advance(from, to, out);
        capture_.advance((to - from) * player_.time().tempo / 60 / rate_);
    }

    void end() {
        for (int slot : {0, 1}) {
            Clip* clip = wanted_[slot] ? shared_.clips[slot].to_fill() : nullptr;
            if (!clip) continue;
            capture_.copy(player_.time(), int(shared_.inputs[kCaptureBars] + 0.5f), *clip);
            shared_.clips[slot].filled();
            wanted_[slot] = false;
        }
        shared_.place.write(player_.place());
        late_ = player_.late() + shared_.late;
        ahead_ = float(player_.ahead());
    }

private:
    Shared shared_;
    Player player_;
    Capture capture_;
    std::atomic<bool> wanted_[2] = {false, false};
    std::atomic<uint32_t> late_{0};
    std::atomic<float> ahead_{0};
    double rate_;
    bool running_ = true;
    std::optional<Network> network_;  // last: it ends before what it uses
};

}  // namespace seqgen
