"""Drumming as it is played: hits, velocities and timing offsets on each sixteenth, for nine sounds.

A step is a row of 19 numbers. Columns 0 to 8 hold the velocity of each class of `drum_map`, 1 to 127, and 0
where it is not hit. Columns 9 to 17 hold how early each hit is, in units of 1/65534 of a step from -32767
(half a step late) to 32767 (half a step early), and 0 where there is none. Column 18 is the
tempo, in tenths of a quarter note per minute. So one hit a class and step comes back with its class, its
velocity and its time (to 0.000002 of a quarter note).

A model reads the same as 27 real numbers a step, those of GrooVAE (Gillick et al. 2019, arXiv:1905.06118):
9 hits (0 or 1), 9 velocities over 127, 9 offsets times 2, in [-1, 1].

Of several hits of one class on one step the loudest is taken, of equals the first. A hit goes to the step
that is nearest to it, so the first step of a window may hold one that is played before its first bar;
`decode` puts what would be before time 0 at time 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from seqgen.io.notes import DEFAULT_QPM, NoteTable
from seqgen.representation.drum_map import DRUM_CLASSES, DRUM_PITCHES
from seqgen.representation.drums import ALL_TRACKS, DRUM_INSTRUMENT, drum_hits
from seqgen.representation.extraction import Collector, Extraction, check_sizes
from seqgen.representation.sequence import as_table, start_sequence
from seqgen.representation.timeline import (
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    TOLERANCE,
    GridNotes,
    Stretch,
    on_grid,
    quantise,
    stretches,
)

if TYPE_CHECKING:
    from note_seq import NoteSequence

CLASSES = len(DRUM_CLASSES)
COLUMNS = 2 * CLASSES + 1
TEMPO = 2 * CLASSES
VECTOR = 3 * CLASSES
HALF_STEP = 32767
"""units of an offset in half a step"""
LOUDEST = 127
TEMPO_UNITS = 10
"""of the tempo in one quarter note per minute"""


@dataclass(frozen=True)
class GrooveConverter:
    """Beats of a piece as windows of played hits, and back.

    Which parts of a piece are taken is as for `DrumConverter`.
    """

    bars: int = 2
    """bars in a window"""
    gap_bars: float = 1.0
    """this many bars without a hit end a beat, at least 1; infinity: (nearly) never"""
    min_notes: int = 1
    """windows with fewer hits are dropped"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "groove"
    vocabulary_size: ClassVar[int] = 1 << CLASSES
    """patterns of hits on a step; a row of numbers is no token"""
    columns: ClassVar[tuple[int, ...]] = (COLUMNS,)
    limits: ClassVar[tuple[int, int]] = (-HALF_STEP, HALF_STEP)

    def __post_init__(self) -> None:
        check_sizes(self.bars, self.gap_bars, self.min_notes)

    @property
    def steps(self) -> int:
        """T, the steps in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All beats and windows of a piece, rows [T, 19] int16; no NoteTable makes it fail.

        Args:
            notes: the piece.
            shift_quarters: padding in front of it, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        out = Collector(notes, self.bars, self.gap_bars, self.columns)
        hits, classes = drum_hits(notes, out)
        for stretch, grid in on_grid(hits, stretches(hits, shift_quarters)):
            if len(grid.index) and out.takes(stretch, self.two_four):
                self._read_beats(hits, classes, stretch, grid, out)
        return out.finish(("beat", "beats"))

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The windows of a piece as [N, T, 19] int16, as `extract` finds them."""
        return self.extract(as_table(music)).tokens

    def encode_clip(self, music: NoteTable | NoteSequence, start_bar: int = 0) -> np.ndarray:
        """The bars from `start_bar` on exactly as they are, empty bars included: [T, 19] int16.

        Unlike `extract` it judges nothing: bars of four quarters are counted from the beginning whatever the
        time signature.
        """
        table = as_table(music)
        hits, classes = drum_hits(table, Collector(table, self.bars, self.gap_bars, self.columns))
        step = quantise(hits.start)
        inside = (step >= start_bar * STEPS_PER_BAR) & (step < start_bar * STEPS_PER_BAR + self.steps)
        some = hits.select(inside)
        return as_rows(
            step[inside] - start_bar * STEPS_PER_BAR,
            classes[inside],
            some.velocity,
            some.start - start_bar * STEPS_PER_BAR / STEPS_PER_QUARTER,
            qpm_on_grid(table, start_bar * STEPS_PER_BAR / STEPS_PER_QUARTER, self.steps),
        )

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 90,
        program: int = 0,
        instrument: int = DRUM_INSTRUMENT,
    ) -> NoteSequence:
        """Rows [T, 19] (any number of steps) as a NoteSequence in 4/4; a hit lasts a sixteenth.

        Args:
            qpm: tempo in quarter notes per minute.
            velocity: not used, every hit has its own.
            program: number of the kit.
            instrument: track number.

        Raises:
            ValueError: if the rows are not such rows, or the tempo makes no sense.
        """
        rows = check_rows(tokens)
        sequence = start_sequence(len(rows), qpm, velocity, program)
        seconds = 60.0 / qpm / STEPS_PER_QUARTER
        for hit in hits_of(rows):
            start = max(hit.step - hit.early, 0.0)
            sequence.notes.add(
                pitch=DRUM_PITCHES[hit.number],
                velocity=hit.velocity,
                start_time=start * seconds,
                end_time=(start + 1) * seconds,
                program=program,
                instrument=instrument,
                is_drum=True,
            )
        sequence.total_time = max([sequence.total_time, *(note.end_time for note in sequence.notes)])
        return sequence

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows [N, T, 19] as they are: drums have no transpositions."""
        return tokens

    def _read_beats(
        self, hits: NoteTable, classes: np.ndarray, stretch: Stretch, grid: GridNotes, out: Collector
    ) -> None:
        """The beats of one stretch, in time order."""
        for part in out.split_at_rests(grid.start, grid.start + 1):
            some, step = grid.index[part], grid.start[part]
            bar = int(step[0]) // STEPS_PER_BAR
            steps = (int(step[-1]) // STEPS_PER_BAR + 1 - bar) * STEPS_PER_BAR
            beat = hits.select(some)
            quarters = beat.start - stretch.quarter_of(bar)
            qpm = qpm_on_grid(hits, stretch.quarter_of(bar), steps)
            rows = as_rows(step - bar * STEPS_PER_BAR, classes[some], beat.velocity, quarters, qpm)
            windows = out.add_segment(rows, beat, ALL_TRACKS, stretch, bar)
            enough = (windows[..., :CLASSES] > 0).sum((1, 2)) >= self.min_notes
            out.counts["too few notes"] += int((~enough).sum())
            kept = np.flatnonzero(enough)
            out.add_windows(windows[kept], bar + kept, ALL_TRACKS, stretch)


@dataclass(frozen=True)
class Hit:
    """A hit of a row."""

    step: int
    number: int
    """its class"""
    velocity: int
    early: float
    """steps by which it is before its step, -0.5 to 0.5"""


def hits_of(rows: np.ndarray) -> list[Hit]:
    """The hits of rows [T, 19] by step and class."""
    step, number = np.nonzero(rows[:, :CLASSES])
    velocity = rows[step, number].tolist()
    early = (rows[step, CLASSES + number] / (2 * HALF_STEP)).tolist()
    return [Hit(*hit) for hit in zip(step.tolist(), number.tolist(), velocity, early, strict=True)]


def as_rows(
    step: np.ndarray, number: np.ndarray, velocity: np.ndarray, quarters: np.ndarray, qpm: np.ndarray
) -> np.ndarray:
    """Hits [N] on a grid as rows [T, 19] int16.

    Args:
        step, number: [N] of each hit, its class.
        velocity: [N] 1 to 127.
        quarters: [N] where it is played, in quarter notes from step 0.
        qpm: [T] tempo on each step, in quarter notes per minute.
    """
    rows = np.zeros((len(qpm), COLUMNS), np.int16)
    rows[:, TEMPO] = np.rint(np.clip(qpm * TEMPO_UNITS, 1, HALF_STEP))
    own = loudest(step, number, velocity) == np.arange(len(step))
    rows[step[own], number[own]] = velocity[own]
    rows[step[own], CLASSES + number[own]] = early(step[own], quarters[own])
    return rows


def qpm_on_grid(notes: NoteTable, start: float, steps: int) -> np.ndarray:
    """The tempo [steps] on each step from quarter note `start` on."""
    quarters = start + np.arange(steps) / STEPS_PER_QUARTER
    row = np.searchsorted(notes.tempos[:, 0], quarters + TOLERANCE, side="right") - 1
    return notes.tempos[np.maximum(row, 0), 1]


def loudest(step: np.ndarray, number: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """For each hit [N] the index of the loudest of its class and step, of equals the first: [N] int64."""
    key = step.astype(np.int64) * CLASSES + number
    order = np.lexsort((np.arange(len(key)), -velocity.astype(np.int64), key))
    begins = np.flatnonzero(np.diff(key[order], prepend=-1) != 0)
    sizes = np.diff(np.append(begins, len(order)))
    result = np.empty(len(key), np.int64)
    result[order] = np.repeat(order[begins], sizes)
    return result


def early(step: np.ndarray, quarters: np.ndarray) -> np.ndarray:
    """How early each of N notes is, in the units of a row: [N] int16."""
    share = 2 * (step - quarters * STEPS_PER_QUARTER)
    return np.rint(np.clip(share, -1, 1) * HALF_STEP).astype(np.int16)


def to_vectors(rows: np.ndarray) -> np.ndarray:
    """Rows [..., 19] as what a model reads: [..., 27] float32."""
    velocity, offset = rows[..., :CLASSES], rows[..., CLASSES:TEMPO]
    parts = [velocity > 0, velocity / LOUDEST, offset / HALF_STEP]
    return np.concatenate(parts, -1, dtype=np.float32, casting="unsafe")


def from_vectors(vectors: np.ndarray, qpm: float | np.ndarray = DEFAULT_QPM) -> np.ndarray:
    """The undoing of `to_vectors`; what a model says of a class that is not hit is dropped.

    qpm: the tempo, of all or for each of the rows [...].
    """
    hit = vectors[..., :CLASSES] > 0.5
    velocity = np.clip(np.rint(vectors[..., CLASSES : 2 * CLASSES] * LOUDEST), 1, LOUDEST)
    offset = np.rint(np.clip(vectors[..., 2 * CLASSES :], -1, 1) * HALF_STEP)
    tempo = np.clip(np.broadcast_to(np.asarray(qpm) * TEMPO_UNITS, hit.shape[:-1]), 1, HALF_STEP)
    parts = [np.where(hit, velocity, 0), np.where(hit, offset, 0), np.rint(tempo)[..., None]]
    return np.concatenate(parts, -1).astype(np.int16)


def qpm_of(rows: np.ndarray) -> np.ndarray:
    """The tempo of rows [..., 19], in quarter notes per minute: [...]."""
    return rows[..., TEMPO] / TEMPO_UNITS


def check_rows(tokens: np.ndarray) -> np.ndarray:
    """Rows [T, 19] as an array.

    Raises:
        ValueError: for another shape, or velocities outside 0 to 127.
    """
    rows = np.asarray(tokens)
    if (
        rows.ndim != 2
        or rows.shape[1] != COLUMNS
        or not len(rows)
        or not np.issubdtype(rows.dtype, np.integer)
    ):
        raise ValueError(
            f"tokens: expected whole numbers [T, {COLUMNS}], got {rows.dtype} of shape {rows.shape}; "
            "decode one window at a time"
        )
    low, high = rows[:, :CLASSES].min(), rows[:, :CLASSES].max()
    if low < 0 or high > LOUDEST:
        raise ValueError(f"tokens: expected velocities from 0 to {LOUDEST}, got {low} to {high}")
    return rows
