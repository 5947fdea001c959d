"""The chords of a piece, window by window, wherever its bars lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from seqgen.io.notes import NoteTable
from seqgen.representation.chords import Chord, chord_class
from seqgen.representation.harmony import Harmony

MakeTable = Callable[..., NoteTable]
CADENCE = [(60, 64, 67), (57, 60, 64), (65, 69, 72), (67, 71, 74)]
NAMES = ["C", "Am", "F", "G"]


def cadence(table: MakeTable, first: float, bars: int = 8) -> NoteTable:
    """A chord a bar, the first bar at a place."""
    return table(
        [(first + 4 * bar, first + 4 * bar + 4, pitch) for bar in range(bars) for pitch in CADENCE[bar % 4]]
    )


def named(harmony: Harmony, bar: int, bars: int = 1) -> list[tuple[float, str]]:
    return [(chord.quarter, chord.symbol) for chord in harmony.window(bar, bars)[0]]


@pytest.mark.parametrize("kind", ["plain", "pickup", "after 3/4"])
def test_bars_have_their_chords_wherever_they_begin(table: MakeTable, kind: str) -> None:
    first, shift, bar = {"plain": (0.0, 0.0, 0), "pickup": (1.0, 3.0, 1), "after 3/4": (3.0, 0.0, 1)}[kind]
    music = cadence(table, first)
    if kind == "after 3/4":
        music = replace(music, time_signatures=np.array([[0.0, 3, 4], [3.0, 4, 4]]))
    harmony = Harmony(music, [], shift)
    for k in range(8):
        assert named(harmony, bar + k) == [(0.0, NAMES[k % 4])]
    assert named(harmony, bar + 2, 2) == [(0.0, "F"), (4.0, "G")]
    assert harmony.window(bar, 1)[1] == "inferred chords"
    told = harmony.classes(bar + 2, 2)
    assert told.dtype == np.int8
    assert told.tolist() == [chord_class("F")] * 16 + [chord_class("G")] * 16
    marked = Harmony(music, [Chord(first + 4, "Ebm"), Chord(first + 6, "Csus4")], shift)
    assert named(marked, bar + 1) == [(0.0, "Ebm"), (2.0, "N.C.")]
    assert marked.strange == ["Csus4"]


def test_what_note_seq_refuses_is_told_the_nearest_triads(table: MakeTable) -> None:
    harmony = Harmony(cadence(table, 0.0, 504), [])
    row, how = harmony.window(2, 2)
    assert how == "the triads nearest to its notes"
    assert [(chord.quarter, chord.symbol) for chord in row] == [(0.0, "F"), (4.0, "G")]
