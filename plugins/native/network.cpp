#include "network.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "service.h"

namespace seqgen {
namespace {

constexpr double kHorizon = 16;         // quarter notes ahead of which nothing is taken; at least four bars
constexpr int kTick = 3;                // milliseconds between looks at the audio thread
constexpr double kTell = 0.05;          // seconds between positions
constexpr double kPatience = 1;         // seconds to say WELCOME, or to take what we say
constexpr double kBetween = 0.3;        // seconds between tries
constexpr uint32_t kMostHeard = 1 << 16;  // bytes of a payload; a WELCOME is the longest

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// SETTINGS, with those sliders that are not at 0.
std::vector<uint8_t> settings_of(const std::atomic<float> (&from)[kInputs]) {
    const SettingsRecord head{uint32_t(from[kModel]), from[kRun] > 0.5f, uint32_t(from[kSeed]), from[kBlend],
                              from[kTemperature]};
    std::vector<uint8_t> payload(sizeof head);
    std::memcpy(payload.data(), &head, sizeof head);
    for (int i = kFirstSlider; i < kFirstSlider + kSliders; ++i) {
        SliderRecord slider{"", from[i]};
        if (slider.amount == 0) continue;
        std::memcpy(slider.name, kInfo[i].symbol, std::strlen(kInfo[i].symbol));
        const auto* bytes = reinterpret_cast<const uint8_t*>(&slider);
        payload.insert(payload.end(), bytes, bytes + sizeof slider);
    }
    return payload;
}

}  // namespace

Network::Network(Shared& shared) : shared_(shared), thread_([this] { run(); }) {}

Network::~Network() {
    stop_ = true;
    thread_.join();
}

void Network::run() {
    while (!stop_) {
        if (const int socket = dial(); socket >= 0) {
            converse(socket);
            shared_.connected = false;
            close(socket);
        }
        const double again = now() + kBetween;
        while (!stop_ && now() < again) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// One connection, until it breaks or says what it should not.
void Network::converse(int socket) {
    const std::string secret = token();
    if (secret.empty() || !send_frame(socket, kHello, secret.data(), kTokenBytes)) return;
    heard_.clear();
    settings_.clear();  // nothing is told yet
    told_at_ = 0;
    floor_ = last_;  // what is queued stays, and comes once
    bool clips = false;
    const double deadline = now() + kPatience;
    while (!stop_) {
        if (!hear(socket)) return;
        if (!shared_.connected) {
            if (now() > deadline) return;
            continue;
        }
        if (!clips) {
            for (uint32_t slot : {0, 1})
                if (has_[slot] && !send_clip(socket, slot)) return;
            clips = true;
        }
        if (!tell(socket)) return;
    }
}

// What is new to the service: clips and settings first, so that a position finds them.
bool Network::tell(int socket) {
    for (uint32_t slot : {0, 1}) {
        if (const Clip* clip = shared_.clips[slot].to_empty()) {
            sent_[slot] = *clip;
            has_[slot] = true;
            shared_.clips[slot].emptied();
            if (!send_clip(socket, slot)) return false;
        }
    }
    if (std::vector<uint8_t> settings = settings_of(shared_.inputs); settings != settings_) {
        settings_ = std::move(settings);
        if (!send_frame(socket, kSettings, settings_.data(), uint32_t(settings_.size()))) return false;
    }
    const Place place = shared_.place.read();
    if (place.bar <= 0) return true;  // the audio thread has not run yet
    const bool news = place.epoch != told_.epoch || place.playing != told_.playing;
    if (news || now() - told_at_ >= kTell) {
        told_ = place;
        told_at_ = now();
        const PositionRecord position{place.epoch, place.playing, place.beat, place.tempo, place.bar};
        if (!send_frame(socket, kPosition, &position, sizeof position)) return false;
    }
    return true;
}

bool Network::send_clip(int socket, uint32_t slot) {
    const Clip& clip = sent_[slot];
    std::vector<uint8_t> payload(sizeof(ClipRecord) + clip.count * sizeof(NoteRecord));
    const ClipRecord head{slot, clip.count};
    std::memcpy(payload.data(), &head, sizeof head);
    std::memcpy(payload.data() + sizeof head, clip.notes.data(), clip.count * sizeof(NoteRecord));
    return send_frame(socket, kClip, payload.data(), uint32_t(payload.size()));
}

bool Network::send_frame(int socket, uint16_t kind, const void* payload, uint32_t size) {
    std::vector<uint8_t> bytes(sizeof(Header) + size);
    const Header header{kind, kVersion, size};
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, payload, size);
#ifdef MSG_NOSIGNAL
    const int flags = MSG_NOSIGNAL;
#else
    const int flags = 0;
#endif
    const double deadline = now() + kPatience;
    for (size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = send(socket, bytes.data() + sent, bytes.size() - sent, flags);
        if (count > 0) {
            sent += size_t(count);
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        } else if (stop_ || now() > deadline) {
            return false;
        } else {
            pollfd wait{socket, POLLOUT, 0};
            poll(&wait, 1, 10);
        }
    }
    return true;
}

// Wait a tick for what the service says; false if it has gone or makes no sense.
bool Network::hear(int socket) {
    pollfd wait{socket, POLLIN, 0};
    if (poll(&wait, 1, kTick) <= 0) return true;
    uint8_t bytes[16384];
    const ssize_t count = recv(socket, bytes, sizeof bytes, 0);
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (count == 0) return false;
    heard_.insert(heard_.end(), bytes, bytes + count);
    return take_frames();
}

bool Network::take_frames() {
    size_t done = 0;
    while (heard_.size() - done >= sizeof(Header)) {
        Header header;
        std::memcpy(&header, heard_.data() + done, sizeof header);
        const bool welcome = header.kind == kWelcome, status = header.kind == kStatus;
        const bool note = header.kind == kNote && header.size == sizeof(NoteRecord) && shared_.connected;
        if (header.version != kVersion || header.size > kMostHeard || !(welcome || status || note)) return false;
        if (heard_.size() - done < sizeof header + header.size) break;
        if (welcome) shared_.connected = true;
        if (note) {
            NoteRecord record;
            std::memcpy(&record, heard_.data() + done + sizeof header, sizeof record);
            take_note(record);
        }
        done += sizeof header + header.size;
    }
    heard_.erase(heard_.begin(), heard_.begin() + ptrdiff_t(done));
    return true;
}

void Network::take_note(const NoteRecord& note) {
    const Place place = shared_.place.read();
    const bool sound = note.channel < 16 && note.pitch < 128 && note.velocity >= 1 && note.velocity < 128 &&
                       std::isfinite(note.beat) && note.duration > 0 && note.duration < 40000;
    const bool current = uint32_t(note.epoch - place.line) <= uint32_t(place.epoch - place.line);
    const double horizon = std::max(kHorizon, 4 * place.bar);
    if (!sound || !current || note.beat > place.beat + horizon || note.beat < place.covered) return;
    if (place.line != line_) {
        line_ = place.line;
        epoch_ = note.epoch;
        last_ = floor_ = -HUGE_VAL;
    } else if (note.epoch != epoch_) {
        if (int32_t(note.epoch - epoch_) < 0) return;
        epoch_ = note.epoch;
        floor_ = last_;  // the service begins again at each epoch: what this line has had, it has
    }
    if (note.beat <= floor_ || note.beat < last_) return;
    if (note.beat < place.beat - kRounding || !shared_.queue.push(note)) {
        ++shared_.late;
        return;
    }
    last_ = note.beat;
}

}  // namespace seqgen
