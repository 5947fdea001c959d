// An LV2 host for one plugin, which counts what run() must not do: lv2_host BINARY < script
#include <dlfcn.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/midi/midi.h>
#include <lv2/time/time.h>
#include <lv2/urid/urid.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#include <cmath>
#include <cstdlib>

#include "script.h"

// These stand before the C library's, also for the plugin: the program exports its symbols.
static thread_local bool in_run = false;
static int heap_calls = 0, lock_calls = 0, system_calls = 0;

extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);
extern "C" void __libc_free(void*);

template <typename F>
static F real(const char* name, F) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define COUNT(counter) do { if (in_run) ++counter; } while (0)
#define PASS(counter, result, name, types, values)         \
    extern "C" result name types {                         \
        COUNT(counter);                                    \
        static const auto pass = real(#name, &name);       \
        return pass values;                                \
    }

extern "C" void* malloc(size_t size) { COUNT(heap_calls); return __libc_malloc(size); }
extern "C" void* calloc(size_t n, size_t size) { COUNT(heap_calls); return __libc_calloc(n, size); }
extern "C" void* realloc(void* p, size_t size) { COUNT(heap_calls); return __libc_realloc(p, size); }
extern "C" void free(void* p) { if (p) COUNT(heap_calls); __libc_free(p); }
PASS(lock_calls, int, pthread_mutex_lock, (pthread_mutex_t* m), (m))
PASS(lock_calls, int, pthread_mutex_trylock, (pthread_mutex_t* m), (m))
PASS(lock_calls, int, pthread_cond_signal, (pthread_cond_t* c), (c))
PASS(lock_calls, int, pthread_cond_broadcast, (pthread_cond_t* c), (c))
PASS(lock_calls, int, pthread_rwlock_rdlock, (pthread_rwlock_t* l), (l))
PASS(lock_calls, int, pthread_rwlock_wrlock, (pthread_rwlock_t* l), (l))
PASS(lock_calls, int, sem_post, (sem_t* s), (s))
PASS(lock_calls, int, sem_wait, (sem_t* s), (s))
PASS(system_calls, int, socket, (int a, int b, int c), (a, b, c))
PASS(system_calls, int, connect, (int s, const sockaddr* a, socklen_t n), (s, a, n))
PASS(system_calls, ssize_t, send, (int s, const void* p, size_t n, int f), (s, p, n, f))
PASS(system_calls, ssize_t, recv, (int s, void* p, size_t n, int f), (s, p, n, f))
PASS(system_calls, ssize_t, write, (int s, const void* p, size_t n), (s, p, n))
PASS(system_calls, ssize_t, read, (int s, void* p, size_t n), (s, p, n))
PASS(system_calls, int, poll, (pollfd* p, nfds_t n, int t), (p, n, t))
PASS(system_calls, int, close, (int s), (s))
PASS(system_calls, int, usleep, (useconds_t t), (t))

static std::vector<std::string> uris;
static LV2_URID to_number(LV2_URID_Map_Handle, const char* uri) {
    for (size_t i = 0; i < uris.size(); ++i)
        if (uris[i] == uri) return LV2_URID(i + 1);
    uris.push_back(uri);
    return LV2_URID(uris.size());
}
static LV2_URID urid(const char* uri) { return to_number(nullptr, uri); }

constexpr int kControls = 23, kLate = 20, kConnected = 21;  // of the plugin, after its two ports of events

class Lv2 : public Format {
public:
    explicit Lv2(const char* binary) {
        void* library = dlopen(binary, RTLD_NOW);
        if (!library) std::fprintf(stderr, "%s\n", dlerror()), std::exit(2);
        using Get = const LV2_Descriptor* (*)(uint32_t);
        plugin_ = reinterpret_cast<Get>(dlsym(library, "lv2_descriptor"))(0);
        const LV2_Feature feature = {LV2_URID__map, &map_};
        const LV2_Feature* const features[] = {&feature, nullptr};
        handle_ = plugin_->instantiate(plugin_, kRate, ".", features);
        const float standard[kControls] = {0, 0.5f, 0.5f, 1, 1, 0, 0, 2};  // the rest is 0
        std::memcpy(controls_, standard, sizeof standard);
        plugin_->connect_port(handle_, 0, in_);
        plugin_->connect_port(handle_, 1, out_);
        for (int i = 0; i < kControls; ++i) plugin_->connect_port(handle_, uint32_t(2 + i), &controls_[i]);
        lv2_atom_forge_init(&forge_, &map_);
    }
    ~Lv2() override { plugin_->cleanup(handle_); }

    void set(int index, double value) override { controls_[index] = float(value); }
    double get(int index) override { return controls_[index]; }
    bool splits() const override { return false; }

    std::vector<Midi> process(uint32_t frames, const std::vector<Clock>& clocks,
                              const std::vector<Midi>& in) override {
        LV2_Atom_Forge_Frame sequence;
        lv2_atom_forge_set_buffer(&forge_, in_, sizeof in_);
        lv2_atom_forge_sequence_head(&forge_, &sequence, 0);
        for (const Clock& clock : clocks) put(clock);
        for (const Midi& midi : in) {
            lv2_atom_forge_frame_time(&forge_, midi.offset);
            lv2_atom_forge_atom(&forge_, 3, urid(LV2_MIDI__MidiEvent));
            lv2_atom_forge_write(&forge_, midi.bytes, 3);
        }
        lv2_atom_forge_pop(&forge_, &sequence);
        auto* out = reinterpret_cast<LV2_Atom_Sequence*>(out_);
        out->atom.size = sizeof out_ - sizeof(LV2_Atom);
        in_run = true;
        plugin_->run(handle_, frames);
        in_run = false;
        std::vector<Midi> heard;
        LV2_ATOM_SEQUENCE_FOREACH(out, event) {
            Midi midi{uint32_t(event->time.frames), {}};
            std::memcpy(midi.bytes, event + 1, 3);
            heard.push_back(midi);
        }
        return heard;
    }

    std::string stats() override {
        char text[200];
        std::snprintf(text, sizeof text, "heap %d locks %d system %d late %g connected %g", heap_calls, lock_calls,
                      system_calls, double(controls_[kLate]), double(controls_[kConnected]));
        return text;
    }

private:
    // A position as hosts write it: bars as a whole number, the beat in them in single precision.
    void put(const Clock& clock) {
        LV2_Atom_Forge_Frame object;
        lv2_atom_forge_frame_time(&forge_, clock.offset);
        lv2_atom_forge_object(&forge_, &object, 0, urid(LV2_TIME__Position));
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__speed));
        lv2_atom_forge_float(&forge_, clock.playing);
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__bar));
        lv2_atom_forge_long(&forge_, int64_t(std::floor(clock.beat / 4)));
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__barBeat));
        lv2_atom_forge_float(&forge_, float(clock.beat - 4 * std::floor(clock.beat / 4)));
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__beatUnit));
        lv2_atom_forge_int(&forge_, 4);
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__beatsPerBar));
        lv2_atom_forge_float(&forge_, 4);
        lv2_atom_forge_key(&forge_, urid(LV2_TIME__beatsPerMinute));
        lv2_atom_forge_float(&forge_, float(clock.tempo));
        lv2_atom_forge_pop(&forge_, &object);
    }

    LV2_URID_Map map_ = {nullptr, to_number};
    const LV2_Descriptor* plugin_;
    LV2_Handle handle_;
    LV2_Atom_Forge forge_;
    alignas(8) uint8_t in_[8192];
    alignas(8) uint8_t out_[65536];
    float controls_[kControls];
};

int main(int count, char** arguments) {
    if (count != 2) return 2;
    Lv2 plugin(arguments[1]);
    return Script(plugin).follow();
}
