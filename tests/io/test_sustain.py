"""The sustain pedal, against note_seq."""

import note_seq
import numpy as np
import pytest
from note_seq import sequences_lib

from seqgen.io.midi import notes_of, read_notes
from seqgen.io.midi_write import to_midi_bytes
from seqgen.io.notes import NoteTable
from seqgen.io.sustain import with_pedal


def held(notes: NoteTable) -> list[tuple[float, float, int, int]]:
    columns = (notes.start, notes.end, notes.pitch, notes.instrument)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def pedalled(seed: int) -> note_seq.NoteSequence:
    """Two tracks of two pitches whose notes often meet, with the pedal going up and down anywhere."""
    rng = np.random.default_rng(seed)
    music = note_seq.NoteSequence(ticks_per_quarter=480)
    music.tempos.add(qpm=60)
    for track in range(2):
        for pitch in (60, 62):
            now = 0
            for _ in range(4):
                now += int(rng.integers(0, 4))
                end = now + int(rng.integers(1, 4))
                music.notes.add(
                    pitch=pitch, velocity=80, instrument=track, start_time=now / 4, end_time=end / 4
                )
                now = end
        for _ in range(5):
            music.control_changes.add(
                time=int(rng.integers(0, 24)) / 4,
                instrument=track,
                control_number=64,
                control_value=int(rng.integers(0, 2)) * 127,
            )
    music.total_time = max(note.end_time for note in music.notes)
    return music


@pytest.mark.parametrize("seed", range(40))
def test_notes_last_as_in_note_seq(seed: int) -> None:
    music = pedalled(seed)
    expected = notes_of(sequences_lib.apply_sustain_control_changes(music))
    assert held(with_pedal(notes_of(music))) == held(expected)


def test_a_file_has_the_pedal_of_its_sequence() -> None:
    music = pedalled(1)
    read = read_notes(to_midi_bytes(music))
    assert len(read.pedal) == 10
    assert held(with_pedal(read)) == held(with_pedal(notes_of(music)))
    assert len(with_pedal(read).pedal) == 0


def test_drums_and_other_controls_are_left_alone() -> None:
    music = note_seq.NoteSequence(ticks_per_quarter=480)
    music.tempos.add(qpm=60)
    music.notes.add(pitch=36, velocity=80, start_time=0, end_time=1, is_drum=True, instrument=0)
    music.notes.add(pitch=60, velocity=80, start_time=0, end_time=1, instrument=1)
    music.notes.add(pitch=60, velocity=80, start_time=4, end_time=5, instrument=1)
    music.control_changes.add(time=0, control_number=64, control_value=127, is_drum=True, instrument=0)
    music.control_changes.add(time=0, control_number=66, control_value=127, instrument=1)
    assert held(with_pedal(notes_of(music))) == [(0, 1, 36, 0), (0, 1, 60, 1), (4, 5, 60, 1)]
