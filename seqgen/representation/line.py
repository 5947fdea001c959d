"""Lines: what one track plays in a stretch, read as a melody or as a drum beat is, and the bars it covers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drums import drum_hits
from seqgen.representation.extraction import Collector
from seqgen.representation.melody import playable, top_voice
from seqgen.representation.spans import Span, covered
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes


class Line(NamedTuple):
    """What one track plays in a stretch. N notes or hits in time order."""

    start: np.ndarray
    """[N] steps"""
    end: np.ndarray
    """[N] steps"""
    value: np.ndarray
    """[N] the pitch; of a drum kit the bit"""
    rows: np.ndarray
    """[N] rows of the NoteTable"""
    spans: list[Span]
    """bars in which it plays, or rests for no more than gap_bars"""


def read_line(notes: NoteTable, grid: GridNotes, track: int, gap: int, out: Collector) -> Line:
    """What a track plays in a stretch, and the bars it covers (by all its notes, read or not)."""
    mine = notes.instrument[grid.index] == track
    index, start, end = grid.index[mine], grid.start[mine], grid.end[mine]
    spans = covered(np.maximum(start // STEPS_PER_BAR - gap, 0), -(-end // STEPS_PER_BAR) + gap)
    table = notes.select(index)
    if len(index) and table.is_drum[0]:
        keep, classes = drum_hits(table, out)
        start, rows = start[keep], index[keep]  # in time order, as the table is
        return Line(start, start + 1, np.int16(1) << classes, rows, spans if len(rows) else [])
    keep = playable(table, None, out)
    order, start, end, dropped, cut = top_voice(start[keep], end[keep], table.pitch[keep])
    out.counts.update({"polyphonic": dropped, "cut": cut})
    rows = index[keep][order]
    return Line(start, end, notes.pitch[rows], rows, spans if len(rows) else [])


def within(line: Line, span: Span) -> Line:
    """What of a line begins in a span, counted from its beginning."""
    origin = span.start * STEPS_PER_BAR
    first, last = np.searchsorted(line.start, [origin, span.end * STEPS_PER_BAR])
    start, end, value, rows = (column[first:last] for column in line[:4])
    return Line(start - origin, end - origin, value, rows, [span])
