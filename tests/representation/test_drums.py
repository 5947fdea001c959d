"""Drum beats: the map of sounds, what extraction takes and says, and the way back."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import DRUM_CLASSES, DRUM_PITCHES, FULL, SINGLE_PITCHES, class_of_pitch
from seqgen.representation.drums import DrumConverter

MakeTable = Callable[..., NoteTable]
TWO_BARS = DrumConverter(bars=2)
FULL_KIT = DrumConverter(bars=2, kit=FULL)
any_full_row = hnp.arrays(np.int64, 32, elements=st.integers(0, (1 << 61) - 1))
any_row = hnp.arrays(np.int16, 32, elements=st.integers(0, 511))


def test_the_map_is_note_seqs() -> None:
    from note_seq.drums_encoder_decoder import MultiDrumOneHotEncoding

    oracle = MultiDrumOneHotEncoding()
    classes = class_of_pitch()
    assert len(DRUM_CLASSES) == 9
    for pitch in range(128):
        bit = 0 if classes[pitch] < 0 else 1 << int(classes[pitch])
        assert bit == oracle.encode_event(frozenset([pitch]))
    assert all(oracle.decode_event(1 << number) == {pitch} for number, pitch in enumerate(DRUM_PITCHES))


@given(any_row)
def test_a_clip_undoes_decode_for_every_row(row: np.ndarray) -> None:
    np.testing.assert_array_equal(TWO_BARS.encode_clip(TWO_BARS.decode(row)), row)


@given(any_row, st.integers(0, 15), st.integers(16, 31), st.integers(1, 511))
def test_encode_undoes_decode(row: np.ndarray, first: int, last: int, sound: int) -> None:
    """For every row with a hit in its first and its last bar and no rest of a bar between hits."""
    row[[first, (first + last) // 2, last]] = sound
    np.testing.assert_array_equal(TWO_BARS.encode(TWO_BARS.decode(row)), row[None])


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
    extraction = TWO_BARS.extract(piece, shift)
    assert extraction.tokens.shape == (len(extraction.windows), 32)
    assert all(0 <= token < 512 for token in extraction.tokens.flat)
    bits = sum(int(token).bit_count() for segment in extraction.segments for token in segment.tokens)
    steps = np.floor((piece.start + shift) * 4 + 0.5 + 1e-6)
    classes = class_of_pitch()[piece.pitch]
    assert bits == len({(step, sound) for step, sound in zip(steps, classes, strict=True) if sound >= 0})
    assert extraction.counts["unmapped"] == (classes < 0).sum()


def test_unknown_drums_are_counted_not_an_error(table: MakeTable) -> None:
    beat = [(quarter, quarter + 0.25, 36) for quarter in range(8)]
    extraction = TWO_BARS.extract(table([*beat, (0, 1, 3), (1, 2, 100)], drums=True))
    assert extraction.counts["unmapped"] == 2
    assert extraction.describe() == "1 beat, 1 window of 2 bars; 2 hits on unknown drums dropped"


def test_tracks_are_taken_together_and_pitched_notes_left_out(table: MakeTable) -> None:
    both = table([(0, 1, 36, 0), (0, 1, 42, 5), (4, 5, 38, 1)], drums=True)
    (row,) = TWO_BARS.encode(both)
    assert row[0] == 0b101
    assert row[16] == 0b10
    pitched = TWO_BARS.extract(table([(0, 1, 36)]))
    assert pitched.describe() == "0 beats, 0 windows of 2 bars; 1 note that is no drum left out"


def test_the_hats_of_the_roland_kit_are_hats(table: MakeTable) -> None:
    (row,) = TWO_BARS.encode(table([(0, 1, 22), (4, 5, 26)], drums=True))
    assert (row[0], row[16]) == (1 << 2, 1 << 3)


@pytest.mark.parametrize(("empty", "beats"), [(15, 1), (16, 2)])
def test_an_empty_bar_ends_a_beat(table: MakeTable, empty: int, beats: int) -> None:
    piece = table([(0, 0.25, 36), ((empty + 1) / 4, (empty + 2) / 4, 36)], drums=True)
    assert len(TWO_BARS.extract(piece).segments) == beats


def test_windows_with_few_hits_can_be_dropped(table: MakeTable) -> None:
    piece = table([(0, 1, 36), (0, 1, 42), (4, 5, 36), (8, 9, 38)], drums=True)
    extraction = DrumConverter(2, min_notes=3).extract(piece)
    assert [window.start_bar for window in extraction.windows] == [0]
    assert extraction.counts["too few notes"] == 1


def test_decode_writes_sixteenths_with_accents() -> None:
    row = np.zeros(32, np.int16)
    row[[0, 2, 3, 4]] = [0b111111111, 0b100, 0b100, 0b10]
    sequence = TWO_BARS.decode(row, qpm=100.0)
    assert sorted(note.pitch for note in sequence.notes if note.start_time == 0) == sorted(DRUM_PITCHES)
    assert all(note.is_drum and note.instrument == 9 for note in sequence.notes)
    assert all(note.end_time - note.start_time == pytest.approx(0.15) for note in sequence.notes)
    assert [note.velocity for note in sequence.notes[-4:]] == [100, 90, 85, 95]
    assert sequence.total_time == pytest.approx(8 * 0.6)


def test_drums_have_no_transpositions() -> None:
    rows = np.array([[1, 2], [2, 4]], np.int16)
    np.testing.assert_array_equal(TWO_BARS.transposition_key(rows), rows)


def test_the_full_kit_is_note_seqs_classes_one_pitch_after_the_other() -> None:
    """But for the four that Magenta's MusicVAE has elsewhere, or not."""
    from note_seq.drums_encoder_decoder import DEFAULT_DRUM_TYPE_PITCHES

    theirs = [pitch for pitches in DEFAULT_DRUM_TYPE_PITCHES for pitch in pitches]
    assert [p for p in theirs if p not in (22, 26, 43, 52)] == [
        p for p in SINGLE_PITCHES if p not in (43, 52)
    ]
    assert sorted(SINGLE_PITCHES) == list(range(27, 88))


