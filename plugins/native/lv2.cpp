// The LV2 plugin. Not by DPF, whose LV2 part takes a position inside a block for one at its beginning and counts
// bars itself between positions; here a position holds from its own sample on.
#include <lv2/atom/atom.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/midi/midi.h>
#include <lv2/time/time.h>
#include <lv2/urid/urid.h>

#include <cmath>
#include <cstring>

#include "bridge.h"
#include "lv2_names.h"

namespace {

using namespace seqgen;

struct Uris {
    LV2_URID object, blank, position, bar, bar_beat, unit, per_bar, per_minute, speed, midi;

    explicit Uris(LV2_URID_Map* map) {
        const auto of = [map](const char* uri) { return map->map(map->handle, uri); };
        object = of(LV2_ATOM__Object), blank = of(LV2_ATOM__Blank);
        position = of(LV2_TIME__Position), bar = of(LV2_TIME__bar), bar_beat = of(LV2_TIME__barBeat);
        unit = of(LV2_TIME__beatUnit), per_bar = of(LV2_TIME__beatsPerBar);
        per_minute = of(LV2_TIME__beatsPerMinute), speed = of(LV2_TIME__speed), midi = of(LV2_MIDI__MidiEvent);
    }
};

class Plugin {
public:
    Plugin(double rate, LV2_URID_Map* map) : bridge_(rate), uris_(map) { lv2_atom_forge_init(&forge_, map); }

    void connect(uint32_t port, void* data) {
        if (port == 0) in_ = static_cast<const LV2_Atom_Sequence*>(data);
        if (port == 1) out_ = static_cast<LV2_Atom_Sequence*>(data);
        if (port >= 2 && port < 2 + kParameters) controls_[port - 2] = static_cast<float*>(data);
    }

    void run(uint32_t frames) {
        for (int i = 0; i < kInputs; ++i)
            if (controls_[i]) bridge_.set(i, *controls_[i]);
        LV2_Atom_Forge_Frame sequence;
        lv2_atom_forge_set_buffer(&forge_, reinterpret_cast<uint8_t*>(out_), out_->atom.size);
        lv2_atom_forge_sequence_head(&forge_, &sequence, 0);
        const auto out = [this](uint32_t at, uint8_t status, uint8_t a, uint8_t b) {
            const uint8_t bytes[] = {status, a, b};
            if (forge_.size - forge_.offset < sizeof(LV2_Atom_Event) + 8) return false;
            lv2_atom_forge_frame_time(&forge_, at);
            lv2_atom_forge_atom(&forge_, sizeof bytes, uris_.midi);
            lv2_atom_forge_write(&forge_, bytes, sizeof bytes);
            return true;
        };
        bridge_.begin(out);
        uint32_t done = 0;
        LV2_ATOM_SEQUENCE_FOREACH(in_, event) {
            const uint32_t at = uint32_t(std::clamp<int64_t>(event->time.frames, done, frames));
            bridge_.advance(done, at, out);
            done = at;
            const uint32_t sample = std::min(at, frames ? frames - 1 : 0);
            const auto* object = reinterpret_cast<const LV2_Atom_Object*>(&event->body);
            if (event->body.type == uris_.midi)
                bridge_.midi(sample, reinterpret_cast<const uint8_t*>(event + 1), event->body.size, out);
            else if ((event->body.type == uris_.object || event->body.type == uris_.blank) &&
                     object->body.otype == uris_.position)
                bridge_.locate(where(object), sample, out);
        }
        bridge_.advance(done, frames, out);
        bridge_.end();
        lv2_atom_forge_pop(&forge_, &sequence);
        for (int i = kInputs; i < kParameters; ++i)
            if (controls_[i]) *controls_[i] = bridge_.get(i);
    }

private:
    double number(const LV2_Atom* atom, double otherwise) const {
        if (!atom) return otherwise;
        const void* body = atom + 1;
        double value = otherwise;
        if (atom->type == forge_.Float) value = *static_cast<const float*>(body);
        if (atom->type == forge_.Double) value = *static_cast<const double*>(body);
        if (atom->type == forge_.Int) value = *static_cast<const int32_t*>(body);
        if (atom->type == forge_.Long) value = double(*static_cast<const int64_t*>(body));
        return std::isfinite(value) ? value : otherwise;
    }

    // What the position does not say stays as it was.
    HostTime where(const LV2_Atom_Object* object) {
        const LV2_Atom *bar = nullptr, *bar_beat = nullptr, *unit = nullptr, *per_bar = nullptr,
                       *per_minute = nullptr, *speed = nullptr;
        lv2_atom_object_get(object, uris_.bar, &bar, uris_.bar_beat, &bar_beat, uris_.unit, &unit, uris_.per_bar,
                            &per_bar, uris_.per_minute, &per_minute, uris_.speed, &speed, 0);
        unit_ = std::clamp(number(unit, unit_), 1.0, 64.0);
        per_bar_ = std::clamp(number(per_bar, per_bar_), 0.25, 64.0);
        per_minute_ = std::clamp(number(per_minute, per_minute_), 1.0, 2000.0);
        speed_ = number(speed, speed_);
        const double quarter = 4 / unit_;
        HostTime time;
        time.playing = speed_ > 0;  // nobody plays music backwards
        time.tempo = std::clamp(per_minute_ * quarter * (speed_ > 0 ? speed_ : 1), 1.0, 2000.0);
        time.bar = std::clamp(per_bar_ * quarter, 0.25, 64.0);
        time.beat = bridge_.beat();
        if (bar && bar_beat) time.beat = (number(bar, 0) * per_bar_ + number(bar_beat, 0)) * quarter;
        return time;
    }

    Bridge bridge_;
    Uris uris_;
    LV2_Atom_Forge forge_;
    const LV2_Atom_Sequence* in_ = nullptr;
    LV2_Atom_Sequence* out_ = nullptr;
    float* controls_[kParameters] = {};
    double unit_ = 4, per_bar_ = 4, per_minute_ = 120, speed_ = 0;
};

LV2_Handle instantiate(const LV2_Descriptor*, double rate, const char*, const LV2_Feature* const* features) {
    for (; *features; ++features)
        if (!std::strcmp((*features)->URI, LV2_URID__map))
            return new Plugin(rate, static_cast<LV2_URID_Map*>((*features)->data));
    return nullptr;
}

const LV2_Descriptor kDescriptor = {
    SEQGEN_LV2_URI,
    instantiate,
    [](LV2_Handle plugin, uint32_t port, void* data) { static_cast<Plugin*>(plugin)->connect(port, data); },
    nullptr,
    [](LV2_Handle plugin, uint32_t frames) { static_cast<Plugin*>(plugin)->run(frames); },
    nullptr,
    [](LV2_Handle plugin) { delete static_cast<Plugin*>(plugin); },
    nullptr,
};

}  // namespace

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(uint32_t index) { return index ? nullptr : &kDescriptor; }
