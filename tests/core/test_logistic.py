"""Mixture of logistics: its bins sum to one, however extreme, and its samples are its bins."""

from __future__ import annotations

import math

import pytest
import torch

from seqgen.core import GREEDY, LogisticMixture, Sampling
from seqgen.core.logistic import STEEPEST


def head_of(logits, means, log_scales, bins=9):
    """A head that says the same whatever it reads."""
    head = LogisticMixture(1, bins, 3, len(means)).double()
    head.mixture.weight.data.zero_()
    head.mixture.bias.data.copy_(torch.tensor([*logits, *means, *log_scales], dtype=torch.float64))
    return head


def probabilities(head, dtype=torch.float64):
    every = torch.arange(head.vocabulary_size)
    return head.log_prob(torch.zeros(head.vocabulary_size, 1, dtype=dtype), every).exp()


@pytest.mark.parametrize(
    ("means", "log_scales"),
    [
        ([0.1, -0.6], [-1.0, -3.0]),
        ([5.0, -5.0], [-4.0, 1.0]),  # off the line: the edge bins have it
        ([0.0, 0.3], [STEEPEST, 8.0]),  # a needle, and a plain
    ],
)
def test_bins_sum_to_one(means, log_scales):
    p = probabilities(head_of([0.2, -0.4], means, log_scales))
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    assert (p >= 0).all()


def test_bins_are_the_differences_of_the_distribution_function():
    head = head_of([0.0], [0.2], [-1.5])
    borders = (torch.linspace(-1, 1, 9, dtype=torch.float64)[:-1] + 0.125 - 0.2) / math.exp(-1.5)
    below = torch.cat([torch.zeros(1), borders.sigmoid(), torch.ones(1)])
    torch.testing.assert_close(probabilities(head), below.diff())


def test_of_65536_bins_the_last_ones_count_too():
    p = probabilities(head_of([0.0, 1.0], [0.99, -0.2], [-7.0, -2.0], 1 << 16))
    assert p.sum().item() == pytest.approx(1, abs=1e-10)


def test_float32_keeps_what_float64_says_far_out_and_in_thin_bins():
    for bins in (256, 1 << 16):
        for mean, log_scale in ((0.9, -7.0), (-0.3, -8.5), (0.0, 2.0)):
            head = head_of([0.0], [mean], [log_scale], bins)
            token = torch.tensor([0, bins // 3, bins // 2, bins - 1])
            exact = head.log_prob(torch.zeros(4, 1, dtype=torch.float64), token)
            single = head.float().log_prob(torch.zeros(4, 1), token)
            assert torch.isfinite(single).all()
            torch.testing.assert_close(single.double(), exact, rtol=2e-5, atol=2e-4)


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    head = LogisticMixture(4, 16, 3, 3).double()
    y = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    token = torch.tensor([0, 3, 8, 14, 15])
    assert torch.autograd.gradcheck(lambda y: head.log_prob(y, token), (y,))


def test_gradients_stay_finite_far_from_the_target():
    head = head_of([0.0], [0.999], [STEEPEST], 1 << 16).float()
    loss = -head.log_prob(torch.zeros(3, 1), torch.tensor([0, 1, 40_000])).sum()
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in head.mixture.parameters())


def test_samples_are_the_bins_with_their_tails():
    torch.manual_seed(0)
    head = head_of([0.5, -0.5], [0.8, -0.3], [-1.0, -2.5])
    token = head.sample(
        torch.zeros(40_000, 1, dtype=torch.float64), Sampling(), torch.rand(40_000, 2).double()
    )
    share = torch.bincount(token, minlength=9) / 40_000
    torch.testing.assert_close(share.double(), probabilities(head), atol=0.012, rtol=0)


@pytest.mark.parametrize("u", [0.0, 1 - 1e-9])
def test_the_ends_of_the_uniform_numbers_are_bins_too(u):
    token = head_of([0.0], [0.0], [1.0]).sample(
        torch.zeros(1, 1, dtype=torch.float64), Sampling(), torch.tensor([[0.5, u]], dtype=torch.float64)
    )
    assert token.item() in (0, 8)


def test_greedy_is_the_likeliest_of_all_bins_and_a_low_temperature_comes_near():
    """Two components that overlap: the likeliest bin lies at the centre of neither's weight alone."""
    head = head_of([0.0, 0.1, 0.0], [-0.1, 0.6, 0.0], [-1.8, -1.0, -1.8], 2048)
    y = torch.zeros(3, 1, dtype=torch.float64)
    best = probabilities(head).argmax()
    assert head.sample(y, GREEDY, torch.zeros(3, 2)).tolist() == [best.item()] * 3
    cold = head.sample(y, Sampling(1e-6), torch.rand(3, 2).double())
    assert (2 * cold / 2047 - 1 - 0.6).abs().max() < 1e-3, "the mode of the likeliest component"


@pytest.mark.parametrize(("bins", "components"), [(1, 2), (8, 0)])
def test_sizes_that_make_no_sense_are_refused(bins, components):
    with pytest.raises(ValueError, match="expected at least 2 bins"):
        LogisticMixture(4, bins, 3, components)
