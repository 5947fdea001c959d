"""Played drums: what comes back of real beats, which hit is taken of several, and what a model reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.io.midi import notes_of, read_notes, write_midi
from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import DRUM_PITCHES, class_of_pitch
from seqgen.representation.groove import (
    CLASSES,
    HALF_STEP,
    TEMPO,
    GrooveConverter,
    early,
    from_vectors,
    hits_of,
    loudest,
    qpm_of,
    to_vectors,
)

MakeTable = Callable[..., NoteTable]
BEATS = sorted((Path(__file__).parents[1] / "fixtures" / "tiny" / "drums").glob("*.mid"))

MAGENTA = (
    (0, 1, 0.66142, 0.00000),
    (1, 1, 0.35433, 0.28333),
    (2, 1, 0.31496, 0.18333),
    (3, 1, 0.35433, -0.21667),
    (4, 1, 0.92913, 0.23333),
    (5, 1, 0.29921, -0.26667),
    (7, 1, 0.34646, -0.06667),
    (8, 1, 0.95276, 0.03333),
    (9, 1, 0.27559, -0.28333),
    (10, 1, 0.31496, -0.13333),
    (11, 1, 0.33858, -0.16667),
    (12, 1, 0.89764, -0.16667),
    (13, 1, 0.29921, -0.70000),
    (14, 1, 0.35433, -0.21667),
    (15, 1, 0.35433, -0.41667),
)
"""step, class, velocity and offset of each hit of a bar, as Magenta's GrooveConverter gives them; the hit on
step 6 is lost on the way there: it has no length, and note_seq drops such notes"""


def onsets(table: NoteTable) -> np.ndarray:
    """Rows (step, class, velocity, start in quarters), of each class and step the loudest."""
    known = table.select(class_of_pitch()[table.pitch] >= 0)
    step = np.floor(known.start * 4 + 0.5 + 1e-6).astype(int)
    number = class_of_pitch()[known.pitch]
    order = np.lexsort((known.start, -known.velocity.astype(int), number, step))
    rows = np.stack([step, number, known.velocity, known.start], 1)[order]
    first = np.unique(rows[:, :2], axis=0, return_index=True)[1]
    return rows[first]


@pytest.mark.parametrize("path", BEATS, ids=[path.stem[:20] for path in BEATS])
def test_real_beats_come_back_to_the_tick(path: Path, tmp_path: Path) -> None:
    """Through a MIDI file too, since that has the resolution of these beats."""
    played = read_notes(path)
    converter = GrooveConverter(int(played.start.max() // 4) + 2)
    rows = converter.encode_clip(played)
    piece = converter.decode(rows, qpm=float(qpm_of(rows)[0]))
    write_midi(piece, tmp_path / "a.mid")
    for again in (notes_of(piece), read_notes(tmp_path / "a.mid")):
        np.testing.assert_allclose(onsets(again), onsets(played), rtol=0, atol=0.5 / 480)
        np.testing.assert_array_equal(onsets(again)[:, :3], onsets(played)[:, :3])
    np.testing.assert_array_equal(converter.encode_clip(read_notes(tmp_path / "a.mid")), rows)


@pytest.mark.parametrize("path", BEATS, ids=[path.stem[:20] for path in BEATS])
def test_windows_are_pieces_of_the_whole(path: Path) -> None:
    played = read_notes(path)
    whole = GrooveConverter(int(played.start.max() // 4) + 2).encode_clip(played)
    found = GrooveConverter(2).extract(played)
    assert found.tokens.shape == (len(found.windows), 32, 19)
    for window in found.windows:
        begin = 16 * window.start_bar
        np.testing.assert_array_equal(window.tokens, whole[begin : begin + 32])


def test_of_two_hits_on_a_step_the_loudest_is_taken(table: MakeTable) -> None:
    """A closed hat (42) and a pedal hat (44) are one class; so are two strokes of a flam."""
    piece = table([(0.98, 1.2, 42), (1.02, 1.2, 44), (2.0, 2.2, 38), (2.1, 2.2, 38)], drums=True)
    piece.velocity[:] = [60, 90, 70, 70]
    rows = GrooveConverter(1).encode_clip(piece)
    assert [(hit.step, hit.number, hit.velocity) for hit in hits_of(rows)] == [(4, 2, 90), (8, 1, 70)]
    assert [hit.early for hit in hits_of(rows)] == pytest.approx([-0.08, 0.0], abs=1e-4)
    assert loudest(np.array([4, 4, 8, 8]), np.array([2, 2, 1, 1]), piece.velocity).tolist() == [1, 1, 2, 2]


def test_offsets_are_positive_where_a_hit_is_early_and_half_a_step_is_early(table: MakeTable) -> None:
    piece = table([(0.95, 1, 36), (2.05, 2.2, 36), (3.125, 3.2, 36)], drums=True)
    rows = GrooveConverter(1).encode_clip(piece)
    vectors = to_vectors(rows)
    assert vectors.shape == (16, 27)
    assert np.flatnonzero(vectors[:, 0]).tolist() == [4, 8, 13]
    assert vectors[[4, 8, 13], 18] == pytest.approx([0.4, -0.4, 1.0], abs=1e-4)
    assert vectors[4, 9] == pytest.approx(80 / 127)


def test_a_hit_before_the_first_bar_is_played_at_time_0() -> None:
    rows = np.zeros((16, 19), np.int16)
    rows[0, [0, CLASSES]], rows[:, TEMPO] = [100, HALF_STEP], 1200
    (note,) = GrooveConverter(1).decode(rows).notes
    assert (note.start_time, note.pitch, note.velocity) == (0.0, DRUM_PITCHES[0], 100)


def test_the_tempo_of_each_step_is_known(table: MakeTable) -> None:
    piece = table([(0, 1, 36), (5, 6, 36)], drums=True, tempos=((0, 120), (4, 90.5)))
    rows = GrooveConverter(2).encode_clip(piece)
    assert qpm_of(rows)[[0, 15, 16, 31]].tolist() == [120, 120, 90.5, 90.5]


def test_metres_rests_and_unknown_drums_are_said(table: MakeTable) -> None:
    beat = [(quarter / 2, quarter / 2 + 0.1, 36) for quarter in range(24)]
    found = GrooveConverter(2).extract(table([*beat, (1, 2, 3)], drums=True))
    assert found.describe() == (
        "1 beat, 1 window of 2 bars; 1 hit on an unknown drum dropped, 1 repeated window dropped"
    )
    waltz = GrooveConverter(2).extract(table(beat, drums=True, metres=((0, 3, 4),)))
    assert waltz.describe() == "0 beats, 0 windows of 2 bars; 1 stretch in 3/4 skipped"
    assert waltz.tokens.shape == (0, 32, 19)
    few = GrooveConverter(2, min_notes=99).extract(table(beat, drums=True))
    assert few.counts["too few notes"] == 2


@given(
    st.lists(
        st.tuples(
            st.floats(0, 60, width=32), st.floats(0, 9, width=32), st.integers(0, 127), st.integers(0, 2)
        ),
        max_size=40,
    ),
    st.sampled_from([0.0, 2.0]),
)
def test_extraction_takes_every_table(
    table: MakeTable, notes: list[tuple[float, float, int, int]], shift: float
) -> None:
    piece = table(
        [(start, start + length, pitch, track) for start, length, pitch, track in notes], drums=True
    )
    found = GrooveConverter(2).extract(piece, shift)
    assert found.tokens.shape == (len(found.windows), 32, 19)
    np.testing.assert_array_equal(from_vectors(to_vectors(found.tokens), qpm_of(found.tokens)), found.tokens)


def test_the_numbers_are_magentas() -> None:
    """A bar of `drummer3_session1_19_jazz_120_beat_4-4` as Magenta's converter gives it (v2.1.4)."""
    path = next(path for path in BEATS if "session1_19_jazz" in path.name)
    vectors = to_vectors(GrooveConverter(2).encode_clip(read_notes(path)))
    for step, number, velocity, offset in MAGENTA:
        assert vectors[step, number] == 1
        assert vectors[step, 9 + number] == pytest.approx(velocity, abs=1e-5)
        assert vectors[step, 18 + number] == pytest.approx(offset, abs=1e-4)
    assert np.argwhere(vectors[:16, :9]).tolist() == sorted([[6, 1], *(list(hit[:2]) for hit in MAGENTA)])


def test_bad_rows_are_refused() -> None:
    converter = GrooveConverter(1)
    for rows, message in (
        (np.zeros((16, 18), np.int16), "expected whole numbers"),
        (np.zeros((0, 19), np.int16), "expected whole numbers"),
        (np.zeros((16, 19)), "expected whole numbers"),
        (np.full((16, 19), -1, np.int16), "velocities from 0 to 127"),
    ):
        with pytest.raises(ValueError, match=message):
            converter.decode(rows)
    with pytest.raises(ValueError, match="tempo above 0"):
        converter.decode(np.zeros((16, 19), np.int16), qpm=0.0)


def test_early_is_measured_in_half_steps() -> None:
    assert early(np.array([4, 4, 4]), np.array([1.0, 0.875, 1.125])).tolist() == [0, HALF_STEP, -HALF_STEP]
