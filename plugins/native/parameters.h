// What a host shows: the one table that the LV2 description and the other formats are made from.
#pragma once

namespace seqgen {

constexpr int kSliders = 12;

enum Parameter {
    kModel, kBlend, kTemperature, kSeed, kRun, kCaptureA, kCaptureB, kCaptureBars,
    kFirstSlider,
    kLate = kFirstSlider + kSliders, kConnected, kAhead,
    kParameters
};
constexpr int kInputs = kLate;  // those before are set by the host, the rest are told to it

enum class Kind { Real, Integer, Toggle, Trigger, Slider };

struct ParameterInfo {
    const char *symbol, *name;
    Kind kind;
    float standard, least, most;
    const char* about = "";
};

constexpr float kFurthest = 3;  // standard deviations

constexpr ParameterInfo slider(const char* symbol, const char* name, const char* about) {
    return {symbol, name, Kind::Slider, 0, -kFurthest, kFurthest, about};
}

// The symbols of sliders are the names of the attributes, in the order of seqgen/tasks/sliders.py.
constexpr ParameterInfo kInfo[kParameters] = {
    {"model", "Model", Kind::Integer, 0, 0, 15},
    {"position", "Position between A and B", Kind::Real, 0.5f, 0, 1},
    {"temperature", "Temperature", Kind::Real, 0.5f, 0, 4},
    {"seed", "Seed", Kind::Integer, 1, 0, 9999},
    {"run", "Run", Kind::Toggle, 1, 0, 1},
    {"capture_a", "Capture A", Kind::Trigger, 0, 0, 1},
    {"capture_b", "Capture B", Kind::Trigger, 0, 0, 1},
    {"capture_bars", "Capture bars", Kind::Integer, 2, 1, 16},
    slider("note_density", "Note density", "onsets a bar"),
    slider("pitch_range", "Pitch range", "melody: from the lowest to the highest note"),
    slider("mean_pitch", "Mean pitch", "melody: how high it lies"),
    slider("mean_interval", "Mean interval", "melody: steps or leaps"),
    slider("syncopation_8th", "Syncopation 8th",
           "onsets on the second eighth of a beat where its first has none"),
    slider("syncopation_16th", "Syncopation 16th",
           "onsets on the second sixteenth of an eighth where its first has none"),
    slider("diatonicity", "Diatonicity", "melody: share of the notes that are in the estimated key"),
    slider("repetition", "Repetition", "how much of a bar was in a bar before"),
    slider("rest_share", "Rest share", "melody: share of the time that is silent"),
    slider("contour_direction", "Contour direction", "melody: falls or rises"),
    slider("simultaneity", "Simultaneity", "drums: how many are hit together"),
    slider("cymbal_share", "Cymbal share", "drums: share of the hits that are on hi-hats and cymbals"),
    {"late", "Late notes", Kind::Integer, 0, 0, 1000000},
    {"connected", "Connected", Kind::Toggle, 0, 0, 1},
    {"ahead", "Quarter notes ahead", Kind::Real, 0, 0, 1024},
};

}  // namespace seqgen
