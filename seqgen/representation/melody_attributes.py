"""Ten numbers that say what a melody is like: attributes, of windows of melody tokens.

N windows, T steps. Every function takes tokens [N, T] of `melody` (0 holds, 1 ends a note, 2 + k begins one)
to numbers [N], for all windows at once. An attribute of notes that are not there (the mean pitch of silence)
is NaN: what is undefined is not 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from seqgen.representation.melody import FIRST_ONSET, NOTE_OFF, PITCH_OFFSET
from seqgen.representation.timeline import STEPS_PER_BAR

STEPS_PER_BEAT = 4
Tokens = Integer[np.ndarray, "N T"]
Numbers = Float[np.ndarray, " N"]

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""how well each degree fits a key: the probe tone ratings of Krumhansl and Kessler 1982, table 1"""
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
"""degrees of major and of natural minor"""


def note_density(tokens: Tokens) -> Numbers:
    """Onsets a bar (Roberts et al. 2018, section 5.3, have them a step)."""
    return onsets(tokens).sum(1) * STEPS_PER_BAR / tokens.shape[1]


def pitch_range(tokens: Tokens) -> Numbers:
    """Semitones from the lowest to the highest note."""
    pitch = pitches(tokens)
    some = onsets(tokens).any(1)
    highest = np.where(onsets(tokens), pitch, -np.inf).max(1)
    lowest = np.where(onsets(tokens), pitch, np.inf).min(1)
    return np.where(some, highest - lowest, np.nan)


def mean_pitch(tokens: Tokens) -> Numbers:
    """Mean MIDI pitch of the notes; each counts once, however long."""
    return _mean(pitches(tokens), onsets(tokens))


def mean_interval(tokens: Tokens) -> Numbers:
    """Mean size, in semitones, of the intervals from each note to the next."""
    step, there = _intervals(tokens)
    return _mean(np.abs(step), there)


