"""Reading against two other readers; writing, and reading again."""

import dataclasses
import io
from pathlib import Path

import mido
import note_seq
import numpy as np
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from note_seq import NoteSequence

from seqgen.io import MidiError, NoteTable, notes_of, read_midi, read_notes, write_midi
from seqgen.io.midi_write import to_midi_bytes
from tests.io.midi_bytes import END, NOTE, ODD, TINY, midi

MUSIC = [*TINY, *(ODD / name for name in ("muspy_pitches.mid", "syn_triplets.mid", "jz_vlq-4-byte.mid"))]
COMPARED = [path for path in MUSIC if path.name != "d_dm30.mid"]
"""all but one whose tempo stands on a later track, where pretty_midi does not look for it"""


def rows(sequence: NoteSequence) -> np.ndarray:
    """[N, 6] sorted: onset, release, pitch, velocity, program, drum."""
    found = [
        (n.start_time, n.end_time, n.pitch, n.velocity, n.program, n.is_drum)
        for n in sequence.notes
        if n.end_time > n.start_time
    ]
    return np.array(sorted(found, key=lambda row: (row[2:], row[:2])), dtype=np.float64)


def without_overlaps(sequence: NoteSequence) -> bool:
    """Whether a reader needs no opinion on which of two notes of a pitch a release belongs to."""
    last: dict[tuple[int, int], float] = {}
    for note in sequence.notes:
        if note.start_time < last.get((note.instrument, note.pitch), 0.0) or note.start_time == note.end_time:
            return False
        last[note.instrument, note.pitch] = note.end_time
    return True


@pytest.mark.filterwarnings("ignore:Tempo, Key or Time signature change events found on non-zero tracks")
@pytest.mark.parametrize("path", COMPARED, ids=lambda path: path.name)
def test_note_seq_reads_the_same(path: Path) -> None:
    ours, theirs = read_midi(path), note_seq.midi_file_to_note_sequence(str(path))
    # Where notes of one pitch overlap, readers may disagree on which of them a release ends.
    clear = without_overlaps(ours)
    columns = [0, 1, 2, 3, 4, 5] if clear else [2, 4, 5]
    tick = 60 / max(t.qpm for t in ours.tempos) / ours.ticks_per_quarter
    np.testing.assert_allclose(rows(ours)[:, columns], rows(theirs)[:, columns], atol=tick / 100)
    assert ours.ticks_per_quarter == theirs.ticks_per_quarter
    assert not clear or ours.total_time == pytest.approx(theirs.total_time)
    for mine, other in zip(ours.tempos, theirs.tempos, strict=True):
        assert (mine.time, mine.qpm) == pytest.approx((other.time, other.qpm))
    for mine, other in zip(ours.time_signatures, theirs.time_signatures, strict=True):
        assert (mine.numerator, mine.denominator) == (other.numerator, other.denominator)
        assert mine.time == pytest.approx(other.time)
    for mine, other in zip(ours.key_signatures, theirs.key_signatures, strict=True):
        assert (mine.key, mine.mode) == (other.key, other.mode)


def test_most_files_are_compared() -> None:
    assert sum(without_overlaps(read_midi(path)) for path in MUSIC) >= 25


@pytest.mark.parametrize("path", TINY[::5], ids=lambda path: path.name)
def test_pretty_midi_reads_what_we_write(path: Path, tmp_path: Path) -> None:
    sequence = read_midi(path)
    write_midi(sequence, tmp_path / "again.mid")
    theirs = pretty_midi.PrettyMIDI(str(tmp_path / "again.mid"))
    lost = sum(n.end_time == n.start_time for n in sequence.notes)  # pretty_midi drops notes without length
    assert 0 <= len(sequence.notes) - sum(len(i.notes) for i in theirs.instruments) <= lost
    programs = {(n.program, n.is_drum) for n in sequence.notes}
    assert {(i.program, i.is_drum) for i in theirs.instruments} == programs
    assert theirs.get_end_time() >= sequence.total_time - 1e-6


@pytest.mark.parametrize("path", MUSIC, ids=lambda path: path.name)
def test_a_round_trip_changes_nothing(path: Path, tmp_path: Path) -> None:
    first = read_midi(path)
    write_midi(first, tmp_path / "again.mid")
    assert read_midi(tmp_path / "again.mid") == first


@pytest.mark.parametrize("path", MUSIC, ids=lambda path: path.name)
def test_notes_of_a_sequence_are_those_of_the_file(path: Path) -> None:
    ours, theirs = notes_of(read_midi(path)), read_notes(path)
    for field in dataclasses.fields(NoteTable):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other, err_msg=field.name)


