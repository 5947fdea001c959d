// What a host shows: the one table that the LV2 description and the other formats are made from.
#pragma once

namespace seqgen {

enum Parameter {
    kModel, kBlend, kTemperature, kSeed, kRun, kCaptureA, kCaptureB, kCaptureBars,
    kLate, kConnected, kAhead,
    kParameters
};
constexpr int kInputs = kLate;  // those before are set by the host, the rest are told to it

enum class Kind { Real, Integer, Toggle, Trigger };

struct ParameterInfo {
    const char *symbol, *name;
    Kind kind;
    float standard, least, most;
};

constexpr ParameterInfo kInfo[kParameters] = {
    {"model", "Model", Kind::Integer, 0, 0, 15},
    {"position", "Position between A and B", Kind::Real, 0.5f, 0, 1},
    {"temperature", "Temperature", Kind::Real, 0.5f, 0, 4},
    {"seed", "Seed", Kind::Integer, 1, 0, 9999},
    {"run", "Run", Kind::Toggle, 1, 0, 1},
    {"capture_a", "Capture A", Kind::Trigger, 0, 0, 1},
    {"capture_b", "Capture B", Kind::Trigger, 0, 0, 1},
    {"capture_bars", "Capture bars", Kind::Integer, 2, 1, 16},
    {"late", "Late notes", Kind::Integer, 0, 0, 1000000},
    {"connected", "Connected", Kind::Toggle, 0, 0, 1},
    {"ahead", "Quarter notes ahead", Kind::Real, 0, 0, 1024},
};

}  // namespace seqgen