def syncopation_8th(tokens: Tokens) -> Numbers:
    """Onsets a bar on the second eighth of a beat without an onset on the first."""
    return syncopation(onsets(tokens), STEPS_PER_BEAT, STEPS_PER_BEAT // 2)


def syncopation_16th(tokens: Tokens) -> Numbers:
    """Onsets a bar on the second sixteenth of an eighth without an onset on the first."""
    return syncopation(onsets(tokens), 2, 1)


def diatonicity(tokens: Tokens) -> Numbers:
    """Share of the notes that belong to the scale of the estimated key.

    The key is the one of 24 whose profile correlates most with how long each pitch class sounds (Krumhansl
    1990, chapter 4); of minor keys the natural scale counts.
    """
    some = onsets(tokens)
    row, column = np.nonzero(some)
    pitch_class = (tokens[row, column] + PITCH_OFFSET) % 12
    weight = np.zeros((len(tokens), 12))
    np.add.at(weight, (row, pitch_class), durations(tokens)[row, column])
    inside = _scales()[keys(weight)]
    counted = np.zeros(len(tokens))
    np.add.at(counted, row, inside[row, pitch_class])
    return over(counted, some.sum(1))


def repetition(tokens: Tokens) -> Numbers:
    """How much of each bar's rhythm was there before: in the most alike of the bars before it, on average.

    Two bars are as alike as the share of the steps on which both have an onset, of all on which either has
    one (Jaccard); silent bars have no part in it. Pitches do not count.
    """
    bar = onsets(tokens).reshape(len(tokens), -1, STEPS_PER_BAR)
    total, count = np.zeros(len(tokens)), np.zeros(len(tokens))
    for late in range(1, bar.shape[1]):
        now, before = bar[:, late : late + 1], bar[:, :late]
        either, both = (now | before).sum(2), (now & before).sum(2)
        plays = now.any((1, 2))
        total += np.where(plays, (both / np.maximum(either, 1)).max(1), 0)
        count += plays
    return over(total, count)


def rest_share(tokens: Tokens) -> Numbers:
    """Share of the steps at which nothing sounds."""
    return 1 - sounding(tokens).mean(1)


def contour_direction(tokens: Tokens) -> Numbers:
    """Whether it rises (up to 1) or falls (down to -1): how its pitches correlate with their times.

    A melody of one pitch has 0.
    """
    some = onsets(tokens)
    time = _centred(np.broadcast_to(np.arange(tokens.shape[1], dtype=np.float64), tokens.shape), some)
    pitch = _centred(pitches(tokens), some)
    scale = np.sqrt((time**2).sum(1) * (pitch**2).sum(1))
    flat = np.where(some.sum(1) > 1, 0.0, np.nan)
    return np.divide((time * pitch).sum(1), scale, out=flat, where=scale > 1e-9)


def onsets(tokens: Tokens) -> Bool[np.ndarray, "N T"]:
    return tokens >= FIRST_ONSET


def pitches(tokens: Tokens) -> Float[np.ndarray, "N T"]:
    """MIDI pitches where notes begin, NaN elsewhere."""
    return np.where(onsets(tokens), tokens + PITCH_OFFSET, np.nan)


def sounding(tokens: Tokens) -> Bool[np.ndarray, "N T"]:
    """Steps at which a note of the window sounds."""
    last = np.maximum.accumulate(np.where(tokens > 0, np.arange(tokens.shape[1]), -1), axis=1)
    begun = np.take_along_axis(tokens, np.maximum(last, 0), 1)
    return (last >= 0) & (begun != NOTE_OFF)


def durations(tokens: Tokens) -> Int[np.ndarray, "N T"]:
    """Steps that each note sounds, where it begins; 0 elsewhere."""
    size = tokens.shape[1]
    place = np.where(tokens > 0, np.arange(size), size)
    following = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    end = np.concatenate([following[:, 1:], np.full((len(tokens), 1), size)], 1)
    return np.where(onsets(tokens), end - np.arange(size), 0)


def keys(weight: Float[np.ndarray, "N 12"]) -> Int[np.ndarray, " N"]:
    """The most likely key of pitch class weights: 0 to 11 major from C on, 12 to 23 minor."""
    profile = np.array([np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)])
    centred = profile - profile.mean(1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    return ((weight - weight.mean(1, keepdims=True)) @ centred.T).argmax(1)


def _scales() -> Bool[np.ndarray, "24 12"]:
    table = np.zeros((24, 12), bool)
    for mode, degrees in enumerate(SCALES):
        for tonic in range(12):
            table[12 * mode + tonic, [(tonic + degree) % 12 for degree in degrees]] = True
    return table


def syncopation(some: Bool[np.ndarray, "N T"], unit: int, late: int) -> Numbers:
    """Onsets a bar that are `late` steps after a multiple of `unit` steps on which there is none."""
    weak, strong = some[:, late::unit], some[:, ::unit]
    return (weak & ~strong).sum(1) * STEPS_PER_BAR / some.shape[1]


def _intervals(tokens: Tokens) -> tuple[Float[np.ndarray, "N T"], Bool[np.ndarray, "N T"]]:
    """Semitones from the note before to the one that begins at each step, and where there are both."""
    some, pitch = onsets(tokens), pitches(tokens)
    last = np.maximum.accumulate(np.where(some, np.arange(tokens.shape[1]), -1), axis=1)
    before = np.concatenate([np.full((len(tokens), 1), -1), last[:, :-1]], 1)
    there = some & (before >= 0)
    return np.where(there, pitch - np.take_along_axis(pitch, np.maximum(before, 0), 1), 0), there


def _mean(values: Float[np.ndarray, "N T"], there: Bool[np.ndarray, "N T"]) -> Numbers:
    return over(np.where(there, values, 0).sum(1), there.sum(1))


def _centred(values: Float[np.ndarray, "N T"], there: Bool[np.ndarray, "N T"]) -> Float[np.ndarray, "N T"]:
    """The values that are there, less their mean; 0 elsewhere."""
    return np.where(there, values - _mean(values, there)[:, None], 0)


def over(total: np.ndarray, count: np.ndarray, empty: float = np.nan) -> Numbers:
    """total / count, both [N]; `empty` where there is nothing to count."""
    return np.divide(total, count, out=np.full(len(total), empty), where=np.asarray(count) > 0)
