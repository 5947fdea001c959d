"""Pieces of music side by side on tracks, as a project of music software holds them, in quarter notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.errors import MidiError
from seqgen.io.midi_write import DEFAULT_TICKS_PER_QUARTER, notes_of
from seqgen.io.note_sequence import note_sequence_class
from seqgen.io.notes import NoteTable
from seqgen.io.tempo_map import TempoMap

if TYPE_CHECKING:
    from note_seq import NoteSequence

MAX_TICKS_PER_QUARTER = 2**15 - 1


@dataclass(frozen=True, eq=False)
class Track:
    """The notes of one instrument, sorted by onset and pitch. N notes."""

    name: str
    program: int
    """General MIDI program 0..127"""
    is_drum: bool
    start: np.ndarray
    """[N] float64, onset in quarter notes"""
    end: np.ndarray
    """[N] float64, release in quarter notes, >= start"""
    pitch: np.ndarray
    """[N] int16, 0..127"""
    velocity: np.ndarray
    """[N] int16, 1..127"""

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Tracks that begin together, under one tempo and metre. K tempos, M time signatures."""

    tracks: Sequence[Track]
    tempos: np.ndarray
    """[K, 2] float64 rows (quarter, quarters per minute), ascending, the first at 0"""
    time_signatures: np.ndarray
    """[M, 3] float64 rows (quarter, numerator, denominator), ascending, the first at 0"""

    @property
    def length(self) -> float:
        """Quarter notes from the beginning to the bar line after the last release; a bar at least."""
        last = max((float(track.end.max()) for track in self.tracks if len(track)), default=0.0)
        return bar_line(self.time_signatures, last)


def bar_line(time_signatures: np.ndarray, quarter: float) -> float:
    """The first bar line at or after a place, in quarter notes; never 0. `time_signatures` [M, 3]."""
    row = max(int(np.searchsorted(time_signatures[:, 0], quarter, side="left")) - 1, 0)
    place, numerator, denominator = time_signatures[row]
    bar = 4 * numerator / denominator
    return float(place + bar * max(math.ceil((quarter - place) / bar - 1e-9), 1))


def arrange(pieces: Sequence[NoteSequence], names: Sequence[str]) -> tuple[Arrangement, list[str]]:
    """Pieces on tracks, one a piece or one for each of its instruments; and sentences on what is left out.

    Tempo and metre are those of the first piece; a time signature that repeats the one before is left out.

    Raises:
        ValueError: if there is no piece, or one that holds no music.
    """
    if not pieces:
        raise ValueError("pieces: expected one or more, got none")
    tables = [_with_changes_only(notes_of(piece)) for piece in pieces]
    tracks: list[Track] = []
    notices: list[str] = []
    first = tables[0]
    for piece, table, name in zip(pieces, tables, names, strict=True):
        infos = {info.instrument: info.name for info in piece.instrument_infos if info.name}
        keys = sorted(
            set(zip(table.instrument.tolist(), table.program.tolist(), table.is_drum.tolist(), strict=True))
        )
        for instrument, program, is_drum in keys:
            is_mine = (table.instrument == instrument) & (table.program == program)
            mine = table.select(is_mine & (table.is_drum == is_drum))
            part = infos.get(instrument, f"track {instrument}")
            title = name if len(keys) == 1 else f"{name} {part}"
            columns = (mine.start, mine.end, mine.pitch, mine.velocity)
            tracks.append(Track(title, program, is_drum, *columns))
        if not keys:
            notices.append(f"{name} has no notes: it gets no track")
        if not np.array_equal(table.tempos, first.tempos):
            notices.append(f"{name}: its tempo is left out, that of {names[0]} is taken")
        if not np.array_equal(table.time_signatures, first.time_signatures):
            notices.append(f"{name}: its metre is left out, that of {names[0]} is taken")
        if lost := len(piece.control_changes) + len(piece.pitch_bends):
            notices.append(f"{name}: {lost} controls and pitch bends are left out, notes are taken")
    return Arrangement(tracks, first.tempos, first.time_signatures), notices


def _with_changes_only(table: NoteTable) -> NoteTable:
    signatures = table.time_signatures
    keep = np.ones(len(signatures), dtype=bool)
    keep[1:] = (signatures[1:, 1:] != signatures[:-1, 1:]).any(axis=1)
    return replace(table, time_signatures=signatures[keep])


def common_ticks(pieces: Sequence[NoteSequence]) -> int:
    """Ticks per quarter note on which the notes of all pieces lie, or as many as MIDI has."""
    ticks = math.lcm(*(piece.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER for piece in pieces))
    return min(ticks, MAX_TICKS_PER_QUARTER)


def to_sequence(arrangement: Arrangement, ticks_per_quarter: int) -> NoteSequence:
    """An arrangement as a NoteSequence, for `write_midi`; each track is an instrument.

    Raises:
        MidiError: for a tempo that cannot be.
    """
    if not 0 < ticks_per_quarter <= MAX_TICKS_PER_QUARTER:
        raise MidiError(f"ticks_per_quarter is {ticks_per_quarter}, expected 1 to {MAX_TICKS_PER_QUARTER}")
    tempos = TempoMap.from_quarters(arrangement.tempos)
    sequence = note_sequence_class()(ticks_per_quarter=ticks_per_quarter)
    for second, qpm in zip(tempos.seconds.tolist(), tempos.qpm.tolist(), strict=True):
        sequence.tempos.add(time=second, qpm=qpm)
    for quarter, numerator, denominator in arrangement.time_signatures.tolist():
        time = tempos.second_at(quarter)
        sequence.time_signatures.add(time=time, numerator=int(numerator), denominator=int(denominator))
    for index, track in enumerate(arrangement.tracks):
        place = {"instrument": index, "program": track.program, "is_drum": track.is_drum}
        sequence.instrument_infos.add(instrument=index, name=track.name)
        starts, ends = (tempos.to_seconds(column).tolist() for column in (track.start, track.end))
        values = (track.pitch.tolist(), track.velocity.tolist())
        for start, end, pitch, velocity in zip(starts, ends, *values, strict=True):
            sequence.notes.add(pitch=pitch, velocity=velocity, start_time=start, end_time=end, **place)
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0.0)
    return sequence
