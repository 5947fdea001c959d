"""Melodies as tokens: one voice on a sixteenth grid, in Magenta's vocabulary of 90.

0 holds (what sounds goes on sounding, silence stays silence), 1 is note-off, 2 + k is an onset of MIDI pitch 21 + k.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.extraction import Extraction, Segment, WindowCollector, slide, tempo_at_bars
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes, Stretch, on_grid, stretches

HOLD = 0
NOTE_OFF = 1
FIRST_ONSET = 2
MIN_PITCH = 21
MAX_PITCH = 108
PITCH_OFFSET = MIN_PITCH - FIRST_ONSET


@dataclass(frozen=True)
class MelodyConverter:
    """Melodies of a piece as windows of tokens.

    Each instrument that is not a drum kit gives melodies of its own. Of notes that begin together the highest is
    kept; a note ends where the next begins; a rest of `gap_bars` bars or more ends a melody, and the next one begins
    at a bar line. Stretches whose bars are not four quarter notes long are skipped.
    """

    bars: int = 2
    """bars in a window"""
    gap_bars: float = 1
    """a rest of this many bars ends a melody, at least 1; infinity never ends it"""
    min_notes: int = 1
    """windows with fewer onsets are rejected"""
    min_unique_pitches: int = 1
    """windows with fewer different pitches are rejected"""
    programs: range | None = None
    """General MIDI programs to read, counted from 0; None reads all"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "melody"
    vocabulary_size: ClassVar[int] = MAX_PITCH - PITCH_OFFSET + 1

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise ValueError(f"bars: expected at least 1, got {self.bars}")
        if not self.gap_bars >= 1:
            raise ValueError(f"gap_bars: expected a rest of at least 1 bar, got {self.gap_bars}")

    @property
    def steps(self) -> int:
        """T, the tokens in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All melodies and windows of a piece; never fails on a NoteTable.

        Args:
            shift_quarters: padding in front of the piece, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        counts: Counter[str] = Counter()
        collector = WindowCollector(counts)
        segments: list[Segment] = []
        table = self._playable(notes, counts)
        for stretch, grid in on_grid(table, stretches(table, shift_quarters)):
            if not len(grid.index):
                continue
            if not stretch.bars_of_four(self.two_four):
                counts["metre"] += 1
                continue
            for instrument in np.unique(table.instrument[grid.index]).tolist():
                for segment in self._melodies(table, stretch, grid, instrument, counts):
                    segments.append(segment)
                    self._windows(table, stretch, segment, collector, counts)
        return Extraction(collector.windows, segments, counts, ("melody", "melodies"), self.bars)

    def encode(self, notes: NoteTable) -> np.ndarray:
        """The windows of a piece as [N, T] int16."""
        return self.extract(notes).tokens

    def _playable(self, notes: NoteTable, counts: Counter[str]) -> NoteTable:
        """The notes that a melody may use."""
        keep = ~notes.is_drum & (notes.velocity > 0)
        if self.programs is not None:
            wanted = np.isin(notes.program, np.asarray(self.programs))
            counts["program"] += int((keep & ~wanted).sum())
            keep &= wanted
        in_range = (notes.pitch >= MIN_PITCH) & (notes.pitch <= MAX_PITCH)
        counts["out of range"] += int((keep & ~in_range).sum())
        keep &= in_range
        return notes if keep.all() else notes.select(keep)

    def _melodies(
        self, table: NoteTable, stretch: Stretch, grid: GridNotes, instrument: int, counts: Counter[str]
    ) -> list[Segment]:
        """The melodies of one instrument in one stretch, in time order."""
        mine = np.flatnonzero(table.instrument[grid.index] == instrument)
        order = mine[np.lexsort((-table.pitch[grid.index[mine]].astype(np.int64), grid.start[mine]))]
        start = grid.start[order]
        highest = np.diff(start, prepend=-1) > 0
        counts["polyphonic"] += len(order) - int(highest.sum())
        order, start = order[highest], start[highest]
        rows, end = grid.index[order], grid.end[order].copy()
        counts["cut"] += int((end[:-1] > start[1:]).sum())
        end[:-1] = np.minimum(end[:-1], start[1:])

        breaks = np.flatnonzero(start[1:] - end[:-1] >= self.gap_bars * STEPS_PER_BAR) + 1
        counts["rest"] += len(breaks)
        first_bars = start[np.concatenate(([0], breaks))] // STEPS_PER_BAR
        qpm = tempo_at_bars(table.tempos, stretch, first_bars)
        result = []
        for number, part in enumerate(np.split(np.arange(len(rows)), breaks)):
            bar = int(first_bars[number])
            tokens = _write(start[part], end[part], table.pitch[rows[part]], bar)
            velocity = int(np.median(table.velocity[rows[part]]))
            program = int(table.program[rows[part[0]]])
            result.append(Segment(tokens, instrument, stretch.first_bar + bar, float(qpm[number]), program, velocity))
        return result

    def _windows(
        self, table: NoteTable, stretch: Stretch, segment: Segment, collector: WindowCollector, counts: Counter[str]
    ) -> None:
        rows = slide(segment.tokens, self.bars)
        if not len(rows):
            counts["too short"] += 1
            return
        _forget_sounding_note(rows)
        bars = np.arange(len(rows))
        enough = (rows >= FIRST_ONSET).sum(axis=1) >= self.min_notes
        counts["too few notes"] += int((~enough).sum())
        if self.min_unique_pitches > 1:
            varied = count_pitches(rows) >= self.min_unique_pitches
            counts["too few pitches"] += int((enough & ~varied).sum())
            enough &= varied
        rows, bars = rows[enough], bars[enough]
        qpm = tempo_at_bars(table.tempos, stretch, segment.start_bar - stretch.first_bar + bars)
        collector.add(rows, bars, segment, qpm)


def _write(start: np.ndarray, end: np.ndarray, pitch: np.ndarray, bar: int) -> np.ndarray:
    """Tokens of a run of notes that do not overlap, from bar number `bar` to the end of the bar of the last release."""
    origin = bar * STEPS_PER_BAR
    length = -(-(int(end[-1]) - origin) // STEPS_PER_BAR) * STEPS_PER_BAR
    tokens = np.zeros(length + 1, np.int16)
    tokens[end - origin] = NOTE_OFF  # a release at the next onset is overwritten by it; one at the very end is cut off
    tokens[start - origin] = pitch - PITCH_OFFSET
    return tokens[:length]


def _forget_sounding_note(rows: np.ndarray) -> None:
    """In place: a note-off before the first onset of a window [N, T] ends a note that the window does not know."""
    before_first = np.cumsum(rows >= FIRST_ONSET, axis=1) == 0
    rows[before_first] = HOLD


def count_pitches(tokens: np.ndarray) -> np.ndarray:
    """How many different pitches begin in each row: [N, T] to [N]."""
    ordered = np.sort(tokens, axis=1)
    return ((np.diff(ordered, axis=1, prepend=0) > 0) & (ordered >= FIRST_ONSET)).sum(axis=1)
