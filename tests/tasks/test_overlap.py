"""Windows over long music: every step is in one, and nothing jumps where one begins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqgen.tasks.overlap import crossfade, cut, nearest_middle, window_starts


@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 4))
def test_every_step_is_in_a_window(bars: int, size: int, hop: int) -> None:
    hop = min(hop, size)
    starts = window_starts(16 * bars, 16 * size, 16 * hop)
    covered = np.zeros(16 * (bars + size), bool)
    for start in starts.tolist():
        covered[start : start + 16 * size] = True
    assert covered[: 16 * bars].all()
    assert starts[0] == 0
    assert len(starts) == 1 or starts[-1] < 16 * bars


@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 9))
def test_windows_that_agree_come_back(bars: int, size: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((16 * bars, 3))
    starts = window_starts(len(values), 16 * size, 16)
    windows = cut(values, starts, 16 * size)
    np.testing.assert_allclose(crossfade(windows, starts, len(values)), values)
    np.testing.assert_array_equal(nearest_middle(windows, starts, len(values)), values)


def test_windows_that_differ_are_faded_into_one_another() -> None:
    starts = window_starts(64, 32, 16)
    windows = np.repeat(np.array([0.0, 1.0, 2.0])[:, None], 32, axis=1)
    faded = crossfade(windows, starts, 64)
    assert np.abs(np.diff(faded)).max() < 1 / 8, "no step of more than an eighth of the difference"
    assert (np.diff(faded) >= 0).all()
    middle = nearest_middle(windows, starts, 64)
    assert middle[[0, 20, 30, 50, 63]].tolist() == [0, 0, 1, 2, 2]
