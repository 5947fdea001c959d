"""The grid that tokens live on: sixteenth steps, bars, and the stretches that can be cut into bars.

A bar has 16 steps. Bars are counted from each time signature change, so a change in the middle of a bar
starts a fresh grid. Rounding is that of note_seq's `quantize_note_sequence`: half a step goes up, and a note
lasts at least one step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqgen.io.notes import NoteTable

STEPS_PER_QUARTER = 4
STEPS_PER_BAR = 16
QUARTERS_PER_BAR = STEPS_PER_BAR // STEPS_PER_QUARTER
LONGEST_BARS = 256
"""a note held or a rest kept longer than this is cut: what no window needs must not fill the memory"""
TOLERANCE = 1e-6
"""steps: a time that was computed through seconds still counts as half a step when it is this near below
it"""


@dataclass(frozen=True)
class Stretch:
    """Part of a piece under one time signature. Times are in quarter notes of the piece as it was read."""

    start: float
    """where its first bar begins; below zero when padding was put in front"""
    end: float
    """where the next time signature begins; infinity for the last one"""
    numerator: int
    denominator: int
    first_bar: int
    """number of its first bar in the piece, counted from 0"""

    def bars_of_four(self, two_four: bool = False) -> bool:
        """Whether a bar lasts four quarters, as in 4/4 and 2/2; `two_four` counts two bars of 2/4 as one."""
        lengths = (QUARTERS_PER_BAR, QUARTERS_PER_BAR / 2) if two_four else (QUARTERS_PER_BAR,)
        return self.bar_quarters in lengths

    @property
    def bar_quarters(self) -> float:
        """Length of a bar of its time signature in quarter notes, 0 if the signature makes no sense."""
        return 4 * self.numerator / self.denominator if self.denominator > 0 else 0.0

    @property
    def metre(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    def quarter_of(self, bar: int) -> float:
        """Where its bar number `bar` begins."""
        return self.start + bar * QUARTERS_PER_BAR


def quantise(quarters: np.ndarray, steps_per_quarter: int = STEPS_PER_QUARTER) -> np.ndarray:
    """Quarter notes [N] to the nearest step [N] int64, half a step up.

    >>> quantise(np.array([0.0, 0.124, 0.125, 1.0])).tolist()
    [0, 0, 1, 4]
    """
    return np.floor(quarters * steps_per_quarter + (0.5 + TOLERANCE)).astype(np.int64)


def stretches(notes: NoteTable, shift_quarters: float = 0.0) -> list[Stretch]:
    """Cut a piece where its time signature changes; a signature that is merely repeated cuts nothing.

    `shift_quarters` is padding put in front of the piece, so that a pickup ends on a bar line: the first bar
    begins that much before time 0. Later stretches keep the bar lines that their own time signature gives
    them.

    Raises:
        ValueError: if `shift_quarters` is negative or not finite.
    """
    if not (math.isfinite(shift_quarters) and shift_quarters >= 0):
        raise ValueError(
            f"shift_quarters: expected a number of quarter notes from 0 up, got {shift_quarters}; "
            "give the padding after which the pickup ends on a bar line (one quarter in 4/4 needs 3)"
        )
    changes: list[tuple[float, int, int]] = []
    for quarter, numerator, denominator in notes.time_signatures.tolist():
        if changes and quarter <= changes[-1][0]:
            changes.pop()  # two at one place: the later one counts
        if not changes or changes[-1][1:] != (numerator, denominator):
            changes.append((quarter, int(numerator), int(denominator)))
    if not changes:
        changes = [(0.0, 4, 4)]
    result: list[Stretch] = []
    bar = 0
    for index, (quarter, numerator, denominator) in enumerate(changes):
        start = quarter - shift_quarters if index == 0 else quarter
        end = changes[index + 1][0] if index + 1 < len(changes) else math.inf
        piece = Stretch(start, end, numerator, denominator, bar)
        result.append(piece)
        if end < math.inf:
            bar += math.ceil((end - start) / (piece.bar_quarters or QUARTERS_PER_BAR) - TOLERANCE)
    return result


def stretch_of(pieces: list[Stretch], bar: int) -> Stretch:
    """The one of a piece's stretches that a bar of it lies in."""
    return max((piece for piece in pieces if piece.first_bar <= bar), key=lambda piece: piece.first_bar)


@dataclass(frozen=True)
class GridNotes:
    """The notes of one stretch on its grid. N notes, in the order of the table."""

    index: np.ndarray
    """[N] int64, rows of the NoteTable"""
    start: np.ndarray
    """[N] int64, steps from the beginning of the stretch"""
    end: np.ndarray
    """[N] int64, > start, no later than the end of the stretch"""


def on_grid(
    notes: NoteTable, pieces: list[Stretch], steps_per_quarter: int = STEPS_PER_QUARTER
) -> Iterator[tuple[Stretch, GridNotes]]:
    """Each stretch with the notes whose (rounded) onset lies in it.

    An onset that is a little early for a bar line where the metre changes belongs to the bar that it means.
    """
    early = (0.5 + TOLERANCE) / steps_per_quarter
    longest = LONGEST_BARS * QUARTERS_PER_BAR * steps_per_quarter
    bounds = np.searchsorted(notes.start, [piece.start - early for piece in pieces[1:]])
    for piece, index in zip(pieces, np.split(np.arange(len(notes)), bounds), strict=True):
        start = np.maximum(quantise(notes.start[index] - piece.start, steps_per_quarter), 0)
        end = quantise(notes.end[index] - piece.start, steps_per_quarter)
        if piece.end < math.inf:
            end = np.minimum(end, quantise(np.array([piece.end - piece.start]), steps_per_quarter)[0])
        yield piece, GridNotes(index, start, np.clip(end, start + 1, start + longest))
