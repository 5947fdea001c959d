"""The drums of a piece on the sixteenth grid: what a groove model reads, and where each note of it went.

Times are in quarter notes of the piece, so tempo changes move nothing. Each stretch of one time signature has
a grid of its own, which begins at its first bar line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.io.midi import notes_of
from seqgen.io.notes import NoteTable
from seqgen.models.music_vae.limits import TAPPED
from seqgen.representation.drum_map import class_of_pitch
from seqgen.representation.groove import TEMPO, as_rows, loudest, qpm_on_grid
from seqgen.representation.timeline import (
    QUARTERS_PER_BAR,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    Stretch,
    on_grid,
    quantise,
    stretches,
)
from seqgen.tasks.overlap import MOST_STEPS

if TYPE_CHECKING:
    from note_seq import NoteSequence


@dataclass(frozen=True, eq=False)
class BeatGrid:
    """The N notes of one stretch that a groove model reads."""

    stretch: Stretch
    note: np.ndarray
    """[N] int64 row of the NoteTable"""
    step: np.ndarray
    """[N] int64 from the beginning of the stretch"""
    number: np.ndarray
    """[N] its class"""
    leader: np.ndarray
    """[N] int64: which of the N is the loudest of its class and step; the others go where it goes"""
    rows: np.ndarray
    """[T, 19] int16, whole bars of 16 steps"""

    def quarter_of(self, step: np.ndarray) -> np.ndarray:
        """Where steps are, in quarter notes of the piece."""
        return self.stretch.start + step / STEPS_PER_QUARTER


def beat_grids(notes: NoteTable) -> list[BeatGrid]:
    """A grid for each stretch with drums in it that have a class.

    Raises:
        ValueError: for a piece that is longer than can be held.
    """
    classes = class_of_pitch()[np.clip(notes.pitch, 0, 127)]
    return list(_grids(notes, np.flatnonzero(notes.is_drum & (notes.velocity > 0) & (classes >= 0)), classes))


class Taps(NamedTuple):
    """The rhythm of a piece, tapped on one drum."""

    source: NoteSequence
    rows: np.ndarray
    """[T, 19] int16"""
    first: float
    """where they begin, in quarter notes"""
    notices: list[str]


def read_taps(sequence: NoteSequence, bars: int | None, start_bar: int | None, track: int | None) -> Taps:
    """On each sixteenth the loudest note of a piece.

    See `GrooveModel.drumify` for the arguments. Bars have four quarters and are counted from the beginning.

    Raises:
        ValueError: if there is nothing to listen to, or an argument makes no sense.
    """
    table = notes_of(sequence)
    notices = [
        f"{metre} is read as sixteenths in bars of four quarters: the model knows 4/4 only"
        for metre in Counter(s.metre for s in stretches(table) if not s.bars_of_four(two_four=True))
    ]
    notes = table if track is None else table.select(table.instrument == track)
    if not len(notes):
        which = "in it" if track is None else f"on track {track}"
        raise ValueError(f"music: there are no notes {which}")
    step = quantise(notes.start)
    first = int(step.min()) // STEPS_PER_BAR if start_bar is None else start_bar
    there = int(step.max()) // STEPS_PER_BAR + 1
    if not 0 <= first < there:
        raise ValueError(f"start_bar: expected 0 to {there - 1}, where there are notes, got {start_bar}")
    length = there - first if bars is None else bars
    if not 1 <= length <= MOST_STEPS // STEPS_PER_BAR:
        raise ValueError(f"bars: expected 1 to {MOST_STEPS // STEPS_PER_BAR:,}, got {length:,}")
    inside = (step >= first * STEPS_PER_BAR) & (step < (first + length) * STEPS_PER_BAR)
    begin = float(first * QUARTERS_PER_BAR)
    heard, some = step[inside] - first * STEPS_PER_BAR, notes.select(inside)
    if not len(some):
        raise ValueError(f"start_bar: there are no notes in the {length} bars from bar {first} on")
    tapped = np.full(len(some), TAPPED)
    qpm = qpm_on_grid(table, begin, length * STEPS_PER_BAR)
    rows = as_rows(heard, tapped, some.velocity, some.start - begin, qpm)
    heard_bars = min(length, there - first)
    if heard_bars < length:
        notices.append(f"the rhythm of {heard_bars} bars is repeated up to {length}")
        again = np.resize(rows[: heard_bars * STEPS_PER_BAR, :TEMPO], (len(rows), TEMPO))
        rows[:, :TEMPO] = again
    return Taps(sequence, rows, begin, notices)


def _grids(notes: NoteTable, rows: np.ndarray, classes: np.ndarray) -> Iterator[BeatGrid]:
    read = notes.select(rows)
    for stretch, grid in on_grid(read, stretches(read)):
        if not len(grid.index):
            continue
        steps = (int(grid.start.max()) // STEPS_PER_BAR + 1) * STEPS_PER_BAR
        if steps > MOST_STEPS:
            raise ValueError(
                f"music: a stretch of {steps // STEPS_PER_BAR:,} bars; at most "
                f"{MOST_STEPS // STEPS_PER_BAR:,} are read"
            )
        note, some = rows[grid.index], read.select(grid.index)
        number = classes[note]
        velocity, quarters = some.velocity, some.start - stretch.start
        qpm = qpm_on_grid(notes, stretch.start, steps)
        table = as_rows(grid.start, number, velocity, quarters, qpm)
        yield BeatGrid(stretch, note, grid.start, number, loudest(grid.start, number, velocity), table)


def about_grids(grids: list[BeatGrid], notes: NoteTable) -> list[str]:
    """What a user should know of how a piece was read."""
    told = []
    odd = Counter(grid.stretch.metre for grid in grids if not grid.stretch.bars_of_four(two_four=True))
    for metre in odd:
        told.append(f"{metre} is read as sixteenths without its bar lines: the model knows 4/4 only")
    classes = class_of_pitch()[np.clip(notes.pitch, 0, 127)]
    unknown = int((notes.is_drum & (classes < 0)).sum())
    if unknown:
        told.append(f"{unknown} hit{'s' * (unknown != 1)} on unknown drums stay as they are")
    extra = sum(int((grid.leader != np.arange(len(grid.note))).sum()) for grid in grids)
    if extra:
        several = (
            "another of the same drum and sixteenth goes"
            if extra == 1
            else ("others of the same drum and sixteenth go")
        )
        told.append(f"{extra} hit{'s' * (extra != 1)} beside {several} with the loudest of them")
    return told
