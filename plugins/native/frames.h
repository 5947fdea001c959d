// The binary messages between the service and the plugin, version 1: seqgen/serve/frames.py in C++.
// A frame is a Header and a payload. Everything is little-endian, and so must this machine be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace seqgen {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian");

constexpr uint16_t kVersion = 1;
constexpr uint32_t kMostBytes = 1 << 20;  // of a payload

constexpr uint16_t kHello = 1, kPosition = 2, kSettings = 3, kClip = 4;
constexpr uint16_t kWelcome = 16, kNote = 17, kStatus = 18;
constexpr uint32_t kTokenBytes = 64;
constexpr uint32_t kReady = 0, kLoading = 1, kBusy = 2, kError = 3;  // codes of STATUS

struct Header {
    uint16_t kind, version;
    uint32_t size;
};

struct NoteRecord {
    uint32_t epoch;
    uint8_t channel, pitch, velocity, zero;
    double beat, duration;  // quarter notes
};

struct PositionRecord {
    uint32_t epoch, playing;
    double beat, tempo, bar;  // quarter notes, quarter notes a minute, quarter notes in a bar
};

struct SettingsRecord {
    uint32_t model, run, seed;
    float position, temperature;  // then a SliderRecord for each attribute that is moved
};

struct SliderRecord {
    char name[28];  // of the attribute, filled up with zeros
    float amount;   // standard deviations
};

struct ClipRecord {
    uint32_t slot, count;  // then the notes
};

static_assert(sizeof(Header) == 8 && sizeof(NoteRecord) == 24 && sizeof(PositionRecord) == 32);
static_assert(sizeof(SettingsRecord) == 20 && sizeof(SliderRecord) == 32 && sizeof(ClipRecord) == 8);
static_assert(std::is_trivially_copyable_v<NoteRecord>);

}  // namespace seqgen