def everything() -> NoteSequence:
    """A little of all that must survive."""
    sequence = NoteSequence(ticks_per_quarter=480)
    sequence.tempos.add(time=0, qpm=100)
    sequence.tempos.add(time=1.2, qpm=150)
    sequence.time_signatures.add(time=0, numerator=3, denominator=4)
    sequence.time_signatures.add(time=1.8, numerator=6, denominator=8)
    sequence.key_signatures.add(time=0, key=9, mode=NoteSequence.KeySignature.MINOR)
    sequence.text_annotations.add(time=0, text="seqgen interpolate seed=7 model=mel-2bar")
    sequence.text_annotations.add(time=1.2, text="Überleitung")
    for instrument in range(20):
        is_drum, program = instrument == 4, 5 if instrument < 10 else instrument
        place = {"instrument": instrument, "program": program, "is_drum": is_drum}
        for step in range(4):
            start = step * 0.3
            sequence.notes.add(
                pitch=40 + step, velocity=60 + step, start_time=start, end_time=start + 0.3, **place
            )
        sequence.control_changes.add(time=0.3, control_number=64, control_value=127, **place)
        sequence.control_changes.add(time=0.9, control_number=64, control_value=0, **place)
        sequence.control_changes.add(time=0.0, control_number=7, control_value=90 + instrument, **place)
        sequence.pitch_bends.add(time=0.6, bend=-8192 + 800 * instrument, **place)
        sequence.instrument_infos.add(instrument=instrument, name=f"track {instrument}")
    sequence.total_time = 1.2
    return sequence


def test_everything_survives(tmp_path: Path) -> None:
    wanted = everything()
    write_midi(wanted, tmp_path / "a.mid")
    got = read_midi(tmp_path / "a.mid")
    np.testing.assert_allclose(rows(got), rows(wanted), atol=1e-9)
    assert got.ticks_per_quarter == 480
    assert [t.time for t in got.tempos] == pytest.approx([0, 1.2])
    assert [t.qpm for t in got.tempos] == pytest.approx([100, 150])
    assert [(s.numerator, s.denominator) for s in got.time_signatures] == [(3, 4), (6, 8)]
    assert [s.time for s in got.time_signatures] == pytest.approx([0, 1.8])
    assert [(k.key, k.mode) for k in got.key_signatures] == [(9, 1)]
    assert [(t.time, t.text) for t in got.text_annotations] == [
        (t.time, t.text) for t in wanted.text_annotations
    ]
    assert [(i.instrument, i.name) for i in got.instrument_infos] == [(i, f"track {i}") for i in range(20)]

    def controls(sequence: NoteSequence) -> list[tuple[float, ...]]:
        return sorted(
            (c.instrument, round(c.time, 9), c.control_number, c.control_value, c.program, c.is_drum)
            for c in sequence.control_changes
        )

    assert controls(got) == controls(wanted)
    assert [(b.instrument, round(b.time, 9), b.bend) for b in got.pitch_bends] == [
        (b.instrument, b.time, b.bend) for b in wanted.pitch_bends
    ]


def test_other_software_sees_channels_and_the_text() -> None:
    file = mido.MidiFile(file=io.BytesIO(to_midi_bytes(everything())))
    channels = [{m.channel for m in track if m.type == "note_on"} for track in file.tracks]
    assert all(len(used) == 1 for used in channels)
    assert [number for number, used in enumerate(channels) if used == {9}] == [
        4
    ]  # the drums, and nothing else
    assert len(set().union(*channels[:15])) == 15
    markers = [m.text for track in file.tracks for m in track if m.type == "marker"]
    assert markers[0] == "seqgen interpolate seed=7 model=mel-2bar"


