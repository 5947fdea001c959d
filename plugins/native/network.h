// The thread that talks to the service: over TCP, on this machine only, again within a second when it is lost.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "capture.h"
#include "frames.h"
#include "parameters.h"
#include "player.h"
#include "queue.h"

namespace seqgen {

// All that the audio thread and the network thread have in common.
struct Shared {
    Shared() {
        for (int i = 0; i < kInputs; ++i) inputs[i] = kInfo[i].standard;
    }

    NoteQueue queue;
    Latest<Place> place;
    std::atomic<float> inputs[kInputs];  // as in parameters.h
    Box<Clip> clips[2];
    std::atomic<bool> connected{false};
    std::atomic<uint32_t> late{0};  // came after their beat
};

class Network {
public:
    explicit Network(Shared& shared);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

private:
    void run();
    void converse(int socket);
    bool tell(int socket);
    bool send_frame(int socket, uint16_t kind, const void* payload, uint32_t size);
    bool send_clip(int socket, uint32_t slot);
    bool hear(int socket);
    bool take_frames();
    void take_note(const NoteRecord& note);

    Shared& shared_;
    std::vector<uint8_t> heard_;  // bytes of frames that have not come whole
    uint32_t line_ = 0;           // of the last note taken
    uint32_t epoch_ = 0;
    double last_ = -HUGE_VAL;   // beat of the last note taken on this line
    double floor_ = -HUGE_VAL;  // notes of this epoch come after it
    Clip sent_[2];          // the clips as the service knows them, or should
    bool has_[2] = {};
    std::vector<uint8_t> settings_;  // as they were told last
    Place told_;
    double told_at_ = 0;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace seqgen
