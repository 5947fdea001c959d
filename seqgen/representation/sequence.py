"""Between tokens and NoteSequence: the parts that melodies and drums share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.io.note_sequence import note_sequence_class
from seqgen.io.notes import NoteTable
from seqgen.representation.timeline import STEPS_PER_BAR, STEPS_PER_QUARTER

if TYPE_CHECKING:
    from note_seq import NoteSequence

TICKS_PER_QUARTER = 480
ACCENTS = (10, -5, 0, -5) + 3 * (5, -5, 0, -5)
"""Added to the velocity on each step of a bar: strongest on the first beat, softer between the eighths."""


class Played(NamedTuple):
    """A note in steps."""

    start: int
    end: int
    pitch: int


def to_sequence(
    notes: list[Played],
    steps: int,
    qpm: float,
    velocity: int,
    program: int,
    instrument: int,
    *,
    is_drum: bool,
) -> NoteSequence:
    """A NoteSequence of `steps` steps in 4/4 at one tempo.

    Raises:
        ValueError: if tempo, velocity or program are out of range.
    """
    sequence = start_sequence(steps, qpm, velocity, program)
    seconds = 60.0 / qpm / STEPS_PER_QUARTER
    for note in notes:
        sequence.notes.add(
            pitch=note.pitch,
            velocity=min(max(velocity + ACCENTS[note.start % STEPS_PER_BAR], 1), 127),
            start_time=note.start * seconds,
            end_time=note.end * seconds,
            program=program,
            instrument=instrument,
            is_drum=is_drum,
        )
    return sequence


def start_sequence(steps: int, qpm: float, velocity: int, program: int) -> NoteSequence:
    """A NoteSequence of `steps` steps in 4/4 at one tempo, without notes.

    Raises:
        ValueError: if tempo, velocity or program are out of range.
    """
    if not (math.isfinite(qpm) and qpm > 0):
        raise ValueError(f"qpm: expected a tempo above 0 in quarter notes per minute, got {qpm}")
    if not 1 <= velocity <= 127:
        raise ValueError(f"velocity: expected 1 to 127, got {velocity}")
    if not 0 <= program <= 127:
        raise ValueError(f"program: expected a General MIDI program from 0 to 127, got {program}")
    seconds = 60.0 / qpm / STEPS_PER_QUARTER
    sequence = note_sequence_class()(ticks_per_quarter=TICKS_PER_QUARTER, total_time=steps * seconds)
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=4, denominator=4)
    return sequence


def as_table(music: NoteTable | NoteSequence) -> NoteTable:
    """A NoteTable as it is, a NoteSequence as a NoteTable."""
    if isinstance(music, NoteTable):
        return music
    from seqgen.io.midi import notes_of

    return notes_of(music)


def check_tokens(tokens: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """Tokens [T] as an array.

    Raises:
        ValueError: unless they are whole numbers in one dimension, from 0 to `vocabulary_size` - 1.
    """
    row = np.asarray(tokens)
    if row.ndim != 1 or row.size == 0 or not np.issubdtype(row.dtype, np.integer):
        raise ValueError(
            f"tokens: expected whole numbers in one dimension [T], got {row.dtype} of shape {row.shape}; "
            "decode one row at a time"
        )
    if row.min() < 0 or row.max() >= vocabulary_size:
        raise ValueError(f"tokens: expected 0 to {vocabulary_size - 1}, got {row.min()} to {row.max()}")
    return row
