"""Sampling: the distribution that is drawn from, and what a bad setting says."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqgen.core import GREEDY, Sampling

LOGITS = torch.tensor([2.0, 0.0, 1.0, -1.0]).log_softmax(-1)


def test_temperature_divides_the_logits():
    expected = (LOGITS / 0.5).softmax(-1)
    torch.testing.assert_close(Sampling(0.5).probabilities(LOGITS), expected)


def test_top_k_keeps_the_k_likeliest():
    p = Sampling(top_k=2).probabilities(LOGITS)
    assert (p > 0).tolist() == [True, False, True, False]
    torch.testing.assert_close(p.sum(), torch.tensor(1.0))


@pytest.mark.parametrize(("top_p", "kept"), [(0.3, 1), (0.65, 2), (0.9, 3), (0.99, 4), (1.0, 4)])
def test_top_p_keeps_the_smallest_set_that_reaches_p(top_p, kept):
    p = LOGITS.exp().sort(descending=True).values
    assert p[: kept - 1].sum() < top_p  # one fewer would not reach it
    assert (Sampling(top_p=top_p).probabilities(LOGITS) > 0).sum() == kept


def test_draws_follow_the_distribution():
    uniform = (torch.arange(10_000) + 0.5) / 10_000
    drawn = Sampling().draw(LOGITS.expand(10_000, 4), uniform)
    share = torch.bincount(drawn, minlength=4) / 10_000
    torch.testing.assert_close(share, LOGITS.exp(), atol=2e-4, rtol=0)


@given(
    st.floats(0, 1, exclude_max=True, width=32),
    st.lists(st.floats(-40, 40, width=32), min_size=2, max_size=9),
)
def test_a_draw_is_a_possible_token(uniform, logits):
    logits = torch.tensor(logits)
    how = Sampling(0.7, top_k=2)
    token = how.draw(logits, torch.tensor(uniform))
    assert how.probabilities(logits)[token] > 0


def test_greedy_takes_the_likeliest_whatever_the_uniform():
    assert GREEDY.draw(LOGITS, torch.tensor(0.99)) == 0


@pytest.mark.parametrize(
    "settings", [{"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": 0}, {"top_p": 0.0}]
)
def test_a_bad_setting_names_itself(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Sampling(**settings)
