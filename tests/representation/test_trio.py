"""Trios: three tracks as one number a step, which tracks make one, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seqgen.io.midi import notes_of
from seqgen.io.midi_read import read_notes
from seqgen.io.notes import NoteTable
from seqgen.representation import spans, trio
from seqgen.representation.extraction import Extraction
from seqgen.representation.spans import Span
from seqgen.representation.trio import TrioConverter, canonical_parts, join_parts, split_parts

MakeTable = Callable[..., NoteTable]
TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"
TWO = TrioConverter(bars=2)
any_row = hnp.arrays(np.int32, 32, elements=st.integers(0, TWO.vocabulary_size - 1))


def band(table: MakeTable, tracks: list[tuple[int, bool, list]], **more) -> NoteTable:
    """One piece of tracks (program, whether drums, rows of start, end, pitch)."""
    parts = [
        table([(*row, number) for row in rows], drums, program=program, **more)
        for number, (program, drums, rows) in enumerate(tracks)
    ]
    columns = ("start", "end", "pitch", "velocity", "program", "instrument", "is_drum")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    order = np.argsort(joined["start"], kind="stable")
    return replace(parts[0], **{name: column[order] for name, column in joined.items()})


def quarters(pitch: int, count: int, first: int = 0) -> list[tuple[float, float, int]]:
    """A note on every beat, of changing pitch, so that no window is like another."""
    return [(q, q + 1, pitch + q * q % 11) for q in range(first, first + count)]


def kit(count: int, first: int = 0) -> list[tuple[float, float, int]]:
    return [(q, q + 0.25, 36) for q in range(first, first + count)]


def test_a_step_is_three_tokens_in_mixed_radix_the_melody_fastest() -> None:
    assert TWO.vocabulary_size == 90 * 90 * 512
    tokens = np.array([0, 1, 90, 8100, 39 + 90 * 12 + 8100 * 5, TWO.vocabulary_size - 1], np.int32)
    melody, bass, drums = split_parts(tokens)
    assert melody.tolist() == [0, 1, 0, 0, 39, 89]
    assert bass.tolist() == [0, 0, 1, 0, 12, 89]
    assert drums.tolist() == [0, 0, 0, 1, 5, 511]
    np.testing.assert_array_equal(join_parts([melody, bass, drums]), tokens)


def test_what_is_read_of_a_bar(table: MakeTable) -> None:
    """Melody D4 E4, bass D2 through the bar, kick on the beat with a snare on the third."""
    melody = [(0, 1, 62), (1, 1.5, 64)]
    piece = band(table, [(4, False, melody), (33, False, [(0, 4, 38)]), (0, True, [*kit(4), (2, 2.25, 38)])])
    (window,) = TrioConverter(bars=1).encode(piece)
    parts = split_parts(window)
    assert parts[0].tolist() == [43, 0, 0, 0, 45, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert parts[1].tolist() == [19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert parts[2].tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0]
    assert window.dtype == np.int32


def test_every_melody_goes_with_every_bass_and_kit(table: MakeTable) -> None:
    tracks = [
        (0, False, quarters(60, 8)),
        (30, False, quarters(70, 8)),
        (33, False, quarters(36, 8)),
        (38, False, quarters(40, 8)),
        (0, True, kit(8)),
        (80, False, quarters(50, 8)),
    ]
    found = TWO.extract(band(table, tracks))
    assert [segment.tracks for segment in found.segments] == [(0, 2, 4), (0, 3, 4), (1, 2, 4), (1, 3, 4)]
    assert [segment.program for segment in found.segments] == [0, 0, 30, 30]
    assert found.counts["program"] == 8, "a lead synthesiser is no melody here"
    wide = replace(TWO, programs=range(96)).extract(band(table, tracks))
    assert [segment.tracks for segment in wide.segments][-2:] == [(5, 2, 4), (5, 3, 4)]


@pytest.mark.parametrize(
    ("kind", "key"), [((0, False), "no melody"), ((33, False), "no bass"), ((0, True), "no drums")]
)
def test_a_trio_needs_all_three(table: MakeTable, kind: tuple[int, bool], key: str) -> None:
    tracks = [(0, False, quarters(60, 8)), (33, False, quarters(36, 8)), (0, True, kit(8))]
    piece = band(table, [track for track in tracks if track[:2] != kind])
    found = TWO.extract(piece)
    assert (len(found.segments), found.counts) == (0, {key: 1})
    assert found.describe() == f"0 trios, 0 windows of 2 bars; 1 file without {_words(key)}"


def _words(key: str) -> str:
    return {"no melody": "a melody track", "no bass": "a bass track", "no drums": "drums"}[key]


def test_a_track_of_several_classes_is_none(table: MakeTable) -> None:
    tracks = [(0, False, quarters(60, 8)), (33, False, quarters(36, 8)), (0, True, kit(8))]
    piece = band(table, tracks)
    piece.program[np.flatnonzero(piece.instrument == 0)[3]] = 35
    found = TWO.extract(piece)
    assert found.counts == {"mixed track": 1, "no melody": 1}
    assert "1 track left out that mixes melody, bass and drum programs" in found.describe()


def test_another_metre_is_said(table: MakeTable) -> None:
    tracks = [(0, False, quarters(60, 8)), (33, False, quarters(36, 8)), (0, True, kit(8))]
    found = TWO.extract(band(table, tracks, metres=((0, 3, 4),)))
    assert found.describe() == "0 trios, 0 windows of 2 bars; 1 stretch in 3/4 skipped"


def test_a_part_may_rest_two_bars_before_and_after_what_it_plays(table: MakeTable) -> None:
    """The bass plays bars 0 and 1, then from bar 6, then from bar 11: four bars of rest hold, five do not."""
    bass = [*quarters(36, 8), *quarters(36, 4, 24), *quarters(36, 4, 44)]
    tracks = [(0, False, quarters(60, 52)), (33, False, bass), (0, True, kit(52))]
    found = TWO.extract(band(table, tracks))
    assert [(s.start_bar, s.start_bar + s.bars) for s in found.segments] == [(0, 13)]
    bass = [*quarters(36, 8), *quarters(36, 4, 28), *quarters(36, 4, 48)]
    tracks[1] = (33, False, bass)
    found = TWO.extract(band(table, tracks))
    assert [(s.start_bar, s.start_bar + s.bars) for s in found.segments] == [(0, 4), (5, 13)]


def test_windows_where_a_part_plays_nothing_are_dropped(table: MakeTable) -> None:
    bass = [*quarters(36, 8), *quarters(36, 4, 24)]
    tracks = [(0, False, quarters(60, 28)), (33, False, bass), (0, True, kit(28))]
    counts = [
        {window.start_bar for window in replace(TWO, min_notes=least).extract(band(table, tracks)).windows}
        for least in (0, 1, 5)
    ]
    assert counts == [{0, 1, 2, 3, 4, 5}, {0, 1, 5}, {0}]


def test_a_note_held_into_a_window_is_not_ended_there(table: MakeTable) -> None:
    melody = [(0, 5, 60), (6, 7, 62)]
    bass = [(start, end, pitch - 24) for start, end, pitch in melody]
    tracks = [(0, False, melody), (33, False, bass), (0, True, kit(8))]
    windows = TrioConverter(bars=1).encode(band(table, tracks))
    parts = [part.tolist() for part in split_parts(windows[1])]
    assert parts[:2] == [[0] * 8 + [onset, 0, 0, 0, 1, 0, 0, 0] for onset in (43, 19)]


def test_too_many_combinations_are_left_out_and_counted(table: MakeTable, monkeypatch) -> None:
    monkeypatch.setattr(trio, "MOST_BARS", 5)
    tracks = [(0, False, quarters(60 + n, 8)) for n in range(4)]
    found = TWO.extract(band(table, [*tracks, (33, False, quarters(36, 8)), (0, True, kit(8))]))
    assert len(found.segments) == 3
    assert found.counts["combination"] == 1


@given(
    st.lists(
        st.tuples(
            st.floats(0, 60, width=32),
            st.floats(0, 9, width=32),
            st.integers(0, 127),
            st.integers(0, 5),
            st.sampled_from([0, 33, 90]),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from([0.0, 2.0]),
)
def test_extraction_takes_every_table(table: MakeTable, notes: list, shift: float) -> None:
    piece = band(table, [(0, False, [])] + [(n[4], n[5], [(n[0], n[0] + n[1], n[2])]) for n in notes])
    found = TWO.extract(piece, shift)
    assert found.tokens.shape == (len(found.windows), 32)
    assert found.tokens.dtype == np.int32
    np.testing.assert_array_equal(canonical_parts(found.tokens), found.tokens)
    assert len(np.unique(found.tokens, axis=0)) == len(found.tokens)


@given(any_row)
def test_a_clip_undoes_decode_for_every_row(row: np.ndarray) -> None:
    np.testing.assert_array_equal(TWO.encode_clip(TWO.decode(row)), canonical_parts(row))


@given(any_row, st.integers(0, 31), st.integers(2, 89), st.integers(1, 511))
def test_encode_undoes_decode(row: np.ndarray, step: int, onset: int, hits: int) -> None:
    """For rows whose parts all play something, and one in the last bar."""
    row[step], row[31] = (onset + 90 * onset + 8100 * hits,) * 2
    np.testing.assert_array_equal(TWO.encode(TWO.decode(row)), canonical_parts(row)[None])


def test_a_trio_is_three_tracks_with_their_programs() -> None:
    music = TWO.decode(np.array([42 + 90 * 20 + 8100 * 5] + [0] * 15), qpm=100.0, program=30)
    heard = {(n.instrument, n.program, n.is_drum, n.pitch) for n in music.notes}
    assert heard == {(0, 30, False, 61), (1, 33, False, 39), (9, 0, True, 36), (9, 0, True, 42)}
    assert music.total_time == pytest.approx(4 * 60 / 100)
    assert notes_of(music).qpm_at(0.0) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("tokens", "program", "message"),
    [([TWO.vocabulary_size], 0, "tokens: expected 0 to"), ([0], 34, "program: expected a melody's")],
)
def test_what_is_no_trio_is_refused(tokens: list[int], program: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TWO.decode(np.array(tokens), program=program)


@given(any_row, st.integers(-3, 3))
def test_melody_and_bass_are_transposed_together(row: np.ndarray, up: int) -> None:
    melody, bass, drums = split_parts(row)
    melody, bass = (np.where(part >= 2, part.clip(8, 80), part) for part in (melody, bass))

    def moved(a: int, b: int) -> np.ndarray:
        return join_parts(
            [np.where(melody >= 2, melody + a, melody), np.where(bass >= 2, bass + b, bass), drums]
        )

    keys = TWO.transposition_key(np.stack([moved(0, 0), moved(up, up), moved(0, 1)]))
    np.testing.assert_array_equal(keys[0], keys[1])
    both = (melody >= 2).any() and (bass >= 2).any()
    assert np.array_equal(keys[0], keys[2]) != both
    assert keys.dtype == np.int32


def test_the_key_of_no_windows_is_empty() -> None:
    assert TWO.transposition_key(np.zeros((0, 32), np.int32)).shape == (0, 32)


def found_in(name: str, programs: range = range(32)) -> Extraction:
    return TrioConverter(16, 2.0, min_notes=0, programs=programs).extract(read_notes(TINY / name))


@pytest.mark.parametrize(("name", "windows"), [("d_dm29.mid", 50), ("d_e4m8.mid", 113)])
def test_real_pieces_have_as_many_windows_as_with_magenta(name: str, windows: int) -> None:
    """The figures are those of MusicVAE's own converter with its limit of five lifted."""
    assert len(found_in(name).windows) == windows


