"""Drums moved and revoiced inside a piece, and beats written beside one; times are exact to the tick.

Nothing moves but what is meant to: other notes, tempos, time signatures, controls and texts are copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.midi_write import DEFAULT_TICKS_PER_QUARTER, ordered_notes_of, tempo_map_of
from seqgen.io.note_sequence import note_sequence_class
from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import DRUM_PITCHES
from seqgen.representation.drums import DRUM_INSTRUMENT
from seqgen.representation.groove import CLASSES, LOUDEST, hits_of
from seqgen.representation.timeline import STEPS_PER_QUARTER
from seqgen.tasks.beat_grid import BeatGrid, beat_grids

if TYPE_CHECKING:
    from note_seq import NoteSequence

FINE = 480
"""ticks a quarter note, at least, where times move: coarser files are written finer by a whole factor"""
MOST_TICKS = 32767


@dataclass(frozen=True)
class Feel:
    """How much of what a model says is taken: `amount` scales both of the others."""

    amount: float = 1.0
    velocity: float = 1.0
    timing: float = 1.0

    def __post_init__(self) -> None:
        for name in ("amount", "velocity", "timing"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 2):
                raise ValueError(f"{name}: expected 0 (as it is) to 2 (twice as far), got {value}")

    def __str__(self) -> str:
        return f"amount {self.amount:g}, velocity {self.velocity:g}, timing {self.timing:g}"


def rewrite(
    sequence: NoteSequence, predict: Callable[[BeatGrid], np.ndarray], feel: Feel, free: bool = False
) -> tuple[NoteSequence, NoteTable, list[BeatGrid]]:
    """A copy of a piece whose drums are played as `predict` says, with what was read.

    predict: of a grid, vectors [T, 27]: hits, velocities, offsets. free: hits count too.

    Raises:
        ValueError: for a piece without drums that have a class.
    """
    table, order = ordered_notes_of(sequence)
    grids = beat_grids(table)
    if not grids:
        raise ValueError(f"music: {_why_no_drums(table)}")
    start, velocity = table.start.copy(), table.velocity.astype(np.float64)
    gone, new = np.zeros(len(table), bool), []
    for grid in grids:
        played = predict(grid)
        _move(grid, played, feel, table, start, velocity)
        if free:
            gone[grid.note] = played[grid.step, grid.number] < 0.5
            new.append((grid, played))
    result = note_sequence_class()()
    result.CopyFrom(sequence)
    _put(result, order, table, start, velocity)
    if free:
        _exchange(result, order[gone], new, table, grids)
    if (start != table.start).any() or free:
        refine(result)
    result.total_time = max([sequence.total_time, *(note.end_time for note in result.notes)])
    return result, table, grids


def play(rows: np.ndarray, source: NoteSequence, first: float) -> NoteSequence:
    """A beat of rows [T, 19] in the tempos and time signatures of `source`, from quarter note `first` on."""
    result = note_sequence_class()(ticks_per_quarter=source.ticks_per_quarter)
    result.tempos.extend(source.tempos)
    result.time_signatures.extend(source.time_signatures)
    if not source.time_signatures:
        result.time_signatures.add(numerator=4, denominator=4)
    tempos = tempo_map_of(source)
    for hit in hits_of(rows):
        start = max(0.0, first + (hit.step - hit.early) / STEPS_PER_QUARTER)
        result.notes.add(
            pitch=DRUM_PITCHES[hit.number],
            velocity=hit.velocity,
            start_time=tempos.second_at(start),
            end_time=tempos.second_at(start + 1 / STEPS_PER_QUARTER),
            instrument=DRUM_INSTRUMENT,
            is_drum=True,
        )
    refine(result)
    end = tempos.second_at(first + len(rows) / STEPS_PER_QUARTER)
    result.total_time = max([end, *(note.end_time for note in result.notes)])
    return result


def refine(sequence: NoteSequence) -> None:
    """Give a sequence ticks that are fine enough for a feel, and its old ticks among them."""
    ticks = sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER
    factor = -(-FINE // ticks)
    if ticks * factor <= MOST_TICKS:
        sequence.ticks_per_quarter = ticks * factor


def _move(
    grid: BeatGrid,
    played: np.ndarray,
    feel: Feel,
    table: NoteTable,
    start: np.ndarray,
    velocity: np.ndarray,
) -> None:
    """Set the new onsets (quarters) and velocities of a grid's notes."""
    said_velocity = played[grid.step, CLASSES + grid.number] * LOUDEST
    said_early = played[grid.step, 2 * CLASSES + grid.number] / 2
    leader = grid.note[grid.leader]
    early = grid.step - (table.start[leader] - grid.stretch.start) * STEPS_PER_QUARTER
    louder = feel.amount * feel.velocity * (said_velocity - table.velocity[leader])
    earlier = feel.amount * feel.timing * (said_early - early)
    velocity[grid.note] += louder
    start[grid.note] = np.maximum(0.0, table.start[grid.note] - earlier / STEPS_PER_QUARTER)


