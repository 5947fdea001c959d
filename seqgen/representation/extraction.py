"""What comes out of a piece: segments, windows, and an account of what was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.timeline import LONGEST_BARS, QUARTERS_PER_BAR, STEPS_PER_BAR, Stretch

REJECTIONS: dict[str, tuple[str, str]] = {
    "no notes": ("file without notes", "files without notes"),
    "drums": ("drum note left out", "drum notes left out"),
    "pitched": ("note that is no drum left out", "notes that are no drums left out"),
    "program": ("note of another program left out", "notes of other programs left out"),
    "out of range": ("note out of range dropped", "notes out of range dropped"),
    "unmapped": ("hit on an unknown drum dropped", "hits on unknown drums dropped"),
    "metre": ("stretch in another metre skipped", "stretches in other metres skipped"),
    "polyphonic": ("note dropped under a higher one", "notes dropped under a higher one"),
    "cut": ("overlapping note cut by the next", "overlapping notes cut by the next"),
    "doubled": ("doubled note left out", "doubled notes left out"),
    "bar line": ("note cut at a bar line", "notes cut at a bar line"),
    "split": ("track of more than 64 events split", "tracks of more than 64 events split"),
    "tracks": ("track beyond the eighth of its bar left out", "tracks beyond the eighth of a bar left out"),
    "too many events": ("track of more than 64 events cut short", "tracks of more than 64 events cut short"),
    "too few tracks": ("bar with fewer than two tracks dropped", "bars with fewer than two tracks dropped"),
    "rest": ("long rest split a candidate", "long rests split candidates"),
    "too short": ("candidate shorter than a window", "candidates shorter than a window"),
    "too few notes": ("window with too few notes dropped", "windows with too few notes dropped"),
    "too few pitches": ("window with too few pitches dropped", "windows with too few pitches dropped"),
    "duplicate": ("repeated window dropped", "repeated windows dropped"),
}
"""The keys of `Extraction.counts`, each with its words for one and for many."""

METRE = "metre "
"""Beside "metre", a key such as "metre 3/4" counts the skipped stretches of each metre."""


@dataclass(frozen=True, eq=False)
class Window:
    """A fixed number of bars."""

    tokens: np.ndarray
    """[T] int16"""
    instrument: int
    """track of its notes, as in the NoteTable; -1 where tracks were merged"""
    start_bar: int
    """its first bar, counted from the beginning of the piece (bar 0; padding put in front is part of it)"""
    qpm: float
    """tempo where it begins, in quarter notes per minute"""


@dataclass(frozen=True, eq=False)
class Segment:
    """A whole candidate: a melody or a beat from its first bar to its last, of any length."""

    tokens: np.ndarray
    """[n * steps_per_bar] int16, padded to a bar"""
    instrument: int
    start_bar: int
    qpm: float
    program: int
    """General MIDI program of its first note"""
    velocity: int
    """median of its notes"""
    steps_per_bar: int = STEPS_PER_BAR
    """tokens in a bar"""

    @property
    def bars(self) -> int:
        """n, its length in bars."""
        return len(self.tokens) // self.steps_per_bar


@dataclass(frozen=True, eq=False)
class Extraction:
    """Windows and segments in the order (stretch of one metre, instrument, start), and what was rejected."""

    windows: list[Window]
    segments: list[Segment]
    counts: Counter[str]
    """how much was rejected, by the keys of `REJECTIONS`; what never happened has no key"""
    bars: int
    """length of a window"""
    noun: tuple[str, str] = ("melody", "melodies")
    """what one segment and several are called"""
    steps_per_bar: int = STEPS_PER_BAR
    """tokens in a bar"""
    columns: tuple[int, ...] = ()
    """shape of a step: empty where it is one token"""

    @property
    def tokens(self) -> np.ndarray:
        """All windows as one array [N, T, *columns] int16."""
        if not self.windows:
            return np.zeros((0, self.bars * self.steps_per_bar, *self.columns), np.int16)
        return np.stack([window.tokens for window in self.windows])

    def describe(self) -> str:
        """One sentence: what was found, then what was rejected and why.

        Drums left out of melodies, and the reverse, are mentioned only where nothing was found.
        """
        windows = _count(len(self.windows), ("window", "windows"))
        found = f"{_count(len(self.segments), self.noun)}, {windows} of {_count(self.bars, ('bar', 'bars'))}"
        counts = Counter(self.counts)
        if self.segments:
            del counts["drums"], counts["pitched"]
        reasons = describe_counts(counts)
        return f"{found}; {reasons}" if reasons else found


def describe_counts(counts: Counter[str]) -> str:
    """The reasons in the counts of one extraction, or in the sum of many, as part of a sentence.

    >>> describe_counts(Counter({"polyphonic": 12, "metre": 2, "metre 3/4": 2}))
    '2 stretches in 3/4 skipped, 12 notes dropped under a higher one'
    """
    parts = []
    for key, words in REJECTIONS.items():
        if key == "metre":
            for name in sorted(name for name in counts if name.startswith(METRE)):
                metre = name.removeprefix(METRE)
                in_metre = (f"stretch in {metre} skipped", f"stretches in {metre} skipped")
                parts.append(_count(counts[name], in_metre))
        elif counts[key]:
            parts.append(_count(counts[key], words))
    return ", ".join(parts)


def _count(number: int, words: tuple[str, str]) -> str:
    return f"{number} {words[number != 1]}"


class Collector:
    """Gathers one piece's Extraction: keeps the first of equal windows and counts what is turned away."""

    def __init__(
        self,
        notes: NoteTable,
        bars: int,
        gap_bars: float,
        columns: tuple[int, ...] = (),
        steps_per_bar: int = STEPS_PER_BAR,
    ) -> None:
        self.counts: Counter[str] = Counter({"no notes": int(len(notes) == 0)})
        self._tempos = notes.tempos
        self._bars, self._columns, self._steps_per_bar = bars, columns, steps_per_bar
        self._gap_steps = min(gap_bars, LONGEST_BARS) * STEPS_PER_BAR
        self._segments: list[Segment] = []
        self._windows: list[Window] = []
        self._seen: set[bytes] = set()

    def split_at_rests(self, start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
        """Cut notes [N] that follow each other where a rest is too long: index arrays, at least one."""
        breaks = np.flatnonzero(start[1:] - end[:-1] >= self._gap_steps) + 1
        self.counts["rest"] += len(breaks)
        return np.split(np.arange(len(start)), breaks)

    def add_segment(
        self, tokens: np.ndarray, notes: NoteTable, instrument: int, stretch: Stretch, bar: int
    ) -> np.ndarray:
        """Keep a candidate that begins with bar number `bar` of a stretch; `notes` are those it was made of.

        Returns:
            All its windows [n, T, *columns], a bar apart, as a copy.
        """
        self.add_run(tokens, notes, instrument, stretch, bar)
        size = self._bars * STEPS_PER_BAR
        if len(tokens) < size:
            self.counts["too short"] += 1
            return np.zeros((0, size, *self._columns), np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(tokens, size, axis=0)[::STEPS_PER_BAR]
        return np.moveaxis(windows, -1, 1).copy()

    def add_run(
        self, tokens: np.ndarray, notes: NoteTable, instrument: int, stretch: Stretch, bar: int
    ) -> None:
        """Keep a candidate, as `add_segment` does, and cut nothing from it."""
        qpm = float(self._tempos_at(stretch, np.array([bar]))[0])
        sound = int(notes.program[0]), int(np.median(notes.velocity))
        where = (instrument, stretch.first_bar + bar, qpm)
        self._segments.append(Segment(tokens, *where, *sound, self._steps_per_bar))

    def add_windows(self, rows: np.ndarray, bars: np.ndarray, instrument: int, stretch: Stretch) -> None:
        """Keep those of the windows [N, T, *columns] that are new; window n begins at bar `bars[n]`."""
        qpm = self._tempos_at(stretch, bars).tolist()
        for row, bar, tempo in zip(rows, bars.tolist(), qpm, strict=True):
            key = row.tobytes()
            if key in self._seen:
                self.counts["duplicate"] += 1
            else:
                self._seen.add(key)
                self._windows.append(Window(row, instrument, stretch.first_bar + bar, tempo))

    def takes(self, stretch: Stretch, two_four: bool) -> bool:
        """Whether a stretch can be cut into bars of four quarters; if not, it is counted."""
        taken = stretch.bars_of_four(two_four)
        if not taken:
            self.counts.update(["metre", METRE + stretch.metre])
        return taken

    def finish(self, noun: tuple[str, str]) -> Extraction:
        """All that was gathered."""
        found = (self._windows, self._segments, +self.counts, self._bars, noun)
        return Extraction(*found, self._steps_per_bar, self._columns)

    def _tempos_at(self, stretch: Stretch, bars: np.ndarray) -> np.ndarray:
        """Tempo [N] where bars number `bars` [N] of a stretch begin."""
        quarters = stretch.start + float(QUARTERS_PER_BAR) * bars
        rows = np.searchsorted(self._tempos[:, 0], quarters + 1e-9, side="right") - 1
        return self._tempos[np.maximum(rows, 0), 1]


def check_sizes(bars: int, gap_bars: float, min_notes: int) -> None:
    """Raises ValueError for sizes that no converter can work with."""
    if bars < 1:
        raise ValueError(f"bars: expected at least 1 bar in a window, got {bars}")
    if not gap_bars >= 1:
        raise ValueError(f"gap_bars: expected a rest of at least 1 bar, got {gap_bars}; infinity: no limit")
    if min_notes < 0:
        raise ValueError(f"min_notes: expected 0 or more, got {min_notes}")