def test_the_same_sequence_gives_the_same_bytes() -> None:
    sequence = everything()
    shuffled = NoteSequence()
    shuffled.CopyFrom(sequence)
    del shuffled.notes[:]
    shuffled.notes.extend(reversed(sequence.notes))
    assert to_midi_bytes(sequence) == to_midi_bytes(sequence) == to_midi_bytes(shuffled)


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 12), st.integers(60, 62), st.integers(1, 127)),
        max_size=30,
    ),
    st.sampled_from([1, 24, 96, 220, 480, 960]),
    st.lists(st.tuples(st.integers(1, 50), st.floats(10, 400)), max_size=3),
)
def test_any_notes_survive(notes: list[tuple[int, ...]], ticks: int, tempos: list[tuple[int, float]]) -> None:
    """Ticks of quarters, through tempo changes: places stay exact, whatever else."""
    sequence = NoteSequence(ticks_per_quarter=ticks)
    second, quarter, qpm = 0.0, 0, 120.0
    places = {0: 0.0}
    changes = dict(tempos)
    for quarter in range(1, 80):
        second += 60 / qpm
        places[quarter] = second
        if quarter in changes:
            # What MIDI can say: whole microseconds a quarter.
            qpm = 60e6 / round(60e6 / changes[quarter])
            sequence.tempos.add(time=second, qpm=qpm)
    for start, length, pitch, velocity in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=places[start],
            end_time=places[start + length],
            program=3,
        )
    table = notes_of(sequence)
    np.testing.assert_array_equal(table.start, np.rint(table.start))
    again = read_notes(to_midi_bytes(sequence))
    np.testing.assert_array_equal(again.start, table.start)
    np.testing.assert_array_equal(again.pitch, table.pitch)
    np.testing.assert_allclose(again.tempos, table.tempos)
    # Overlapping notes of a pitch may swap their ends, but nothing is lost.
    np.testing.assert_array_equal(np.sort(again.end), np.sort(table.end))
    np.testing.assert_array_equal(np.sort(again.velocity), np.sort(table.velocity))


def test_quarters_do_not_depend_on_tempo() -> None:
    # Two notes of a quarter, the second at half the tempo.
    data = midi(NOTE + b"\x00\xff\x51\x03\x0f\x42\x40" + NOTE + END)
    table = read_notes(data)
    assert table.start.tolist() == [0, 1]
    assert table.end.tolist() == [1, 2]
    assert table.tempos.tolist() == [[0, 120], [1, 60]]
    assert [(n.start_time, n.end_time) for n in read_midi(data).notes] == [(0, 0.5), (0.5, 1.5)]


def test_defaults_are_filled_in_and_the_last_of_several_counts() -> None:
    table = read_notes(midi(NOTE + b"\x00\xff\x58\x04\x03\x02\x18\x08\x00\xff\x58\x04\x05\x02\x18\x08" + END))
    assert table.tempos.tolist() == [[0, 120]]
    assert table.time_signatures.tolist() == [[0, 4, 4], [1, 5, 4]]


def test_programs_channels_and_tracks_are_kept_apart() -> None:
    track = b"\x00\xc3\x05\x00\x93\x3c\x40\x00\x99\x24\x41\x60\x83\x3c\x00\x00\x89\x24\x00"
    table = read_notes(midi(track + END, track + END))
    columns = (table.instrument.tolist(), table.program.tolist(), table.is_drum.tolist())
    assert sorted(zip(*columns, strict=True)) == [
        (0, 5, False), (1, 0, True), (2, 5, False), (3, 0, True),
    ]  # fmt: skip


def test_a_latin_1_name_does_not_raise(tmp_path: Path) -> None:
    sequence = read_midi(midi(b"\x00\xff\x03\x02\xe9\xe8\x00\xff\x06\x01\xe9" + NOTE + END))
    assert len(sequence.notes) == len(sequence.instrument_infos) == len(sequence.text_annotations) == 1
    write_midi(sequence, tmp_path / "again.mid")
    assert read_midi(tmp_path / "again.mid") == sequence


def one_note(**changes: float) -> NoteSequence:
    sequence = NoteSequence()
    sequence.notes.add(**({"pitch": 60, "velocity": 80, "start_time": 0.0, "end_time": 1.0} | changes))
    return sequence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pitch": 128}, "pitch 128, expected 0 to 127"),
        ({"velocity": 0}, "velocity 0, expected 1 to 127"),
        ({"program": 128}, "program 128"),
        ({"end_time": -1.0}, "end_time -1"),
        ({"start_time": float("nan")}, "start_time nan"),
        ({"end_time": 90_000.0}, "24 hours"),
    ],
)
def test_what_midi_cannot_hold_is_refused_and_leaves_nothing(changes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"as it was")
    with pytest.raises(MidiError, match=message):
        write_midi(one_note(**changes), path)
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MidiError, match=r"missing.*cannot be written"):
        write_midi(one_note(), tmp_path / "missing" / "a.mid")

    def fail(source: Path, target: Path) -> None:
        raise OSError("disk on fire")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(MidiError, match="disk on fire"):
        write_midi(one_note(), tmp_path / "a.mid")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_sequence_keeps_its_tempo_and_text(tmp_path: Path) -> None:
    sequence = NoteSequence()
    sequence.tempos.add(qpm=100)
    sequence.text_annotations.add(text="seed=1")
    write_midi(sequence, tmp_path / "a.mid")
    got = read_midi(tmp_path / "a.mid")
    assert (got.tempos[0].qpm, got.text_annotations[0].text, len(got.notes)) == (100, "seed=1", 0)
    assert len(read_notes(tmp_path / "a.mid")) == 0
