"""What comes out of a piece: segments, windows, and an account of what was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from seqgen.representation.timeline import STEPS_PER_BAR, Stretch

REJECTIONS: dict[str, tuple[str, str]] = {
    "metre": ("stretch in another metre skipped", "stretches in other metres skipped"),
    "program": ("note of another program left out", "notes of other programs left out"),
    "out of range": ("note out of range dropped", "notes out of range dropped"),
    "unmapped": ("hit on an unknown drum dropped", "hits on unknown drums dropped"),
    "polyphonic": ("note dropped under a higher one", "notes dropped under a higher one"),
    "cut": ("overlapping note cut by the next", "overlapping notes cut by the next"),
    "rest": ("long rest split a candidate", "long rests split candidates"),
    "too short": ("candidate shorter than a window", "candidates shorter than a window"),
    "too few notes": ("window with too few notes", "windows with too few notes"),
    "too few pitches": ("window with too few pitches", "windows with too few pitches"),
    "duplicate": ("repeated window", "repeated windows"),
}
"""The keys of `Extraction.counts`, each with its words for one and for many."""


@dataclass(frozen=True, eq=False)
class Window:
    """A fixed number of bars."""

    tokens: np.ndarray
    """[T] int16"""
    instrument: int
    """track of the notes, as in the NoteTable; -1 where several tracks were merged"""
    start_bar: int
    """its first bar, counted from the beginning of the piece (bar 0; padding put in front is part of it)"""
    qpm: float
    """tempo where it begins"""


@dataclass(frozen=True, eq=False)
class Segment:
    """A whole candidate: a melody or a beat from its first bar to its last, of any length."""

    tokens: np.ndarray
    """[n * 16] int16, padded to a bar"""
    instrument: int
    start_bar: int
    qpm: float
    program: int
    """General MIDI program of its first note"""
    velocity: int
    """median of its notes"""

    @property
    def bars(self) -> int:
        return len(self.tokens) // STEPS_PER_BAR


@dataclass(frozen=True, eq=False)
class Extraction:
    """Windows and segments in the order (stretch, instrument, start), and counts of what was rejected."""

    windows: list[Window]
    segments: list[Segment]
    counts: Counter[str]
    """how much was rejected, by the keys of `REJECTIONS`; a key that is missing counts 0"""
    noun: tuple[str, str]
    """what a segment is called: ("melody", "melodies")"""
    bars: int
    """length of a window"""

    @property
    def tokens(self) -> np.ndarray:
        """All windows as one array [N, T] int16."""
        if not self.windows:
            return np.zeros((0, self.bars * STEPS_PER_BAR), np.int16)
        return np.stack([window.tokens for window in self.windows])

    def describe(self) -> str:
        """One sentence: what was found, then what was rejected and why."""
        bars = f"{self.bars} bar" + "s" * (self.bars != 1)
        found = f"{_count(len(self.segments), self.noun)}, {_count(len(self.windows), ('window', 'windows'))} of {bars}"
        left_out = [_count(self.counts[key], words) for key, words in REJECTIONS.items() if self.counts[key]]
        return "; ".join([found, ", ".join(left_out)]) if left_out else found


def _count(number: int, words: tuple[str, str]) -> str:
    return f"{number} {words[0] if number == 1 else words[1]}"


def slide(tokens: np.ndarray, bars: int) -> np.ndarray:
    """All windows of `bars` bars of one segment, a bar apart: [n * 16] to [max(n - bars + 1, 0), bars * 16], a copy."""
    size = bars * STEPS_PER_BAR
    if len(tokens) < size:
        return np.zeros((0, size), tokens.dtype)
    return np.lib.stride_tricks.sliding_window_view(tokens, size)[::STEPS_PER_BAR].copy()


class WindowCollector:
    """Gathers the windows of one piece: keeps the first of equal ones and counts the rest."""

    def __init__(self, counts: Counter[str]) -> None:
        self.windows: list[Window] = []
        self._counts = counts
        self._seen: set[bytes] = set()

    def add(self, rows: np.ndarray, bars: np.ndarray, segment: Segment, qpm: np.ndarray) -> None:
        """Take over rows [N, T] that begin `bars` [N] after the segment's first bar, at tempo `qpm` [N]."""
        for row, bar, tempo in zip(rows, bars.tolist(), qpm.tolist(), strict=True):
            key = row.tobytes()
            if key in self._seen:
                self._counts["duplicate"] += 1
                continue
            self._seen.add(key)
            self.windows.append(Window(row, segment.instrument, segment.start_bar + bar, tempo))


def tempo_at_bars(tempos: np.ndarray, stretch: Stretch, bars: np.ndarray) -> np.ndarray:
    """Tempo [N] where bars number `bars` [N] of a stretch begin."""
    quarters = stretch.start + 4.0 * bars
    rows = np.searchsorted(tempos[:, 0], quarters + 1e-9, side="right") - 1
    return tempos[np.maximum(rows, 0), 1]
