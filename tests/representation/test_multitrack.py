"""Bars of several tracks: Magenta's numbers, what is repaired, and the way back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seqgen.io.midi import notes_of
from seqgen.io.notes import NoteTable
from seqgen.representation.multitrack import MultitrackConverter, transpose
from seqgen.representation.track_events import (
    END,
    MOST_EVENTS,
    TrackNotes,
    distinct,
    from_events,
    split_long,
    to_events,
)

MakeTable = Callable[..., NoteTable]
BARS = MultitrackConverter()
HAT_AND_KICK = [(0, 0.2, 42), (0.5, 0.7, 36)]


def joined(*tables: NoteTable) -> NoteTable:
    """Several tables as the tracks of one piece."""
    names = ("start", "end", "pitch", "velocity", "program", "instrument", "is_drum")
    columns = {name: np.concatenate([getattr(one, name) for one in tables]) for name in names}
    columns["instrument"] = np.repeat(np.arange(len(tables), dtype=np.int32), [len(one) for one in tables])
    order = np.lexsort((columns["pitch"], columns["start"]))
    return replace(tables[0], **{name: column[order] for name, column in columns.items()})


def scale(table: MakeTable, count: int, program: int = 0, low: int = 60) -> NoteTable:
    """`count` even notes, one after the other, that fill a bar."""
    return table([(4 * n / count, 4 * (n + 1) / count, low + n % 5) for n in range(count)], program=program)


def words(row: np.ndarray, track: int) -> list[int]:
    """The events of a track up to its end."""
    events = row.reshape(8, MOST_EVENTS)[track].tolist()
    return events[: events.index(END) + 1]


def test_tokens_are_magentas(table: MakeTable) -> None:
    """The numbers that its converter gives for these notes."""
    drums = [(beat + start, beat + end, pitch) for beat in range(4) for start, end, pitch in HAT_AND_KICK]
    piece = joined(
        table(drums, drums=True, velocity=92),
        table([(0.0, 0.25, 78), (0.25, 0.5, 78), (0.5, 1.5, 75)], velocity=60, program=33),
        table([(0.0, 2.0, 40), (3.0, 9.0, 45)], program=5),
    )
    (row,) = BARS.encode(piece)
    hit = [42, 260, 170, 262, 36, 260, 164, 262]
    assert words(row, 0) == [365, 356, 40, 303, 168, 279, 45, 279, 173, 489]
    assert words(row, 1) == [393, 355, 78, 261, 206, 78, 261, 206, 75, 279, 203, 315, 489]
    assert words(row, 2) == [488, 357, *4 * hit, 489]
    assert (row.reshape(8, 64)[3:] == END).all()


def test_an_onset_just_before_the_bar_line_belongs_behind_it(table: MakeTable) -> None:
    early = joined(table([(0, 1, 60), (3.99, 5, 62)]), table([(0, 1, 40), (4, 5, 41)], program=33))
    assert words(BARS.read_bar(early, 1).tokens, 0)[:3] == [360, 356, 62]


def test_a_pedal_is_applied(table: MakeTable) -> None:
    dry = joined(table([(0, 1, 60)]), table([(0, 1, 40)], program=33))
    wet = replace(dry, pedal=np.array([[0.5, 0.0, 1.0], [2.0, 0.0, 0.0]]))
    assert words(BARS.encode_clip(wet), 0) == [360, 356, 60, 303, 188, 303, 489]
    assert words(BARS.encode_clip(wet), 1) == [393, 356, 40, 279, 168, 327, 489]


@pytest.mark.parametrize("room", [True, False], ids=["room", "no room"])
def test_a_track_that_is_too_long_is_split_or_counted(table: MakeTable, room: bool) -> None:
    others = [scale(table, 4, program) for program in range(1, 3 if room else 8)]
    piece = joined(scale(table, 32), *others)
    found = BARS.extract(piece)
    if room:
        assert found.counts == {"split": 1}
        (row,) = found.tokens
        pitches = [{t for t in words(row, track) if t < 128} for track in range(4)]
        assert pitches[:2] == [{60, 61}, {62, 63, 64}]
        assert sum(note.program == 0 for note in BARS.decode(row).notes) == 32
    else:
        assert found.counts == {"too many events": 1}
        assert not found.windows
        assert found.segments  # a user may read the bar, cut short and told so
        assert len(words(found.segments[0].tokens, 0)) <= 64


def test_of_many_tracks_the_fullest_are_taken(table: MakeTable) -> None:
    piece = joined(*(scale(table, 1 if program in (2, 5) else 4, program) for program in range(10)))
    found = BARS.extract(piece)
    assert found.counts == {"tracks": 2}
    assert [words(found.tokens[0], track)[0] - 360 for track in range(8)] == [0, 1, 3, 4, 6, 7, 8, 9]


def test_what_is_left_out_is_counted(table: MakeTable) -> None:
    alone = scale(table, 4)
    assert BARS.extract(alone).counts == {"too few tracks": 1}
    sparse = joined(table([(0, 4, 60)]), table([(0, 4, 40)], program=1))
    assert MultitrackConverter(min_notes=3).extract(sparse).counts == {"too few notes": 1}
    waltz = replace(joined(alone, alone), time_signatures=np.array([[0.0, 3, 4]]))
    assert BARS.extract(waltz).counts == {"metre": 1, "metre 3/4": 1}
    assert BARS.extract(waltz.select(np.zeros(8, bool))).counts == {"no notes": 1}
    tied = joined(table([(0, 2, 60), (2, 6, 61), (2, 6, 61)]), scale(table, 4, 1))
    assert BARS.extract(tied).counts == {"bar line": 2, "doubled": 1}


def test_runs_of_bars_are_segments(table: MakeTable) -> None:
    bars = [0, 1, 4]
    piece = joined(*(table([(4 * b + n, 4 * b + n + 1, 60 + b + n) for b in bars for n in range(4)])
                     for _ in range(2)))  # fmt: skip
    found = BARS.extract(piece)
    assert [(segment.start_bar, segment.bars) for segment in found.segments] == [(0, 2), (4, 1)]
    assert [window.start_bar for window in found.windows] == bars
    np.testing.assert_array_equal(found.tokens[2], BARS.encode_clip(piece, 4))


@given(hnp.arrays(np.int16, 512, elements=st.integers(0, 489)))
def test_any_tokens_give_music_that_is_read_the_same(row: np.ndarray) -> None:
    music = BARS.decode(row)
    assert all(0 <= n.start_time < n.end_time <= 2 for n in music.notes)
    again = BARS.read_bar(notes_of(music))
    if not again.counts:
        back = BARS.decode(again.tokens)
        assert len(back.notes) == len(music.notes)
        np.testing.assert_array_equal(BARS.encode_clip(back), again.tokens)


notes_in_a_bar = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96), st.integers(0, 127), st.integers(1, 127)), min_size=1
)


@given(notes_in_a_bar)
def test_events_keep_distinct_notes(rows: list[tuple[int, int, int, int]]) -> None:
    table = np.array(sorted((start, pitch, min(start + length, 96), velocity)
                            for start, length, pitch, velocity in rows)).reshape(-1, 4)  # fmt: skip
    notes = distinct(TrackNotes(table[:, 0], table[:, 2], table[:, 1], table[:, 3]))
    program, back = from_events(to_events(notes, 7))
    assert program == 7
    for own, same in zip(notes[:3], back[:3], strict=True):
        np.testing.assert_array_equal(own, same)
    assert (abs(notes.velocity - back.velocity) <= 8).all()
    parts = split_long(notes)
    assert all(len(to_events(part, 7)) <= MOST_EVENTS for part in parts)
    assert sum(len(part.start) for part in parts) == len(notes.start)


def test_transposition_moves_all_tracks_but_drums(table: MakeTable) -> None:
    piece = joined(scale(table, 4), scale(table, 4, 33, low=1), table([(0, 1, 36), (2, 3, 38)], drums=True))
    row = BARS.encode(piece)
    moved = transpose(row.repeat(50, 0).astype(np.int64), 3, np.random.default_rng(0))
    by = {int(r[2] - row[0, 2]) for r in moved}
    assert by == {-1, 0, 1, 2, 3}  # the bass has one semitone of room below
    key = BARS.transposition_key(moved.astype(np.int16))
    assert (key == key[0]).all()
    np.testing.assert_array_equal(key[0].reshape(8, 64)[2], row.reshape(8, 64)[2])
    np.testing.assert_array_equal((moved < 256), (row < 256).repeat(50, 0))


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="min_notes"):
        MultitrackConverter(min_notes=-1)
    with pytest.raises(ValueError, match="expected 512"):
        BARS.decode(np.zeros(64, np.int16))
    with pytest.raises(ValueError, match="0 to 489"):
        BARS.decode(np.full(512, 490, np.int16))
