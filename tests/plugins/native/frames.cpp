// Says what frames.h says: constants, and each record in the bytes that go over the wire.
#include "frames.h"

#include <cstdio>

using namespace seqgen;

template <typename T>
static void bytes(const char* name, const T& record) {
    std::printf("%s ", name);
    for (size_t i = 0; i < sizeof record; ++i)
        std::printf("%02x", reinterpret_cast<const unsigned char*>(&record)[i]);
    std::printf("\n");
}

int main() {
    const struct { const char* name; unsigned value; } constants[] = {
        {"VERSION", kVersion}, {"MOST_BYTES", kMostBytes}, {"TOKEN_BYTES", kTokenBytes}, {"HELLO", kHello},
        {"POSITION", kPosition}, {"SETTINGS", kSettings}, {"CLIP", kClip}, {"WELCOME", kWelcome},
        {"NOTE", kNote}, {"STATUS", kStatus}, {"READY", kReady}, {"LOADING", kLoading}, {"BUSY", kBusy},
        {"ERROR", kError}};
    for (const auto& constant : constants) std::printf("%s %u\n", constant.name, constant.value);
    bytes("header", Header{kNote, kVersion, sizeof(NoteRecord)});
    bytes("note", NoteRecord{1, 2, 3, 4, 0, 5.5, 6.25});
    bytes("position", PositionRecord{1, 1, 2.5, 120, 4});
    bytes("settings", SettingsRecord{1, 1, 3, 0.25f, 0.75f});
    bytes("slider", SliderRecord{"note_density", -1.5f});
    bytes("clip", ClipRecord{1, 2});
}
