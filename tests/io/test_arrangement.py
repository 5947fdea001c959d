"""Pieces on tracks; as one MIDI file, and read again."""

import numpy as np
import pytest
from note_seq import NoteSequence

from seqgen.io import MidiError, read_midi, write_midi
from seqgen.io.arrangement import Arrangement, Track, arrange, bar_line, common_ticks, to_sequence
from tests.io.midi_bytes import TINY


def song(tracks: int = 3, notes: int = 40, ticks: int = 480) -> Arrangement:
    """Notes on ticks, in changing tempo and metre; every velocity and program once in a while."""
    rng = np.random.default_rng(7)
    made = []
    for index in range(tracks):
        # One note after the other, so that no reader has to say which of two a release ends.
        edges = np.sort(rng.choice(ticks * 24, 2 * notes, replace=False)) / ticks
        pitch = rng.integers(0, 128, notes).astype(np.int16)
        velocity = rng.integers(1, 128, notes).astype(np.int16)
        program = 0 if index == 2 else 40 * index + 7
        made.append(Track(f"part {index}", program, index == 2, edges[::2], edges[1::2], pitch, velocity))
    tempos = np.array([[0.0, 60e6 / 500_001], [6.0, 60e6 / 413_793]])
    return Arrangement(made, tempos, np.array([[0.0, 3.0, 4.0], [6.0, 6.0, 8.0]]))


def assert_same(got: Arrangement, wanted: Arrangement) -> None:
    """Every number the same number, not about the same."""
    np.testing.assert_array_equal(got.tempos, wanted.tempos)
    np.testing.assert_array_equal(got.time_signatures, wanted.time_signatures)
    assert len(got.tracks) == len(wanted.tracks)
    for mine, other in zip(got.tracks, wanted.tracks, strict=True):
        assert (mine.name, mine.program, mine.is_drum) == (other.name, other.program, other.is_drum)
        for column in ("start", "end", "pitch", "velocity"):
            np.testing.assert_array_equal(getattr(mine, column), getattr(other, column), err_msg=column)


def test_a_midi_file_keeps_beats_velocities_tempo_and_metre(tmp_path):
    wanted = song()
    write_midi(to_sequence(wanted, 480), tmp_path / "a.mid")
    got, notices = arrange([read_midi(tmp_path / "a.mid")], ["x"])
    assert [track.name for track in got.tracks] == ["x part 0", "x part 1", "x part 2"]
    renamed = [
        Track(f"x {t.name}", t.program, t.is_drum, t.start, t.end, t.pitch, t.velocity) for t in wanted.tracks
    ]
    assert_same(got, Arrangement(renamed, wanted.tempos, wanted.time_signatures))
    assert notices == []


@pytest.mark.parametrize("path", TINY[::7], ids=lambda path: path.name)
def test_files_on_disk_survive_too(path, tmp_path):
    piece = read_midi(path)
    first, _ = arrange([piece], ["x"])
    write_midi(to_sequence(first, common_ticks([piece])), tmp_path / "a.mid")
    again, _ = arrange([read_midi(tmp_path / "a.mid")], ["x"])
    for mine, other in zip(again.tracks, first.tracks, strict=True):
        np.testing.assert_array_equal(np.sort(mine.start), np.sort(other.start))
        np.testing.assert_array_equal(np.sort(mine.velocity), np.sort(other.velocity))
    np.testing.assert_array_equal(again.tempos, first.tempos)
    np.testing.assert_array_equal(again.time_signatures, first.time_signatures)


def test_pieces_of_different_grids_keep_their_places(tmp_path):
    pieces = []
    for ticks in (220, 96):
        piece = NoteSequence(ticks_per_quarter=ticks)
        for step in range(ticks):
            place = {"start_time": step / ticks / 2, "end_time": (step + 1) / ticks / 2}
            piece.notes.add(pitch=step % 100, velocity=64, **place)
        pieces.append(piece)
    arrangement, notices = arrange(pieces, ["a", "b"])
    assert common_ticks(pieces) == 5280
    write_midi(to_sequence(arrangement, common_ticks(pieces)), tmp_path / "a.mid")
    again, _ = arrange([read_midi(tmp_path / "a.mid")], ["x"])
    np.testing.assert_array_equal(again.tracks[0].start, np.arange(220) / 220)
    np.testing.assert_array_equal(again.tracks[1].start, np.arange(96) / 96)
    assert notices == []


def test_what_is_left_out_is_said():
    first, second, empty = NoteSequence(), NoteSequence(), NoteSequence()
    for piece in (first, second):
        piece.notes.add(pitch=60, velocity=64, start_time=0, end_time=1)
    second.tempos.add(time=0, qpm=90)
    second.time_signatures.add(time=0, numerator=3, denominator=4)
    second.control_changes.add(time=0, control_number=64, control_value=127)
    arrangement, notices = arrange([first, second, empty], ["a", "b", "c"])
    assert [track.name for track in arrangement.tracks] == ["a", "b"]
    assert [notice.split(":")[0].split()[0] for notice in notices] == ["b", "b", "b", "c"]
    assert "tempo" in notices[0]
    assert "metre" in notices[1]
    assert "1 controls" in notices[2]


def test_the_end_is_a_bar_line():
    signatures = np.array([[0.0, 3.0, 4.0], [6.0, 6.0, 8.0], [9.0, 4.0, 4.0]])
    places = [0.0, 0.5, 3.0, 3.1, 6.0, 6.5, 9.0, 9.01, 13.0, 13.5]
    lines = [3, 3, 3, 6, 6, 9, 9, 13, 13, 17]
    assert [bar_line(signatures, place) for place in places] == lines


def test_a_grid_that_midi_has_not_is_refused():
    with pytest.raises(MidiError, match="ticks_per_quarter is 40000, expected 1 to 32767"):
        to_sequence(song(), 40_000)
    with pytest.raises(ValueError, match="expected one or more, got none"):
        arrange([], [])
