"""MIDI files to NoteTable and to NoteSequence, both from one symusic score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.errors import MidiError
from seqgen.io.midi_check import MAX_BYTES, MAX_TRACKS, check_midi
from seqgen.io.note_sequence import note_sequence_class
from seqgen.io.notes import NoteTable
from seqgen.io.sustain import SUSTAIN, pressed, sort_pedal
from seqgen.io.tempo_map import TempoMap, last_at_each_place

if TYPE_CHECKING:
    from note_seq import NoteSequence
    from symusic.core import ScoreTick, TrackTick

MAX_SECONDS = 24 * 3600.0


def read_notes(source: str | Path | bytes) -> NoteTable:
    """The notes of a MIDI file (a path, or its bytes), in quarter notes.

    Raises MidiError, which names the file and says what is wrong with it.

    >>> read_notes("tests/fixtures/odd_midi/syn_triplets.mid").start[:3] * 3
    array([0., 1., 2.])
    """
    data, name = _load(source)
    try:
        score = parse_midi(data)
        tracks = _instruments(score)
        tempos = _tempo_map(score)
        notes = _notes(tracks)
    except MidiError as error:
        raise MidiError(f"{name}: {error}") from None
    quarter = float(score.ticks_per_quarter)
    return NoteTable(
        start=notes["time"] / quarter,
        end=(notes["time"] + notes["duration"]) / quarter,
        pitch=notes["pitch"],
        velocity=notes["velocity"],
        program=np.array([track.program for track in tracks], dtype=np.int16)[notes["instrument"]],
        instrument=notes["instrument"],
        is_drum=np.array([track.is_drum for track in tracks], dtype=bool)[notes["instrument"]],
        tempos=tempos.table,
        time_signatures=with_default_signature(_signatures(score)),
        pedal=_pedal(tracks, quarter),
    )


def read_midi(source: str | Path | bytes) -> NoteSequence:
    """A MIDI file (a path, or its bytes) as a NoteSequence.

    Kept: notes, programs, drums, instrument names, controls (sustain is control 64), pitch bends, tempos,
    time and key signatures, and markers, which become text annotations. Times are seconds; notes are sorted
    by onset.
    Raises MidiError, which names the file and says what is wrong with it.
    """
    NoteSequence = note_sequence_class()
    data, name = _load(source)
    try:
        score = parse_midi(data)
        tracks = _instruments(score)
        tempos = _tempo_map(score)
        sequence = NoteSequence(ticks_per_quarter=score.ticks_per_quarter)
        sequence.source_info.encoding_type = NoteSequence.SourceInfo.MIDI
        _add_notes(sequence, tracks, score.ticks_per_quarter, tempos)
        _add_controls(sequence, tracks, score.ticks_per_quarter, tempos)
        _add_globals(sequence, score, tempos)
    except MidiError as error:
        raise MidiError(f"{name}: {error}") from None
    return sequence


def with_default_signature(signatures: np.ndarray) -> np.ndarray:
    """`signatures` [M, 3], one a place, the first at 0: 4/4 unless the piece says otherwise."""
    signatures = last_at_each_place(signatures)
    if len(signatures) == 0 or signatures[0, 0] > 0:
        signatures = np.concatenate([[[0.0, 4.0, 4.0]], signatures])
    return signatures


def _load(source: str | Path | bytes) -> tuple[bytes, str]:
    """The bytes and a name for messages."""
    if isinstance(source, bytes):
        return source, "MIDI data"
    path = Path(source)
    try:
        if path.is_dir():
            raise MidiError(f"{path}: this is a folder, expected a MIDI file")
        # A pipe or a device has no end to wait for.
        if path.exists() and not path.is_file():
            raise MidiError(f"{path}: not an ordinary file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise MidiError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, MidiError):
            raise
        raise MidiError(f"{path}: cannot be read ({error})") from error
    return data, str(path)


def parse_midi(data: bytes) -> ScoreTick:
    from symusic import Score

    data = check_midi(data)
    try:
        score = Score.from_midi(data)
    except Exception as error:  # whatever a parser raises on a file, the file is the reason
        raise MidiError(f"damaged: {error}") from error
    # A track, channel and program of the file is one here; each costs as much as a hundred notes.
    if len(score.tracks) > MAX_TRACKS:
        raise MidiError(f"{len(score.tracks):,} instruments: at most {MAX_TRACKS:,} are read")
    return score


def _instruments(score: ScoreTick) -> list[TrackTick]:
    """A track for each channel and program of each track of the file; those without events say nothing."""
    return [track for track in score.tracks if track.notes or track.controls or track.pitch_bends]


def _notes(tracks: list[TrackTick]) -> dict[str, np.ndarray]:
    """Columns [N] in ticks, sorted by onset and pitch."""
    columns = [track.notes.numpy() for track in tracks]
    merged = {
        name: np.concatenate([np.empty(0, dtype), *(column[name] for column in columns)], dtype=dtype)
        for name, dtype in (
            ("time", np.int64),
            ("duration", np.int64),
            ("pitch", np.int16),
            ("velocity", np.int16),
        )
    }
    counts = [len(column["time"]) for column in columns]
    merged["instrument"] = np.repeat(np.arange(len(tracks), dtype=np.int32), counts)
    # Ties are broken by everything else, so that the same music is always in the same order.
    order = np.lexsort([merged[name] for name in ("velocity", "duration", "instrument", "pitch", "time")])
    return {name: column[order] for name, column in merged.items()}


def _pedal(tracks: list[TrackTick], quarter: float) -> np.ndarray:
    """The rows of `NoteTable.pedal`; `quarter` is the number of ticks in a quarter note."""
    rows = []
    for index, track in enumerate(tracks):
        if track.controls and not track.is_drum:
            controls = track.controls.numpy()
            own = controls["number"] == SUSTAIN
            time, value = controls["time"][own] / quarter, controls["value"][own]
            rows.append(np.stack([time, np.full(len(time), float(index)), pressed(value)], 1))
    return sort_pedal(np.concatenate(rows)) if rows else np.zeros((0, 3))


def _signatures(score: ScoreTick) -> np.ndarray:
    rows = [(s.time / score.ticks_per_quarter, s.numerator, s.denominator) for s in score.time_signatures]
    for _, numerator, denominator in rows:
        if numerator == 0 or denominator == 0:
            raise MidiError(f"a time signature of {numerator}/{denominator or 'a number above 128'}: damaged")
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _tempo_map(score: ScoreTick) -> TempoMap:
    """Also the place where pieces that are too long are refused: here seconds are known first."""
    if any(tempo.mspq == 0 for tempo in score.tempos):
        raise MidiError("a tempo of 0 microseconds per quarter note: damaged")
    rows = [(tempo.time / score.ticks_per_quarter, 60e6 / tempo.mspq) for tempo in score.tempos]
    tempos = TempoMap.from_quarters(np.array(rows, dtype=np.float64).reshape(-1, 2))
    seconds = tempos.second_at(score.end() / score.ticks_per_quarter)
    if seconds > MAX_SECONDS:
        hours = f"{seconds / 3600:,.1f} hours of music"
        raise MidiError(f"{hours}: at most 24 are read; a damaged file can look like this")
    return tempos


def _add_notes(sequence: NoteSequence, tracks: list[TrackTick], quarter: int, tempos: TempoMap) -> None:
    """`quarter` is the number of ticks in a quarter note."""
    notes = _notes(tracks)
    starts = tempos.to_seconds(notes["time"] / quarter).tolist()
    ends = tempos.to_seconds((notes["time"] + notes["duration"]) / quarter).tolist()
    of_track = [(index, track.program, track.is_drum) for index, track in enumerate(tracks)]
    columns = (notes[name].tolist() for name in ("pitch", "velocity", "instrument"))
    add = sequence.notes.add
    for start, end, pitch, velocity, track in zip(starts, ends, *columns, strict=True):
        index, program, is_drum = of_track[track]
        add(
            pitch=pitch, velocity=velocity, start_time=start, end_time=end,
            instrument=index, program=program, is_drum=is_drum,
        )  # fmt: skip
    sequence.total_time = max(ends, default=0.0)
    for index, track in enumerate(tracks):
        if track.name:
            sequence.instrument_infos.add(instrument=index, name=track.name)


def _add_controls(sequence: NoteSequence, tracks: list[TrackTick], quarter: int, tempos: TempoMap) -> None:
    for index, track in enumerate(tracks):
        place = {"instrument": index, "program": track.program, "is_drum": track.is_drum}
        controls = track.controls.numpy()
        times = tempos.to_seconds(controls["time"] / quarter).tolist()
        for time, number, value in zip(
            times, controls["number"].tolist(), controls["value"].tolist(), strict=True
        ):
            sequence.control_changes.add(time=time, control_number=number, control_value=value, **place)
        bends = track.pitch_bends.numpy()
        times = tempos.to_seconds(bends["time"] / quarter).tolist()
        for time, bend in zip(times, bends["value"].tolist(), strict=True):
            sequence.pitch_bends.add(time=time, bend=bend, **place)


def _add_globals(sequence: NoteSequence, score: ScoreTick, tempos: TempoMap) -> None:
    def seconds(tick: int) -> float:
        return tempos.second_at(tick / score.ticks_per_quarter)

    for second, qpm in zip(tempos.seconds.tolist(), tempos.qpm.tolist(), strict=True):
        sequence.tempos.add(time=second, qpm=qpm)
    for quarter, numerator, denominator in last_at_each_place(_signatures(score)):
        time = tempos.second_at(quarter)
        sequence.time_signatures.add(time=time, numerator=int(numerator), denominator=int(denominator))
    # Some files repeat it in every track; -7 (flats) to 7 (sharps), 0 major or 1 minor, the rest is nonsense.
    keys = {key.time: key for key in score.key_signatures if -7 <= key.key <= 7 and key.tonality <= 1}
    for tick, key in sorted(keys.items()):
        pitch_class = (7 * key.key + 9 * key.tonality) % 12
        sequence.key_signatures.add(time=seconds(tick), key=pitch_class, mode=key.tonality)
    for marker in score.markers:
        sequence.text_annotations.add(time=seconds(marker.time), text=marker.text)
