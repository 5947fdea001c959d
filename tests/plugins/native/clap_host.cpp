// A CLAP host for one plugin: clap_host BINARY < script. Its headers are those that DPF brings.
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "clap/entry.h"
#include "clap/events.h"
#include "clap/ext/params.h"
#include "clap/plugin-factory.h"
#include "clap/process.h"
#include "script.h"

static std::vector<Midi> heard;

static bool push(const clap_output_events_t*, const clap_event_header_t* event) {
    if (event->type != CLAP_EVENT_MIDI) return true;
    const auto* midi = reinterpret_cast<const clap_event_midi_t*>(event);
    heard.push_back({event->time, {midi->data[0], midi->data[1], midi->data[2]}});
    return true;
}

class Clap : public Format {
public:
    explicit Clap(const char* binary) {
        void* library = dlopen(binary, RTLD_NOW);
        if (!library) std::fprintf(stderr, "%s\n", dlerror()), std::exit(2);
        const auto* entry = static_cast<const clap_plugin_entry_t*>(dlsym(library, "clap_entry"));
        entry->init(binary);
        const auto* factory = static_cast<const clap_plugin_factory_t*>(entry->get_factory(CLAP_PLUGIN_FACTORY_ID));
        plugin_ = factory->create_plugin(factory, &host_, factory->get_plugin_descriptor(factory, 0)->id);
        if (!plugin_ || !plugin_->init(plugin_)) std::exit(2);
        parameters_ = static_cast<const clap_plugin_params_t*>(plugin_->get_extension(plugin_, CLAP_EXT_PARAMS));
        plugin_->activate(plugin_, kRate, 1, 4096);
        plugin_->start_processing(plugin_);
    }
    ~Clap() override {
        plugin_->stop_processing(plugin_);
        plugin_->deactivate(plugin_);
        plugin_->destroy(plugin_);
    }

    void set(int index, double value) override {
        clap_event_param_value_t event{};
        event.header = {sizeof event, 0, 0, CLAP_EVENT_PARAM_VALUE, 0};
        event.param_id = id(index);
        event.note_id = event.port_index = event.channel = event.key = -1;
        event.value = value;
        changes_.push_back(event);
    }
    double get(int index) override {
        double value = 0;
        parameters_->get_value(plugin_, id(index), &value);
        return value;
    }
    bool splits() const override { return true; }

    std::vector<Midi> process(uint32_t frames, const std::vector<Clock>& clocks,
                              const std::vector<Midi>& played) override {
        played_.clear();
        for (const Midi& midi : played)
            played_.push_back({{sizeof(clap_event_midi_t), midi.offset, 0, CLAP_EVENT_MIDI, 0},
                               0, {midi.bytes[0], midi.bytes[1], midi.bytes[2]}});
        const Clock& clock = clocks.front();
        clap_event_transport_t transport{};
        transport.header = {sizeof transport, 0, 0, CLAP_EVENT_TRANSPORT, 0};
        transport.flags = CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_BEATS_TIMELINE |
                          CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
        if (clock.playing) transport.flags |= CLAP_TRANSPORT_IS_PLAYING;
        transport.song_pos_beats = clap_beattime(clock.beat * CLAP_BEATTIME_FACTOR + 0.5);
        transport.tempo = clock.tempo;
        transport.tsig_num = transport.tsig_denom = 4;
        const clap_input_events_t in = {
            this, [](const clap_input_events_t* list) {
                return uint32_t(self(list).changes_.size() + self(list).played_.size());
            },
            [](const clap_input_events_t* list, uint32_t i) -> const clap_event_header_t* {
                const size_t changes = self(list).changes_.size();
                return i < changes ? &self(list).changes_[i].header : &self(list).played_[i - changes].header;
            }};
        const clap_output_events_t out = {nullptr, push};
        clap_process_t block{};
        block.steady_time = -1;
        block.frames_count = frames;
        block.transport = &transport;
        block.in_events = &in;
        block.out_events = &out;
        heard.clear();
        plugin_->process(plugin_, &block);
        changes_.clear();
        return heard;
    }

    std::string stats() override { return "late " + std::to_string(int(get(20))); }

private:
    static Clap& self(const clap_input_events_t* list) { return *static_cast<Clap*>(list->ctx); }
    clap_id id(int index) {
        clap_param_info_t info;
        for (uint32_t i = 0; i < parameters_->count(plugin_); ++i)
            if (parameters_->get_info(plugin_, i, &info) && names_[index] == std::string(info.name)) return info.id;
        std::fprintf(stderr, "no parameter %s\n", names_[index]);
        std::exit(2);
    }

    static constexpr const char* names_[23] = {
        "Model", "Position between A and B", "Temperature", "Seed", "Run", "Capture A", "Capture B",
        "Capture bars", "Note density", "Pitch range", "Mean pitch", "Mean interval", "Syncopation 8th",
        "Syncopation 16th", "Diatonicity", "Repetition", "Rest share", "Contour direction", "Simultaneity",
        "Cymbal share", "Late notes", "Connected", "Quarter notes ahead"};
    clap_host_t host_ = {CLAP_VERSION_INIT, nullptr, "test", "test", "", "1",
                         [](const clap_host_t*, const char*) -> const void* { return nullptr; },
                         [](const clap_host_t*) {}, [](const clap_host_t*) {}, [](const clap_host_t*) {}};
    const clap_plugin_t* plugin_;
    const clap_plugin_params_t* parameters_;
    std::vector<clap_event_param_value_t> changes_;
    std::vector<clap_event_midi_t> played_;
};

int main(int count, char** arguments) {
    if (count != 2) return 2;
    Clap plugin(arguments[1]);
    return Script(plugin).follow();
}