@pytest.mark.parametrize(
    ("pitch", "bit"),
    [(36, 0), (38, 2), (37, 9), (40, 11), (42, 17), (54, 19), (46, 27), (45, 33), (48, 39), (50, 46),
     (43, 48), (49, 52), (55, 53), (51, 56), (52, 57), (82, 60)],
)  # fmt: skip
def test_a_pitch_of_the_full_kit_is_the_bit_that_magenta_gives_it(
    table: MakeTable, pitch: int, bit: int
) -> None:
    (row,) = FULL_KIT.encode(table([(0, 1, pitch), (4, 5, 36)], drums=True))
    assert row.dtype == FULL_KIT.dtype == np.int64
    assert (row[0], row[16]) == (1 << bit, 1)
    assert [note.pitch for note in FULL_KIT.decode(row).notes] == [pitch, 36]


@given(any_full_row)
def test_a_clip_of_the_full_kit_undoes_decode_for_every_row(row: np.ndarray) -> None:
    np.testing.assert_array_equal(FULL_KIT.encode_clip(FULL_KIT.decode(row)), row)


def test_the_full_kit_counts_hits_and_what_it_does_not_know(table: MakeTable) -> None:
    piece = table([(0, 1, 36), (0, 1, 82), (4, 5, 22), (4, 5, 87), (4, 5, 82)], drums=True)
    for needed, windows in ((4, 1), (5, 0)):
        extraction = DrumConverter(2, min_notes=needed, kit=FULL).extract(piece)
        assert extraction.counts["unmapped"] == 1
        assert len(extraction.windows) == windows
        assert extraction.tokens.dtype == np.int64
