"""Drum beats as tokens: which of nine sounds are hit on each sixteenth, as one number of nine bits (0..511).

Bit i is class i of `drum_map`, as in Magenta's drum vocabulary.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import DRUM_CLASSES, class_of_pitch
from seqgen.representation.extraction import Extraction, Segment, WindowCollector, slide, tempo_at_bars
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes, Stretch, on_grid, stretches

ALL_TRACKS = -1


@dataclass(frozen=True)
class DrumConverter:
    """Beats of a piece as windows of tokens.

    The hits of all drum tracks are taken together. `gap_bars` bars or more without a hit end a beat, and the next one
    begins at a bar line. Stretches whose bars are not four quarter notes long are skipped.
    """

    bars: int = 2
    """bars in a window"""
    gap_bars: float = 1
    """this many bars without a hit end a beat, at least 1; infinity never ends it"""
    min_notes: int = 1
    """windows with fewer steps that are hit are rejected"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "drums"
    vocabulary_size: ClassVar[int] = 1 << len(DRUM_CLASSES)

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise ValueError(f"bars: expected at least 1, got {self.bars}")
        if not self.gap_bars >= 1:
            raise ValueError(f"gap_bars: expected at least 1 bar, got {self.gap_bars}")

    @property
    def steps(self) -> int:
        """T, the tokens in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All beats and windows of a piece; never fails on a NoteTable.

        Args:
            shift_quarters: padding in front of the piece, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        counts: Counter[str] = Counter()
        collector = WindowCollector(counts)
        segments: list[Segment] = []
        hits = notes.select(notes.is_drum & (notes.velocity > 0))
        classes = class_of_pitch()[np.clip(hits.pitch, 0, 127)]
        counts["unmapped"] += int((classes < 0).sum())
        hits, classes = hits.select(classes >= 0), classes[classes >= 0]
        for stretch, grid in on_grid(hits, stretches(hits, shift_quarters)):
            if not len(grid.index):
                continue
            if not stretch.bars_of_four(self.two_four):
                counts["metre"] += 1
                continue
            for segment in self._beats(hits, classes, stretch, grid, counts):
                segments.append(segment)
                self._windows(hits, stretch, segment, collector, counts)
        return Extraction(collector.windows, segments, counts, ("beat", "beats"), self.bars)

    def encode(self, notes: NoteTable) -> np.ndarray:
        """The windows of a piece as [N, T] int16."""
        return self.extract(notes).tokens

    def _beats(
        self, hits: NoteTable, classes: np.ndarray, stretch: Stretch, grid: GridNotes, counts: Counter[str]
    ) -> list[Segment]:
        """The beats of one stretch, in time order."""
        order = np.argsort(grid.start, kind="stable")
        start, rows = grid.start[order], grid.index[order]
        breaks = np.flatnonzero(np.diff(start) - 1 >= self.gap_bars * STEPS_PER_BAR) + 1
        counts["rest"] += len(breaks)
        result = []
        for part in np.split(np.arange(len(rows)), breaks):
            bar = int(start[part[0]]) // STEPS_PER_BAR
            bars = int(start[part[-1]]) // STEPS_PER_BAR + 1 - bar
            tokens = np.zeros(bars * STEPS_PER_BAR, np.int16)
            np.bitwise_or.at(tokens, start[part] - bar * STEPS_PER_BAR, np.int16(1) << classes[rows[part]])
            qpm = float(tempo_at_bars(hits.tempos, stretch, np.array([bar]))[0])
            program, velocity = int(hits.program[rows[part[0]]]), int(np.median(hits.velocity[rows[part]]))
            result.append(Segment(tokens, ALL_TRACKS, stretch.first_bar + bar, qpm, program, velocity))
        return result

    def _windows(
        self, hits: NoteTable, stretch: Stretch, segment: Segment, collector: WindowCollector, counts: Counter[str]
    ) -> None:
        rows = slide(segment.tokens, self.bars)
        if not len(rows):
            counts["too short"] += 1
            return
        enough = (rows > 0).sum(axis=1) >= self.min_notes
        counts["too few notes"] += int((~enough).sum())
        bars = np.flatnonzero(enough)
        qpm = tempo_at_bars(hits.tempos, stretch, segment.start_bar - stretch.first_bar + bars)
        collector.add(rows[enough], bars, segment, qpm)
