"""The area is the share of pairs in the right order, whatever the ties, weights and draws."""

import numpy as np
import pytest

from seqgen.evaluation.auroc import auroc, auroc_of_pairs, weighted_auroc


def by_hand(above, below):
    return np.mean([(a > b) + (a == b) / 2 for a in above for b in below])


def test_it_is_the_share_of_pairs_in_the_right_order_with_half_of_the_ties():
    rng = np.random.default_rng(1)
    above, below = rng.integers(0, 8, 60) + 1.0, rng.integers(0, 8, 45) * 1.0
    assert auroc(above, below, seed=1).value == pytest.approx(by_hand(above, below), abs=1e-12)
    assert auroc_of_pairs(above[:45], below, seed=1).value == pytest.approx(by_hand(above[:45], below))


def test_weights_count_rows_again():
    scores, up, down = np.array([1.0, 2, 2, 5]), np.array([[0.0, 2, 0, 1]]), np.array([[3.0, 0, 1, 1]])
    again = by_hand([2, 2, 5], [1, 1, 1, 2, 5])
    assert weighted_auroc(scores, up, down)[0] == pytest.approx(again)
    assert np.isnan(weighted_auroc(scores, up * 0, down)[0])


def test_one_is_perfect_half_is_blind_and_zero_is_upside_down():
    low, high = np.arange(5.0), np.arange(5.0) + 9
    assert auroc(high, low, seed=1) == (1, 1, 1)
    assert auroc(low, high, seed=1) == (0, 0, 0)
    assert auroc(low, low, seed=1).value == 0.5


def test_the_interval_is_as_wide_as_hanley_and_mcneil_say():
    rng = np.random.default_rng(2)
    found = auroc(rng.normal(1, 1, 300), rng.normal(0, 1, 300), seed=1)
    a = found.value
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = np.sqrt((a * (1 - a) + 299 * (q1 - a * a) + 299 * (q2 - a * a)) / 300**2)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_pairs_that_go_together_are_drawn_together():
    rng = np.random.default_rng(3)
    own = rng.normal(0, 5, 200)
    together = auroc_of_pairs(own + 1, own, seed=1)
    apart = auroc(own + 1, own, seed=1)
    assert together.value == apart.value
    assert together.high - together.low < 0.3 * (apart.high - apart.low)


@pytest.mark.parametrize("bad", [np.zeros(1), np.array([1.0, np.nan]), np.zeros((2, 2))])
def test_bad_scores_are_refused(bad):
    with pytest.raises(ValueError, match="below: expected finite scores"):
        auroc(np.zeros(3), bad, seed=1)


def test_pairs_have_two_ends():
    with pytest.raises(ValueError, match="expected 3 scores"):
        auroc_of_pairs(np.zeros(3), np.zeros(2), seed=1)
