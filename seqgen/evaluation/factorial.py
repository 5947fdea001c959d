"""Factorial melodies: every factor drawn by itself, so that what a code says of each can be told apart.

Melodies in which the factors of variation are known and independent, as dSprites are for pictures. The
factors are our own: where the melody stands (tonic, octave, mode), its figure, and for each half of the
window its rhythm and its direction. A half is one bar, repeated; a bar is six notes of a scale or of broken
chords.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from seqgen.representation.melody import PITCH_OFFSET
from seqgen.representation.timeline import STEPS_PER_BAR

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
FIGURES = {"scale": (0, 1, 2, 3, 4, 5), "chord": (0, 2, 4, 7, 9, 11)}
"""degrees of the six notes, rising"""
RHYTHMS = (
    (0, 4, 6, 8, 12, 14),
    (0, 2, 4, 8, 10, 12),
    (0, 2, 6, 8, 10, 14),
    (0, 3, 6, 8, 11, 14),
    (0, 4, 8, 10, 12, 14),
    (0, 2, 3, 4, 8, 12),
)
"""steps of the six onsets of a bar"""
LOWEST = 48
FACTORS: dict[str, int] = {
    "tonic": 12,
    "octave": 3,
    "mode": len(SCALES),
    "figure": len(FIGURES),
    "rhythm, first half": len(RHYTHMS),
    "rhythm, second half": len(RHYTHMS),
    "direction, first half": 2,
    "direction, second half": 2,
}
"""name -> how many values; their product is the number of different melodies"""


def factorial_melodies(
    number: int, bars: int, seed: int
) -> tuple[Int[np.ndarray, "N T"], Int[np.ndarray, "N K"]]:
    """Windows of tokens, and the value of each of FACTORS, drawn independently and uniformly.

    Raises:
        ValueError: for fewer than 2 bars, which have no halves.
    """
    if bars < 2:
        raise ValueError(f"bars: expected at least 2, got {bars}")
    rng = np.random.default_rng(seed)
    values = np.stack([rng.integers(0, size, number) for size in FACTORS.values()], axis=1)
    return np.stack([melody(row, bars) for row in values]), values


def melody(values: Int[np.ndarray, " K"], bars: int) -> Int[np.ndarray, " T"]:
    """The window with these values of FACTORS, in their order."""
    tonic, octave, mode, figure, *halves = values.tolist()
    rhythms, directions = halves[:2], halves[2:]
    scale, degrees = [*SCALES.values()][mode], [*FIGURES.values()][figure]
    pitches = [LOWEST + tonic + 12 * (octave + degree // 7) + scale[degree % 7] for degree in degrees]
    window = np.zeros((bars, STEPS_PER_BAR), np.int16)
    for half, (rhythm, falls) in enumerate(zip(rhythms, directions, strict=True)):
        first, end = (0, bars // 2) if half == 0 else (bars // 2, bars)
        tokens = np.array(pitches[::-1] if falls else pitches) - PITCH_OFFSET
        window[first:end, list(RHYTHMS[rhythm])] = tokens
    return window.ravel()
