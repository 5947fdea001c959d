"""NoteSequence to MIDI file, and to NoteTable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.io.atomic import write_bytes
from seqgen.io.errors import MidiError
from seqgen.io.midi_read import MAX_SECONDS, with_default_signature
from seqgen.io.notes import NoteTable
from seqgen.io.sustain import SUSTAIN, pressed, sort_pedal
from seqgen.io.tempo_map import TempoMap, snap

if TYPE_CHECKING:
    from note_seq import NoteSequence
    from symusic.core import ScoreTick, TrackTick

DEFAULT_TICKS_PER_QUARTER = 220  # note_seq's
MAX_TICK = 2**28 - 1  # the longest delta time of a MIDI file
_SHARPS_OF_MAJOR = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)  # C Db D Eb E F F# G Ab A Bb B
_MINOR_MODES = (1, 6, 7, 8)  # minor, Dorian, Phrygian, Locrian in NoteSequence.KeySignature.Mode


def write_midi(sequence: NoteSequence, path: str | Path) -> None:
    """Writes a MIDI file (format 1), the same bytes for the same sequence; it appears whole or not at all.

    Each (instrument, program, drums or not) is a track. Channels are given out in turn, drums on channel 10;
    from the 16th melodic track on channels are used again, and players may mix up the programs of those
    tracks. Text annotations become markers. Notes are placed by the beat: `ticks_per_quarter` (220 if unset)
    and the tempos of the sequence. A note inside another of the same pitch and track ends as MIDI has it:
    first begun, first ended.
    Raises MidiError if MIDI cannot hold the sequence or the file cannot be written.
    """
    data = to_midi_bytes(sequence)
    try:
        write_bytes(path, data)
    except OSError as error:
        raise MidiError(f"{path}: cannot be written ({error.strerror or error})") from error


def notes_of(sequence: NoteSequence) -> NoteTable:
    """The notes of a NoteSequence in quarter notes: of `read_midi(f)`, exactly what `read_notes(f)` gives.

    Raises MidiError if it holds no music: a release before its onset, a pitch above 127, a tempo of 0.
    """
    return ordered_notes_of(sequence)[0]


def ordered_notes_of(sequence: NoteSequence) -> tuple[NoteTable, np.ndarray]:
    """What `notes_of` gives, and for each of its rows [N] the number of the note in the sequence."""
    tempos = tempo_map_of(sequence)
    columns = _checked_notes(sequence)
    ticks = sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER
    start, end = (snap(tempos.to_quarters(columns[name]), ticks) for name in ("start", "end"))
    signatures = [(s.time, s.numerator, s.denominator) for s in sequence.time_signatures]
    signs = np.array(signatures, dtype=np.float64).reshape(-1, 3)
    signs[:, 0] = snap(tempos.to_quarters(signs[:, 0]), ticks)
    order = np.lexsort((columns["velocity"], end - start, columns["instrument"], columns["pitch"], start))
    table = NoteTable(
        start=start[order],
        end=end[order],
        pitch=columns["pitch"][order].astype(np.int16),
        velocity=columns["velocity"][order].astype(np.int16),
        program=columns["program"][order].astype(np.int16),
        instrument=columns["instrument"][order].astype(np.int32),
        is_drum=columns["is_drum"][order].astype(bool),
        tempos=tempos.table,
        time_signatures=with_default_signature(signs),
        pedal=_pedal(sequence, tempos, ticks),
    )
    return table, order


def to_midi_bytes(sequence: NoteSequence) -> bytes:
    """The bytes that `write_midi` writes."""
    from symusic import Score

    tempos = tempo_map_of(sequence)
    score = Score(sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER)
    if not 0 < score.ticks_per_quarter < 2**15:
        raise MidiError(f"ticks_per_quarter is {score.ticks_per_quarter}, expected 1 to 32767")
    _add_globals(score, sequence, tempos)
    _add_tracks(score, sequence, tempos)
    try:
        return bytes(score.dumps_midi())
    except Exception as error:
        raise MidiError(f"the sequence cannot be written as MIDI: {error}") from error


def quarters_of(sequence: NoteSequence, seconds: np.ndarray) -> np.ndarray:
    """Places [N] of a NoteSequence in quarter notes, as `notes_of` has those of its notes."""
    ticks = sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER
    return snap(tempo_map_of(sequence).to_quarters(seconds), ticks)


def _pedal(sequence: NoteSequence, tempos: TempoMap, ticks: int) -> np.ndarray:
    """The rows of `NoteTable.pedal`."""
    changes = [c for c in sequence.control_changes if c.control_number == SUSTAIN and not c.is_drum]
    if not changes:
        return np.zeros((0, 3))
    time = snap(tempos.to_quarters(np.array([c.time for c in changes], dtype=np.float64)), ticks)
    instrument = np.array([c.instrument for c in changes], dtype=np.float64)
    down = pressed(np.array([c.control_value for c in changes]))
    return sort_pedal(np.stack([time, instrument, down], 1))


def tempo_map_of(sequence: NoteSequence) -> TempoMap:
    """The tempos of a NoteSequence."""
    rows = np.array([(tempo.time, tempo.qpm) for tempo in sequence.tempos], dtype=np.float64).reshape(-1, 2)
    return TempoMap.from_seconds(rows, sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER)


def _checked_notes(sequence: NoteSequence) -> dict[str, np.ndarray]:
    """The notes as columns [N] (seconds; integers), after a check that MIDI can say them."""
    rows = [
        (n.start_time, n.end_time, n.pitch, n.velocity, n.program, n.instrument, n.is_drum)
        for n in sequence.notes
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    names = ("start", "end", "pitch", "velocity", "program", "instrument", "is_drum")
    columns: dict[str, np.ndarray] = dict(zip(names, table.T, strict=True))
    start, end = columns["start"], columns["end"]
    _require(np.isfinite(start) & (start >= 0), start, "start_time", "0 or later")
    _require(np.isfinite(end) & (end >= start), end, "end_time", "its start_time or later")
    _require(end <= MAX_SECONDS, end, "end_time", "at most 24 hours")
    for name, low in (("pitch", 0), ("velocity", 1), ("program", 0)):
        _require((columns[name] >= low) & (columns[name] <= 127), columns[name], name, f"{low} to 127")
    return {
        name: column if name in ("start", "end") else column.astype(np.int64)
        for name, column in columns.items()
    }


def _require(good: np.ndarray, values: np.ndarray, name: str, expected: str) -> None:
    if not good.all():
        index = int(np.argmin(good))
        raise MidiError(f"note {index} of the sequence has {name} {values[index]:g}, expected {expected}")


def _ticks(seconds: np.ndarray | list[float], score: ScoreTick, tempos: TempoMap) -> np.ndarray:
    """[N] int32 ticks of [N] seconds."""
    ticks = np.rint(tempos.to_quarters(np.asarray(seconds, dtype=np.float64)) * score.ticks_per_quarter)
    if not (np.isfinite(ticks) & (ticks >= 0) & (ticks <= MAX_TICK)).all():
        raise MidiError(
            f"an event before 0 or after {MAX_TICK:,} ticks: MIDI cannot hold it; lower ticks_per_quarter"
        )
    return ticks.astype(np.int32)


def _timed(events: Iterable[Any], score: ScoreTick, tempos: TempoMap) -> Iterator[tuple[Any, int]]:
    """Events of a NoteSequence, each with its tick."""
    events = list(events)
    return zip(events, _ticks([event.time for event in events], score, tempos).tolist(), strict=True)


def _add_globals(score: ScoreTick, sequence: NoteSequence, tempos: TempoMap) -> None:
    from symusic import KeySignature, Tempo, TextMeta, TimeSignature

    for tick, qpm in zip(np.rint(tempos.quarters * score.ticks_per_quarter), tempos.qpm, strict=True):
        microseconds = round(60e6 / qpm)
        if not 0 < microseconds < 2**24:
            raise MidiError(f"a tempo of {qpm:g} quarters per minute: MIDI has 3.6 to 60,000,000")
        score.tempos.append(Tempo(int(tick), mspq=microseconds))
    for sign, tick in _timed(sequence.time_signatures, score, tempos):
        if not 0 < sign.numerator < 256 or sign.denominator not in (1, 2, 4, 8, 16, 32, 64, 128):
            what = f"a time signature of {sign.numerator}/{sign.denominator}"
            raise MidiError(f"{what}: expected 1 to 255 over 1, 2, 4, 8, 16, 32, 64 or 128")
        score.time_signatures.append(TimeSignature(tick, sign.numerator, sign.denominator))
    for key, tick in _timed(sequence.key_signatures, score, tempos):
        minor = key.mode in _MINOR_MODES
        sharps = _SHARPS_OF_MAJOR[(key.key + 3 * minor) % 12]
        score.key_signatures.append(KeySignature(tick, sharps, int(minor)))
    for text, tick in _timed(sequence.text_annotations, score, tempos):
        if text.text:
            score.markers.append(TextMeta(tick, text.text))


def _add_tracks(score: ScoreTick, sequence: NoteSequence, tempos: TempoMap) -> None:
    from symusic import ControlChange, PitchBend, Track
    from symusic.core import NoteTickList

    columns = _checked_notes(sequence)
    start, end = (_ticks(columns[name], score, tempos) for name in ("start", "end"))
    tracks: dict[tuple[int, int, bool], TrackTick] = defaultdict(Track)
    keys = np.column_stack([columns[name] for name in ("instrument", "program", "is_drum")])
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    for index, (instrument, program, is_drum) in enumerate(unique.tolist()):
        # One order for the same notes, so that the same music gives the same bytes.
        mine = np.flatnonzero(inverse == index)
        mine = mine[np.lexsort((columns["velocity"][mine], end[mine], columns["pitch"][mine], start[mine]))]
        pitch, velocity = (columns[name][mine].astype(np.int8) for name in ("pitch", "velocity"))
        notes = NoteTickList.from_numpy(start[mine], end[mine] - start[mine], pitch, velocity)
        tracks[instrument, program, bool(is_drum)].notes = notes
    for control, tick in _timed(sequence.control_changes, score, tempos):
        number, value = control.control_number, control.control_value
        if not (0 <= number <= 127 and 0 <= value <= 127):
            raise MidiError(f"control {number} is set to {value}: both must be 0 to 127")
        track = tracks[control.instrument, control.program, control.is_drum]
        track.controls.append(ControlChange(tick, number, value))
    for bend, tick in _timed(sequence.pitch_bends, score, tempos):
        if not -8192 <= bend.bend <= 8191:
            raise MidiError(f"a pitch bend of {bend.bend}, expected -8192 to 8191")
        tracks[bend.instrument, bend.program, bend.is_drum].pitch_bends.append(PitchBend(tick, bend.bend))
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    for key in sorted(tracks):
        track = tracks[key]
        track.program, track.is_drum, track.name = key[1], key[2], names.get(key[0], "")
        score.tracks.append(track)
    if not tracks:
        score.tracks.append(Track())  # symusic writes tempos and markers into the first track
