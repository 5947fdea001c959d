"""What may be given as music, and how a choice is given for one piece or for several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.io.midi import read_midi, read_notes
from seqgen.io.notes import NoteTable
from seqgen.representation.sequence import as_table

if TYPE_CHECKING:
    from note_seq import NoteSequence

Source = Any
"""a MIDI file (a path), a NoteSequence, a NoteTable, or a Clip"""
Choice = int | None | Sequence[int | None]
"""one for all sources, or one for each"""


def to_table(source: Source) -> NoteTable:
    """A file, a NoteSequence or a NoteTable as a NoteTable."""
    if isinstance(source, (str, Path, bytes)):
        return read_notes(source)
    if not isinstance(source, NoteTable) and not hasattr(source, "time_signatures"):
        kind = type(source).__name__
        raise ValueError(f"music: expected a path of a MIDI file, a NoteSequence or a NoteTable, got {kind}")
    return as_table(source)


def to_sequence(source: Source) -> NoteSequence:
    """A file or a NoteSequence as a NoteSequence."""
    if isinstance(source, (str, Path, bytes)):
        return read_midi(source)
    if not hasattr(source, "text_annotations"):
        kind = type(source).__name__
        raise ValueError(f"music: expected a path of a MIDI file or a NoteSequence, got {kind}")
    sequence: NoteSequence = source
    return sequence


def one_each(value: Choice, count: int, name: str) -> list[int | None]:
    """`value` for each of `count` sources."""
    if value is None or isinstance(value, int):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name}: expected one number, or one for each of {count} sources, got {len(value)}")
    return list(value)