def _put(
    result: NoteSequence, order: np.ndarray, table: NoteTable, start: np.ndarray, velocity: np.ndarray
) -> None:
    """Write what has changed into the notes."""
    end = _ends(table, start)
    tempos = tempo_map_of(result)
    seconds = tempos.to_seconds(start), tempos.to_seconds(end)
    loud = np.clip(np.rint(velocity), 1, LOUDEST).astype(int)
    for row in np.flatnonzero(loud != table.velocity).tolist():
        result.notes[order[row]].velocity = int(loud[row])
    for row in np.flatnonzero(start != table.start).tolist():
        note = result.notes[order[row]]
        note.start_time, note.end_time = float(seconds[0][row]), float(seconds[1][row])
    for row in np.flatnonzero((start == table.start) & (end != table.end)).tolist():
        result.notes[order[row]].end_time = float(seconds[1][row])


def _ends(table: NoteTable, start: np.ndarray) -> np.ndarray:
    """Releases as far behind the new onsets as before, but no later than the next onset of that drum where
    they were not: a note inside another of its pitch would end it."""
    end = start + (table.end - table.start)
    key = table.instrument.astype(np.int64) * 128 + table.pitch
    for rows in np.split(np.argsort(key, kind="stable"), np.flatnonzero(np.diff(np.sort(key))) + 1):
        rows = rows[np.lexsort((table.start[rows], start[rows]))]
        here, following = rows[:-1], rows[1:]
        tight = (table.end[here] <= table.start[following]) & (start[following] > start[here])
        end[here[tight]] = np.minimum(end[here[tight]], start[following[tight]])
    return end


def _exchange(
    result: NoteSequence,
    gone: np.ndarray,
    new: list[tuple[BeatGrid, np.ndarray]],
    table: NoteTable,
    grids: list[BeatGrid],
) -> None:
    """Take out notes, and put in what the model hits where nothing was hit."""
    like = result.notes[0].__class__()
    first = grids[0].note[0]
    like.instrument, like.program = int(table.instrument[first]), int(table.program[first])
    like.is_drum = True
    for number in sorted(gone.tolist(), reverse=True):
        del result.notes[number]
    tempos = tempo_map_of(result)
    for grid, played in new:
        fresh = (played[:, :CLASSES] > 0.5) & (grid.rows[:, :CLASSES] == 0)
        for step, number in zip(*(part.tolist() for part in np.nonzero(fresh)), strict=True):
            early = float(played[step, 2 * CLASSES + number]) / 2
            start = max(0.0, grid.stretch.start + (step - early) / STEPS_PER_QUARTER)
            note = result.notes.add()
            note.CopyFrom(like)
            note.pitch = DRUM_PITCHES[number]
            note.velocity = int(np.clip(round(float(played[step, CLASSES + number]) * LOUDEST), 1, LOUDEST))
            note.start_time = tempos.second_at(start)
            note.end_time = tempos.second_at(start + 1 / STEPS_PER_QUARTER)


def _why_no_drums(table: NoteTable) -> str:
    if not len(table):
        return "there are no notes in it"
    if not table.is_drum.any():
        return (
            f"there are no drums in it ({len(table)} pitched notes): put them on MIDI channel 10, or make a "
            "beat of its rhythm with drumify"
        )
    return "its drums have pitches that belong to no known drum"
