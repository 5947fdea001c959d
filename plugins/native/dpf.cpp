// The plugin as VST3, CLAP and JACK program, by the DISTRHO Plugin Framework (DPF).
#include <cstring>

#include "DistrhoPlugin.hpp"
#include "DistrhoPluginUtils.hpp"
#include "bridge.h"

START_NAMESPACE_DISTRHO

using namespace seqgen;

class SeqgenPlugin : public Plugin {
public:
    SeqgenPlugin() : Plugin(kParameters, 0, 0), bridge_(getSampleRate(), !isDummyInstance()) {
        const char* format = getPluginFormatName();
        quarters_ = !std::strcmp(format, "CLAP");
        quarter_tempo_ = quarters_ || !std::strcmp(format, "VST3");
    }

protected:
    const char* getLabel() const override { return "seqgen"; }
    const char* getMaker() const override { return "seqgen"; }
    const char* getLicense() const override { return "Apache-2.0"; }
    uint32_t getVersion() const override { return d_version(0, 2, 0); }
    int64_t getUniqueId() const override { return d_cconst('S', 'q', 'g', 'n'); }

    void initParameter(uint32_t index, Parameter& parameter) override {
        const ParameterInfo& info = kInfo[index];
        parameter.name = info.name;
        parameter.symbol = info.symbol;
        parameter.description = info.about;
        if (info.kind == Kind::Slider) parameter.unit = "sd";
        parameter.ranges = ParameterRanges(info.standard, info.least, info.most);
        parameter.hints = int(index) < kInputs ? kParameterIsAutomatable : kParameterIsOutput;
        if (info.kind == Kind::Integer) parameter.hints |= kParameterIsInteger;
        if (info.kind == Kind::Toggle) parameter.hints |= kParameterIsBoolean;
        if (info.kind == Kind::Trigger) parameter.hints |= kParameterIsTrigger;
    }

    float getParameterValue(uint32_t index) const override { return bridge_.get(int(index)); }
    void setParameterValue(uint32_t index, float value) override { bridge_.set(int(index), value); }
    void sampleRateChanged(double rate) override { bridge_.set_rate(rate); }

    void run(const float**, float**, uint32_t frames, const MidiEvent* events, uint32_t count) override {
        const auto out = [this](uint32_t at, uint8_t status, uint8_t a, uint8_t b) {
            MidiEvent event{};
            event.frame = at;
            event.size = (status & 0xe0) == 0xc0 ? 2 : 3;
            event.data[0] = status, event.data[1] = a, event.data[2] = b;
            return writeMidiEvent(event);
        };
        bridge_.begin(out);
        bridge_.locate(where(), 0, out);
        uint32_t done = 0;
        for (uint32_t i = 0; i < count; ++i) {
            const MidiEvent& event = events[i];
            const uint32_t at = std::clamp(event.frame, done, frames ? frames - 1 : 0);
            bridge_.advance(done, at, out);
            done = at;
            if (event.size <= 3) bridge_.midi(at, event.data, event.size, out);
        }
        bridge_.advance(done, frames, out);
        bridge_.end();
    }

private:
    // DPF's position in quarter notes. Its bars and beats count quarter notes for CLAP, else the metre's unit.
    HostTime where() const {
        const TimePosition& host = getTimePosition();
        const auto& bbt = host.bbt;
        HostTime time;
        time.playing = host.playing;
        if (!bbt.valid) {
            time.beat = double(host.frame) / getSampleRate() * time.tempo / 60;
            return time;
        }
        const double quarter = 4 / double(std::clamp(bbt.beatType, 1.f, 64.f));
        const double beat = double(bbt.bar - 1) * bbt.beatsPerBar + (bbt.beat - 1) + bbt.tick / bbt.ticksPerBeat;
        time.beat = beat * (quarters_ ? 1 : quarter);
        time.tempo = std::clamp(bbt.beatsPerMinute * (quarter_tempo_ ? 1 : quarter), 1.0, 2000.0);
        time.bar = std::clamp(bbt.beatsPerBar * quarter, 0.25, 64.0);
        return time;
    }

    Bridge bridge_;
    bool quarters_, quarter_tempo_;
};

Plugin* createPlugin() { return new SeqgenPlugin(); }

END_NAMESPACE_DISTRHO
