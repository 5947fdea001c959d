"""Intervals hold what they should, as often as they should."""

import numpy as np
import pytest

from seqgen.evaluation.bootstrap import bootstrap, bootstrap_mean, bootstrap_ratio, of_pieces


def test_the_value_is_of_the_rows_as_they_are():
    values = np.array([1.0, 2.0, 6.0])
    assert bootstrap_mean(values, seed=1).value == 3.0
    assert bootstrap_ratio(values, np.array([1.0, 1.0, 4.0]), seed=1).value == 1.5


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=2000)
    mean = bootstrap_mean(values, seed=1, draws=4000)
    expected = 1.96 * values.std() / np.sqrt(2000)
    assert mean.high - mean.value == pytest.approx(expected, rel=0.05)
    assert mean.value - mean.low == pytest.approx(expected, rel=0.05)


def test_95_of_100_intervals_hold_the_truth():
    held = 0
    for seed in range(400):
        values = np.random.default_rng(seed).exponential(size=60)
        interval = bootstrap_mean(values, seed, draws=300)
        held += interval.low <= 1 <= interval.high
    assert 0.90 <= held / 400 <= 0.97


def test_a_seed_gives_the_same_interval_again():
    values = np.arange(10.0)
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)
    assert bootstrap_mean(values, seed=3) != bootstrap_mean(values, seed=4)


def test_draws_without_a_value_are_left_out():
    above, below = np.array([1.0, 1.0]), np.array([0.0, 2.0])
    assert bootstrap_ratio(above, below, seed=1) == (1.0, 0.5, 1.0)


@pytest.mark.parametrize("values", [np.zeros(0), np.array([1.0, np.nan]), np.zeros((2, 2))])
def test_bad_rows_are_refused(values):
    with pytest.raises(ValueError, match="finite numbers"):
        bootstrap_mean(values, seed=1)


def test_one_row_and_nothing_below_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        bootstrap(lambda weights: weights[:, 0], rows=1, seed=1)
    with pytest.raises(ValueError, match="not 0"):
        bootstrap_ratio(np.ones(3), np.zeros(3), seed=1)


def test_windows_of_one_piece_are_one_witness():
    """A piece that is there ten times over makes the interval no narrower."""
    above = np.random.default_rng(0).normal(size=40)
    once = bootstrap_mean(above, seed=1)
    tenfold = of_pieces(np.repeat(above, 10), np.ones(400), np.repeat(np.arange(40), 10), seed=1)
    assert tenfold == pytest.approx(once)
    assert bootstrap_mean(np.repeat(above, 10), seed=1).high < once.high
