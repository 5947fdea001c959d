"""Melodies: what extraction takes, what it rejects and says, and how tokens are played."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from seqgen.io.midi import notes_of
from seqgen.io.notes import NoteTable
from seqgen.representation.melody import FIRST_ONSET, MelodyConverter, canonical
from seqgen.representation.timeline import quantise

MakeTable = Callable[..., NoteTable]
TWO_BARS = MelodyConverter(bars=2)


def test_a_segment_is_found_again_in_its_windows(table: MakeTable) -> None:
    """Windows a bar apart cover every bar of a segment."""
    tune = [(beat, beat + 0.5, 60 + beat % 7) for beat in range(22)]
    extraction = TWO_BARS.extract(table(tune))
    (segment,) = extraction.segments
    assert segment.bars == 6
    assert [window.start_bar for window in extraction.windows] == [0, 1, 2, 3, 4]
    for window in extraction.windows:
        cut = segment.tokens[window.start_bar * 16 : window.start_bar * 16 + 32]
        np.testing.assert_array_equal(window.tokens, canonical(cut))


def test_all_windows_are_kept(table: MakeTable) -> None:
    """No limit of five, nor of a hundred bars."""
    rng = np.random.default_rng(0)
    tune = [(beat, beat + 1, int(pitch)) for beat, pitch in enumerate(rng.integers(40, 90, 600))]
    assert len(MelodyConverter(16).extract(table(tune)).windows) == 150 - 15


def test_a_pickup_ends_on_a_bar_line(table: MakeTable) -> None:
    pickup = [(0, 1, 67), (1, 5, 72)]
    (plain,) = MelodyConverter(2).extract(table(pickup)).segments
    (shifted,) = MelodyConverter(2).extract(table(pickup), shift_quarters=3.0).segments
    assert np.flatnonzero(plain.tokens >= FIRST_ONSET).tolist() == [0, 4]
    assert np.flatnonzero(shifted.tokens >= FIRST_ONSET).tolist() == [12, 16]
    assert shifted.start_bar == 0
    assert shifted.bars == 2


def test_padding_moves_no_later_bar_line(table: MakeTable) -> None:
    piece = table(
        [(0, 1, 60), (1, 4, 62), (4, 5, 64), (5, 8, 65)],
        metres=((0, 4, 4), (1, 3, 4), (4, 4, 4)),
        tempos=((0, 100), (4, 150)),
    )
    extraction = MelodyConverter(1).extract(piece, shift_quarters=3.0)
    assert [(s.start_bar, s.qpm, np.flatnonzero(s.tokens).tolist()) for s in extraction.segments] == [
        (0, 100.0, [12]),
        (2, 150.0, [0, 4]),
    ]
    assert extraction.counts["metre 3/4"] == 1


@pytest.mark.parametrize("shift", [-1.0, math.nan, math.inf])
def test_padding_must_be_a_length(table: MakeTable, shift: float) -> None:
    with pytest.raises(ValueError, match="shift_quarters: expected"):
        TWO_BARS.extract(table([(0, 1, 60)]), shift)


def test_a_tempo_change_cuts_nothing(table: MakeTable) -> None:
    tune = [(beat, beat + 1, 60 + beat % 5) for beat in range(16)]
    extraction = TWO_BARS.extract(table(tune, tempos=((0, 90), (8, 120))))
    assert len(extraction.segments) == 1
    assert [window.qpm for window in extraction.windows] == [90.0, 90.0, 120.0]


def test_it_says_what_it_rejected_and_why(table: MakeTable) -> None:
    tune = [(beat, beat + 1, 60 + beat % 5) for beat in range(8)]
    piece = table(
        [*tune, (0, 1, 50), (2.5, 3.5, 70), (3, 3.25, 15), (16, 24, 60), (28, 32, 60)],
        metres=((0, 4, 4), (24, 3, 4)),
    )
    extraction = MelodyConverter(2, min_notes=2).extract(piece)
    assert extraction.counts == {
        "out of range": 1,
        "polyphonic": 1,
        "cut": 2,
        "rest": 1,
        "metre": 1,
        "metre 3/4": 1,
        "too few notes": 1,
    }
    assert extraction.describe() == (
        "2 melodies, 1 window of 2 bars; 1 note out of range dropped, 1 stretch in 3/4 skipped, "
        "1 note dropped under a higher one, 2 overlapping notes cut by the next, "
        "1 long rest split a candidate, 1 window with too few notes dropped"
    )


def test_it_says_why_there_is_nothing(table: MakeTable) -> None:
    assert TWO_BARS.extract(table([])).describe() == "0 melodies, 0 windows of 2 bars; 1 file without notes"
    drums = TWO_BARS.extract(table([(0, 1, 36), (1, 2, 38)], drums=True))
    assert drums.describe() == "0 melodies, 0 windows of 2 bars; 2 drum notes left out"
    violin = MelodyConverter(16, programs=range(32)).extract(table([(0, 1, 60)], program=40))
    assert violin.describe() == "0 melodies, 0 windows of 16 bars; 1 note of another program left out"
    short = TWO_BARS.extract(table([(0, 1, 60)]))
    assert short.describe() == "1 melody, 0 windows of 2 bars; 1 candidate shorter than a window"
    assert short.segments[0].bars == 1


@pytest.mark.parametrize(("rest", "melodies"), [(15, 1), (16, 2), (40, 2)])
def test_a_rest_of_a_bar_ends_a_melody(table: MakeTable, rest: int, melodies: int) -> None:
    piece = table([(0, 1, 60), (1 + rest / 4, 8 + rest / 4, 62)])
    assert len(TWO_BARS.extract(piece).segments) == melodies
    assert len(MelodyConverter(2, gap_bars=3.0).extract(piece).segments) == 1
    assert len(MelodyConverter(2, gap_bars=math.inf).extract(piece).segments) == 1


def test_two_bars_of_two_four_can_count_as_one(table: MakeTable) -> None:
    tune = [(beat, beat + 1, 60 + beat) for beat in range(8)]
    in_two = table(tune, metres=((0, 2, 4),))
    assert len(TWO_BARS.extract(in_two).windows) == 0
    windows = MelodyConverter(2, two_four=True).encode(in_two)
    np.testing.assert_array_equal(windows, TWO_BARS.encode(table(tune)))


@pytest.mark.parametrize("metre", [(2, 2), (8, 8)])
def test_a_bar_of_four_quarters_is_a_bar_however_it_is_written(
    table: MakeTable, metre: tuple[int, int]
) -> None:
    tune = [(beat, beat + 1, 60 + beat) for beat in range(8)]
    np.testing.assert_array_equal(
        TWO_BARS.encode(table(tune, metres=((0, *metre),))), TWO_BARS.encode(table(tune))
    )


def test_a_note_without_end_does_not_fill_the_memory(table: MakeTable) -> None:
    extraction = TWO_BARS.extract(table([(0, 3e8, 60), (4e8, 4e8 + 1, 62)]))
    assert sum(segment.bars for segment in extraction.segments) == 257


def test_too_plain_windows_can_be_dropped(table: MakeTable) -> None:
    piece = table([(beat, beat + 1, 60 if beat < 8 else 60 + beat) for beat in range(16)])
    extraction = MelodyConverter(2, min_unique_pitches=2).extract(piece)
    assert [window.start_bar for window in extraction.windows] == [1, 2]
    assert extraction.counts["too few pitches"] == 1


def test_a_clip_is_read_from_one_track(table: MakeTable) -> None:
    piece = table([(0, 1, 60, 0), (4, 5, 62, 0), (0, 1, 90, 1)], metres=((0, 3, 4),))
    assert np.flatnonzero(TWO_BARS.encode_clip(piece)).tolist() == [0, 4, 16, 20]
    assert TWO_BARS.encode_clip(piece, instrument=1)[0] == 90 - 19
    assert TWO_BARS.encode_clip(piece, start_bar=1)[0] == 62 - 19
    assert not TWO_BARS.encode_clip(piece, start_bar=7).any()
    assert not TWO_BARS.encode_clip(table([])).any()


def test_decode_keeps_tempo_program_and_length() -> None:
    row = np.zeros(32, np.int16)
    row[[0, 4, 5, 6, 20]] = [41, 42, 43, 44, 1]
    sequence = TWO_BARS.decode(row, qpm=90.0, velocity=70, program=33)
    assert [tempo.qpm for tempo in sequence.tempos] == [90.0]
    assert [(t.numerator, t.denominator) for t in sequence.time_signatures] == [(4, 4)]
    assert sequence.total_time == pytest.approx(8 * 60 / 90)
    assert [note.pitch for note in sequence.notes] == [60, 61, 62, 63]
    assert [note.velocity for note in sequence.notes] == [
        80,
        75,
        65,
        70,
    ]  # beat one, beat two, between, eighth
    assert {note.program for note in sequence.notes} == {33}
    table = notes_of(sequence)
    np.testing.assert_array_equal(quantise(table.start), [0, 4, 5, 6])
    np.testing.assert_array_equal(quantise(table.end), [4, 5, 6, 20])
    assert table.qpm_at(0.0) == pytest.approx(90)


@pytest.mark.parametrize(("velocity", "lowest", "highest"), [(1, 1, 11), (127, 122, 127)])
def test_velocities_stay_in_range(velocity: int, lowest: int, highest: int) -> None:
    sequence = TWO_BARS.decode(np.full(32, 41, np.int16), velocity=velocity)
    assert min(note.velocity for note in sequence.notes) == lowest
    assert max(note.velocity for note in sequence.notes) == highest


@pytest.mark.parametrize(
    ("tokens", "options", "words"),
    [
        (np.zeros((2, 32), np.int16), {}, r"tokens: expected .* \[T\], got int16 of shape \(2, 32\)"),
        (np.zeros(32, np.float32), {}, "got float32"),
        (np.zeros(0, np.int16), {}, "of shape"),
        (np.full(32, 90), {}, "tokens: expected 0 to 89, got 90 to 90"),
        (np.zeros(32, np.int16), {"qpm": 0.0}, "qpm: expected"),
        (np.zeros(32, np.int16), {"qpm": math.nan}, "qpm: expected"),
        (np.zeros(32, np.int16), {"velocity": 0}, "velocity: expected 1 to 127, got 0"),
        (np.zeros(32, np.int16), {"program": 128}, "program: expected"),
    ],
)
def test_decode_names_what_is_wrong(tokens: np.ndarray, options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TWO_BARS.decode(tokens, **options)