@pytest.mark.parametrize(
    ("name", "bar"),
    [
        (
            "d_dm29.mid",
            [
                [0, 0, 0, 0, 0, 0, 0, 0, 42, 0, 45, 0, 49, 0, 0, 0],
                [18, 0, 18, 0, 18, 0, 18, 0, 17, 0, 1, 0, 17, 1, 17, 0],
                [4, 1, 5, 0, 8, 0, 5, 0, 133, 0, 6, 0, 9, 0, 4, 1],
            ],
        ),
        (
            "d_e4m8.mid",
            [
                [19, 0, 0, 0, 31, 0, 0, 0, 29, 0, 0, 0, 32, 0, 0, 0],
                [19, 19, 1, 19, 19, 0, 20, 0, 19, 0, 17, 0, 15, 0, 14, 0],
                [129, 0, 0, 0, 131, 0, 0, 0, 129, 0, 1, 0, 131, 0, 0, 0],
            ],
        ),
    ],
)
def test_a_window_begins_as_one_of_magentas(name: str, bar: list[list[int]]) -> None:
    first = found_in(name).tokens[:, :16]
    assert (first == join_parts([np.array(part) for part in bar])).all(axis=1).any()


def test_spans_are_merged_and_intersected() -> None:
    assert spans.covered(np.array([4, 0, 2, 9]), np.array([6, 2, 3, 11])) == [(0, 3), (4, 6), (9, 11)]
    assert spans.covered(np.array([5, 0]), np.array([6, 9])) == [(0, 9)]
    assert spans.covered(np.array([], int), np.array([], int)) == []
    tracks = [[Span(0, 4), Span(6, 20)], [Span(3, 8)], [Span(0, 20)]]
    assert spans.common(tracks, 20, 1) == [(0, 1), (3, 4), (6, 8), (19, 20)]
    assert spans.common([*tracks, []], 20, 2) == [(0, 2), (18, 20)]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=5), min_size=1, max_size=3),
    st.integers(1, 24),
    st.integers(1, 3),
)
def test_common_bars_are_those_of_a_table_of_bars(tracks: list, end: int, gap: int) -> None:
    """Against coverage written out bar by bar."""
    every = [
        spans.covered(np.array([s for s, _ in t], int), np.array([s + n for s, n in t], int)) for t in tracks
    ]
    table = np.zeros((len(tracks), end), bool)
    for row, track in zip(table, tracks, strict=True):
        for start, length in track:
            row[start : start + length] = True
    expected = table.all(axis=0)
    for edge in (slice(0, gap), slice(max(end - gap, 0), end)):
        expected[edge] |= table[:, edge].any()
    got = np.zeros(end, bool)
    for span in spans.common(every, end, gap):
        got[span.start : span.end] = True
    np.testing.assert_array_equal(got, expected)
