"""Chords on sixteenths, as shards hold them, as the chord of each token; and transposed."""

from __future__ import annotations

import numpy as np

from seqgen.representation.track_events import (
    END,
    MOST_EVENTS,
    PROGRAM,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    TIME,
)

PER_SIXTEENTH = STEPS_PER_QUARTER // 4


def classes_of_tokens(tokens: np.ndarray, chords: np.ndarray) -> np.ndarray:
    """The class at each token: tokens [B, T] and chords [B, 16 * bars] to int64 [B, T].

    On a grid a token is a sixteenth. Events are told as `chords.chord_controls` says.
    """
    if tokens.shape == chords.shape:
        return chords.astype(np.int64)
    rows = tokens.reshape(len(tokens), -1, MOST_EVENTS).astype(np.int64)
    takes = np.where((rows >= TIME) & (rows < TIME + STEPS_PER_BAR), rows - TIME + 1, 0)
    time = np.minimum(takes.cumsum(2) - takes, STEPS_PER_BAR - 1)
    number = np.take_along_axis(chords.astype(np.int64)[:, None], time // PER_SIXTEENTH, 2)
    number[(rows >= PROGRAM) & (rows < END) | (rows[:, :, :1] == END)] = 0
    return number.reshape(tokens.shape)


def transposed(chords: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Chords [B, S] on roots that are so many semitones [B] higher; no chord stays none.

    >>> transposed(np.array([[0, 1, 24, 37]]), np.array([2])).tolist()
    [[0, 3, 14, 39]]
    """
    quality, root = np.divmod(chords - 1, 12)
    return np.where(chords > 0, 1 + 12 * quality + (root + semitones[:, None]) % 12, 0)


def semitones_between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far each window [B, T] was transposed: int64 [B]; 0 where it has no notes that move."""
    moved = after.astype(np.int64) - before
    return np.take_along_axis(moved, np.abs(moved).argmax(1)[:, None], 1)[:, 0]
