// Leads JACK's transport through a change of tempo and writes what MIDI it hears, with the transport's frame.
//   jack_recorder SOURCE_PORT CHANGE_FRAME END_FRAME
// It connects to the source, says "ready", waits for a line, rolls to END_FRAME, and writes "m FRAME A B C".
// DPF's bridge finds libjack at run time, so that no header of JACK is needed.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "JackBridge.cpp"

static jack_client_t* client;
static jack_port_t* in;
static std::atomic<bool> done{false};
static uint32_t change, end;
static struct { uint32_t frame; uint8_t bytes[3]; } heard[20000];
static std::atomic<int> count{0};

static void timebase(jack_transport_state_t, jack_nframes_t, jack_position_t* at, int, void*) {
    const double rate = at->frame_rate, frame = at->frame;
    const double beat = frame <= change ? frame * 2 / rate : change * 2 / rate + (frame - change) * 1.5 / rate;
    at->beats_per_minute = frame < change ? 120 : 90;
    at->beats_per_bar = at->beat_type = 4;
    at->ticks_per_beat = 1920;
    at->bar = int(beat / 4) + 1;
    at->beat = int(std::fmod(beat, 4)) + 1;
    at->tick_double = std::fmod(beat, 1) * at->ticks_per_beat;
    at->tick = int(at->tick_double);
    at->bar_start_tick = (at->bar - 1) * 4 * at->ticks_per_beat;
    at->valid = jack_position_bits_t(JackPositionBBT | JackTickDouble);
}

static int process(jack_nframes_t frames, void*) {
    jack_position_t at;
    const bool rolling = jackbridge_transport_query(client, &at) == JackTransportRolling;
    void* buffer = jackbridge_port_get_buffer(in, frames);
    const uint32_t events = jackbridge_midi_get_event_count(buffer);
    for (uint32_t i = 0; rolling && i < events; ++i) {
        jack_midi_event_t event;
        if (!jackbridge_midi_event_get(&event, buffer, i) || event.size != 3 || count >= 20000) continue;
        auto& note = heard[count];
        note.frame = at.frame + event.time;
        for (int k = 0; k < 3; ++k) note.bytes[k] = event.buffer[k];
        ++count;
    }
    if (rolling && at.frame >= end) done = true;
    return 0;
}

int main(int arguments, char** argument) {
    if (arguments != 4) return 2;
    change = uint32_t(std::atoi(argument[2]));
    end = uint32_t(std::atoi(argument[3]));
    client = jackbridge_client_open("recorder", JackNoStartServer, nullptr);
    if (!client) return 3;
    in = jackbridge_port_register(client, "in", JACK_DEFAULT_MIDI_TYPE, JackPortIsInput, 0);
    jackbridge_set_process_callback(client, process, nullptr);
    jackbridge_set_timebase_callback(client, false, timebase, nullptr);
    jackbridge_activate(client);
    bool connected = false;
    for (int tries = 0; !connected && tries < 200; ++tries, usleep(100000))
        connected = jackbridge_connect(client, argument[1], "recorder:in");
    std::printf(connected ? "ready\n" : "no port %s\n", argument[1]);
    std::fflush(stdout);
    if (!connected || std::getchar() == EOF) return 4;
    jackbridge_transport_start(client);
    for (int tries = 0; !done && tries < 5000; ++tries) usleep(20000);
    jackbridge_transport_stop(client);
    for (int i = 0; i < count; ++i)
        std::printf("m %u %d %d %d\n", heard[i].frame, heard[i].bytes[0], heard[i].bytes[1], heard[i].bytes[2]);
    jackbridge_deactivate(client);
    jackbridge_client_close(client);
}
