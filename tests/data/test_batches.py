"""Batches: an order that a seed fixes, epochs that differ, transposition within the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.data.batches import HIGHEST, LOWEST, Batches, transpose

ROWS = np.arange(40, dtype=np.int16)[:, None].repeat(4, 1)


def test_an_epoch_holds_every_window_once_and_the_next_in_another_order():
    batches = Batches(ROWS, 8, seed=1)
    epochs = [np.concatenate([batches[5 * e + i][:, 0] for i in range(5)]) for e in (0, 1)]
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    assert not np.array_equal(*epochs)


def test_any_step_can_be_asked_for_at_any_time():
    forward, backward = Batches(ROWS + 30, 8, 1, transpose=6), Batches(ROWS + 30, 8, 1, transpose=6)
    in_order = [forward[step] for step in range(12)]
    for step in reversed(range(12)):
        assert np.array_equal(backward[step], in_order[step])


def test_processes_share_one_order():
    alone = Batches(ROWS, 8, seed=1)
    ranks = [Batches(ROWS, 4, seed=1, rank=rank, world=2) for rank in (0, 1)]
    for step in range(10):
        both = np.concatenate([rank[step][:, 0] for rank in ranks])
        assert sorted(both) == sorted(alone[step][:, 0])


def test_another_representation_moves_in_its_own_way():
    def mirror(window, most, rng):
        return window[:, ::-1] + most

    rows = np.arange(32, dtype=np.int16).reshape(8, 4)
    plain, moved = Batches(rows, 8, 1), Batches(rows, 8, 1, transpose=3, move=mirror)
    assert np.array_equal(moved[0], plain[0][:, ::-1] + 3)


def test_transposition_is_drawn_afresh_every_epoch():
    batches = Batches(np.full((8, 4), 40, np.int16), 8, seed=1, transpose=6)
    amounts = [tuple(batches[epoch][:, 0] - 40) for epoch in range(20)]
    assert len(set(amounts)) == 20
    assert set(np.concatenate(amounts)) == set(range(-6, 7))


@given(
    st.lists(st.lists(st.integers(0, HIGHEST), min_size=6, max_size=6), min_size=1, max_size=5),
    st.integers(0, 12),
    st.integers(0, 999),
)
def test_transposition_moves_a_window_as_one_and_stays_on_the_keyboard(rows, most, seed):
    window = np.array(rows)
    moved = transpose(window, most, np.random.default_rng(seed))
    onset = window >= LOWEST
    assert np.array_equal(moved[~onset], window[~onset])
    assert ((moved >= LOWEST) == onset).all()
    assert moved.max() <= HIGHEST
    for before, after, on in zip(window, moved, onset, strict=True):
        assert len(set((after - before)[on])) <= 1
    assert np.abs(moved - window).max() <= most


def test_too_few_windows_for_a_batch_says_so():
    with pytest.raises(ValueError, match=r"at least 64 windows, a batch for each process, got 40"):
        Batches(ROWS, 32, 1, world=2)
