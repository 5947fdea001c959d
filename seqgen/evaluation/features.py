"""A window of one voice or of drums as a row of numbers that a musician would recognise.

Distances between sets of windows (`frechet`, `two_sample`, `overlap`) are measured on these. Shares are of 0
to 1, pitches and intervals in semitones. None of them knows in which order the bars stand, but for the
similarity of each bar to the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.keys import estimate_keys
from seqgen.representation.drum_map import DRUM_CLASSES
from seqgen.representation.melody import FIRST_ONSET, NOTE_OFF, PITCH_OFFSET
from seqgen.representation.timeline import STEPS_PER_BAR, STEPS_PER_QUARTER


class Features(NamedTuple):
    """Of N windows."""

    names: tuple[str, ...]
    values: np.ndarray
    """[N, F]"""

    def columns(self, prefix: str) -> np.ndarray:
        """The features whose names begin so, [N, K]: a histogram, or the one feature of that name."""
        return self.values[:, [name.startswith(prefix) for name in self.names]]


def melody_features(tokens: np.ndarray) -> Features:
    """24 features of melodies [N, T]; 23 of those of one bar.

    The pitch-class histogram is of sounding time, from the tonic of the estimated key (`keys`) up.
    """
    token = tokens.astype(np.int64)
    onset = token >= FIRST_ONSET
    sounding = sounding_pitch(token)
    durations = np.stack([((sounding % 12 == pc) & (sounding > 0)).sum(axis=1) for pc in range(12)], axis=1)
    tonic, _ = estimate_keys(durations.astype(np.float64))
    total = np.maximum(durations.sum(axis=1, keepdims=True), 1)
    histogram = np.take_along_axis(durations, (tonic[:, None] + np.arange(12)) % 12, axis=1) / total
    named = {
        "onsets a bar": onset.sum(axis=1) * STEPS_PER_BAR / token.shape[1],
        **_pitches(token, onset),
        "rest share": (sounding == 0).mean(axis=1),
        **_places(onset),
        **{f"pitch class {degree}": histogram[:, degree] for degree in range(12)},
        **_groove(onset[..., None]),
    }
    return Features(tuple(named), np.stack(list(named.values()), axis=1))


def drum_features(tokens: np.ndarray) -> Features:
    """17 features of beats [N, T] of nine sounds; 16 of those of one bar."""
    token = tokens.astype(np.int64)
    hits = np.stack([token >> bit & 1 for bit in range(len(DRUM_CLASSES))], axis=-1) > 0
    struck = np.asarray(hits.any(axis=-1))
    count = hits.sum(axis=(1, 2))
    share = hits.sum(axis=1) / np.maximum(count, 1)[:, None]
    named = {
        "hits a bar": count * STEPS_PER_BAR / token.shape[1],
        "hits together": count / np.maximum(struck.sum(axis=1), 1),
        **_places(struck),
        "snares on 2 and 4": _share(hits[:, :, 1], _backbeat(token.shape[1])),
        "kicks on 1 and 3": _share(hits[:, :, 0], _backbeat(token.shape[1], 0)),
        **{f"sound {name}": share[:, number] for number, (name, _, _) in enumerate(DRUM_CLASSES)},
        **_groove(hits),
    }
    return Features(tuple(named), np.stack(list(named.values()), axis=1))


def sounding_pitch(token: np.ndarray) -> np.ndarray:
    """The MIDI pitch that sounds on each step of melodies [N, T], 0 for none."""
    steps = np.arange(token.shape[1])
    latest = np.maximum.accumulate(np.where(token > 0, steps, 0), axis=1)
    event = np.take_along_axis(token, latest, axis=1)
    return np.where(event > NOTE_OFF, event + PITCH_OFFSET, 0)


def intervals(token: np.ndarray) -> Float[np.ndarray, "N T"]:
    """From each onset of melodies [N, T] to the one before it, in semitones; NaN on all other steps."""
    onset = token >= FIRST_ONSET
    steps = np.arange(token.shape[1])
    latest = np.maximum.accumulate(np.where(onset, steps, -1), axis=1)
    before = np.concatenate([np.full((len(token), 1), -1), latest[:, :-1]], axis=1)
    other = np.take_along_axis(token, np.maximum(before, 0), axis=1)
    return np.where(onset & (before >= 0), token - other, np.nan)


def _pitches(token: np.ndarray, onset: np.ndarray) -> dict[str, np.ndarray]:
    pitch = token + PITCH_OFFSET
    count = np.maximum(onset.sum(axis=1), 1)
    any_onset = onset.any(axis=1)
    highest = np.where(onset, pitch, 0).max(axis=1)
    lowest = np.where(onset, pitch, 1 << 10).min(axis=1)
    interval = intervals(token)
    has = np.isfinite(interval)
    size = np.abs(np.nan_to_num(interval))
    moves = np.maximum(has.sum(axis=1), 1)

    def share(where: np.ndarray) -> np.ndarray:
        return (where & has).sum(axis=1) / moves

    return {
        "mean pitch": np.where(onset, pitch, 0).sum(axis=1) / count,
        "pitch range": np.where(any_onset, highest - lowest, 0),
        "mean interval": size.sum(axis=1) / moves,
        "repeats": share(size == 0),
        "steps": share((size >= 1) & (size <= 2)),
        "leaps": share(size > 7),
        "rising": share(np.nan_to_num(interval) > 0),
    }


def _places(onset: np.ndarray) -> dict[str, np.ndarray]:
    """Where in the beat things begin."""
    place = np.arange(onset.shape[1]) % STEPS_PER_QUARTER
    return {"on the beat": _share(onset, place == 0), "between eighths": _share(onset, place % 2 == 1)}


def _groove(events: np.ndarray) -> dict[str, np.ndarray]:
    """1 minus the share of steps (and sounds) on which a bar and the next differ; windows [N, T, P] bool."""
    bars = events.shape[1] // STEPS_PER_BAR
    if bars < 2:
        return {}
    rows = events.reshape(len(events), bars, -1)
    return {"groove": 1 - (rows[:, 1:] != rows[:, :-1]).mean(axis=(1, 2))}


def _backbeat(steps: int, beat: int = 1) -> np.ndarray:
    """Steps on beats `beat` and `beat` + 2 of a bar, counted from 0."""
    return np.arange(steps) % (2 * STEPS_PER_QUARTER) == beat * STEPS_PER_QUARTER


def _share(events: np.ndarray, where: np.ndarray) -> np.ndarray:
    return (events & where).sum(axis=1) / np.maximum(events.sum(axis=1), 1)
