"""The grid: rounding, and where bars are counted from."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.io.notes import NoteTable
from seqgen.representation.timeline import quantise, stretches

MakeTable = Callable[..., NoteTable]


@given(st.integers(0, 10_000), st.floats(0, 0.99999))
def test_rounding_takes_the_nearest_step_half_a_step_up(step: int, offset: float) -> None:
    time = np.array([(step + offset) / 4])
    assert quantise(time)[0] == (step if offset < 0.5 - 1e-5 else step + 1) or abs(offset - 0.5) < 1e-5
    assert quantise(np.array([(step + 0.5) / 4]))[0] == step + 1


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.floats(20, 300))
def test_rounding_survives_the_way_through_seconds(steps: list[int], qpm: float) -> None:
    quarters = (np.array(steps) + 0.5) / 4
    through_seconds = quarters * 60 / qpm * qpm / 60
    np.testing.assert_array_equal(quantise(through_seconds), np.array(steps) + 1)


def test_rounding_is_note_seqs() -> None:
    from note_seq import NoteSequence, quantize_note_sequence

    rng = np.random.default_rng(0)
    start = rng.integers(0, 2000, 300) / 64
    end = start + rng.integers(1, 200, 300) / 64
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=60)
    sequence.time_signatures.add(numerator=4, denominator=4)
    for a, b in zip(start, end, strict=True):
        sequence.notes.add(start_time=a, end_time=b, pitch=60, velocity=80)
    sequence.total_time = end.max()
    oracle = quantize_note_sequence(sequence, steps_per_quarter=4).notes
    np.testing.assert_array_equal(quantise(start), [note.quantized_start_step for note in oracle])
    ours = np.maximum(quantise(end), quantise(start) + 1)
    np.testing.assert_array_equal(ours, [note.quantized_end_step for note in oracle])


def test_bars_are_numbered_through_all_metres(table: MakeTable) -> None:
    piece = table([(0, 1, 60)], metres=((0, 4, 4), (8, 3, 4), (14, 3, 4), (15, 4, 4), (15, 2, 2), (19, 0, 0)))
    found = [(s.start, s.end, s.metre, s.first_bar, s.bars_of_four()) for s in stretches(piece)]
    assert found == [
        (0, 8, "4/4", 0, True),
        (8, 15, "3/4", 2, False),
        (15, 19, "2/2", 5, True),
        (19, math.inf, "0/0", 6, False),
    ]


def test_padding_belongs_to_the_first_bar(table: MakeTable) -> None:
    first, second = stretches(table([(0, 1, 60)], metres=((0, 4, 4), (5, 3, 4))), shift_quarters=3.0)
    assert (first.start, first.first_bar, first.quarter_of(1)) == (-3, 0, 1)
    assert (second.start, second.first_bar) == (5, 2)


@pytest.mark.parametrize(("early", "melody_has_it"), [(0.1, True), (0.2, False)])
def test_an_early_note_belongs_to_the_bar_that_it_means(
    table: MakeTable, early: float, melody_has_it: bool
) -> None:
    from seqgen.representation.melody import MelodyConverter

    piece = table([(3 - early, 7, 60)], metres=((0, 3, 4), (3, 4, 4)))
    assert len(MelodyConverter(1).extract(piece).segments) == melody_has_it
