"""Melodies: the laws that tie tokens to notes."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seqgen.io.notes import NoteTable
from seqgen.representation.melody import FIRST_ONSET, NOTE_OFF, MelodyConverter, canonical

MakeTable = Callable[..., NoteTable]
TWO_BARS = MelodyConverter(bars=2)

any_row = hnp.arrays(np.int16, 32, elements=st.integers(0, 89))
sixteenths = st.integers(0, 300).map(lambda step: step / 4)
free_times = st.floats(0, 80, width=32)
notes_on_a_grid = st.lists(st.tuples(sixteenths, st.integers(1, 40), st.integers(21, 108)), max_size=40)


@st.composite
def framed_rows(draw: st.DrawFn) -> np.ndarray:
    """Two bars as `extract` cuts them out of a piece that has nothing else.

    Canonical; the first onset in the first bar; no rest of a bar; the last note heard in the last bar.
    """
    first = draw(st.integers(0, 15))
    row = np.zeros(32, np.int16)
    step = first
    while step < 32:
        row[step] = draw(st.integers(FIRST_ONSET, 89))
        length = draw(st.integers(1, 17))
        rest = draw(st.integers(0, 15))
        if step + length > 16 and step + length < 32 and draw(st.booleans()):
            row[step + length] = NOTE_OFF
            break
        if rest and step + length < 32 and step + length + rest < 32:
            row[step + length] = NOTE_OFF
        step += length + rest
    return row


def rows_of(notes: list[tuple[float, int, int]]) -> list[tuple[float, float, int]]:
    return [(start, start + steps / 4, pitch) for start, steps, pitch in notes]


@given(framed_rows())
def test_encode_undoes_decode(row: np.ndarray) -> None:
    np.testing.assert_array_equal(TWO_BARS.encode(TWO_BARS.decode(row)), row[None])


@given(any_row, st.sampled_from([33.0, 90.0, 119.7, 120.0, 240.0]))
def test_a_clip_undoes_decode_for_every_row(row: np.ndarray, qpm: float) -> None:
    np.testing.assert_array_equal(TWO_BARS.encode_clip(TWO_BARS.decode(row, qpm=qpm)), canonical(row))


@given(any_row)
def test_canonical_rows_are_the_ones_that_stay_as_they_are(row: np.ndarray) -> None:
    once = canonical(row)
    np.testing.assert_array_equal(canonical(once), once)
    np.testing.assert_array_equal(canonical(np.stack([row, once])), np.stack([once, once]))
    sounding = False
    for before, after in zip(row.tolist(), once.tolist(), strict=True):
        assert after == (before if before != NOTE_OFF or sounding else 0)
        sounding = before >= FIRST_ONSET or (sounding and before != NOTE_OFF)


@given(notes_on_a_grid, st.integers(1, 4))
def test_windows_are_canonical_cuts_of_their_segments(
    table: MakeTable, notes: list[tuple[float, int, int]], bars: int
) -> None:
    extraction = MelodyConverter(bars, min_notes=0).extract(table(rows_of(notes)))
    tokens = extraction.tokens
    np.testing.assert_array_equal(canonical(tokens), tokens)
    assert len({row.tobytes() for row in tokens}) == len(tokens)
    expected = {
        canonical(segment.tokens[bar * 16 : (bar + bars) * 16]).tobytes()
        for segment in extraction.segments
        for bar in range(segment.bars - bars + 1)
    }
    # What sounds from before the window is forgotten, which is what canonical does.
    assert {row.tobytes() for row in tokens} == expected


@given(notes_on_a_grid)
def test_segments_hold_every_note_of_the_top_voice(
    table: MakeTable, notes: list[tuple[float, int, int]]
) -> None:
    segments = TWO_BARS.extract(table(rows_of(notes))).segments
    top: dict[int, int] = {}
    for start, _, pitch in notes:
        top[round(start * 4)] = max(pitch, top.get(round(start * 4), 0))
    found = {
        segment.start_bar * 16 + int(step): int(segment.tokens[step]) + 19
        for segment in segments
        for step in np.flatnonzero(segment.tokens >= FIRST_ONSET)
    }
    assert found == top


@given(notes_on_a_grid, st.integers(-5, 5))
def test_transposed_notes_are_transposed_tokens(
    table: MakeTable, notes: list[tuple[float, int, int]], semitones: int
) -> None:
    notes = [(start, steps, min(max(pitch, 26), 103)) for start, steps, pitch in notes]
    low = TWO_BARS.encode(table(rows_of(notes)))
    high = TWO_BARS.encode(
        table(rows_of([(start, steps, pitch + semitones) for start, steps, pitch in notes]))
    )
    np.testing.assert_array_equal(np.where(low >= FIRST_ONSET, low + semitones, low), high)
    np.testing.assert_array_equal(TWO_BARS.transposition_key(low), TWO_BARS.transposition_key(high))


def test_transposition_key_tells_tunes_apart() -> None:
    tunes = np.array([[40, 0, 42, 1], [50, 0, 52, 1], [40, 0, 43, 1], [0, 0, 0, 0]], np.int16)
    a, b, c, silent = TWO_BARS.transposition_key(tunes).tolist()
    assert a == b == [128, 0, 130, 1]
    assert c == [128, 0, 131, 1]
    assert silent == [0, 0, 0, 0]


@given(
    st.lists(st.tuples(free_times, free_times, st.integers(0, 127), st.integers(0, 3)), max_size=30),
    st.lists(st.tuples(free_times, st.integers(0, 12), st.sampled_from([0, 1, 2, 4, 8, 16])), max_size=4),
    st.lists(st.tuples(free_times, st.floats(1, 999)), max_size=4),
    st.sampled_from([0.0, 0.5, 1.0, 3.0, 100.0]),
    st.booleans(),
)
def test_extraction_takes_every_table(
    table: MakeTable,
    notes: list[tuple[float, float, int, int]],
    metres: list[tuple[float, int, int]],
    tempos: list[tuple[float, float]],
    shift: float,
    two_four: bool,
) -> None:
    rows = [(start, start + length, pitch, instrument) for start, length, pitch, instrument in notes]
    piece = table(
        rows,
        metres=((0, 4, 4), *sorted(metres)),
        tempos=((0, 120), *sorted(tempos)),
    )
    extraction = MelodyConverter(1, gap_bars=1.5, two_four=two_four).extract(piece, shift)
    assert extraction.tokens.shape == (len(extraction.windows), 16)
    assert all(0 <= token < 90 for token in extraction.tokens.flat)
    assert extraction.describe()
    assert all(count > 0 for count in extraction.counts.values())
