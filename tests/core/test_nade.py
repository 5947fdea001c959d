"""NADE against its definition, bit after bit; one-hot and bits as they are read."""

from __future__ import annotations

import math

import pytest
import torch

from seqgen.core import GREEDY, Bits, Nade, OneHot, Sampling

K, H = 4, 5


@pytest.fixture
def head():
    torch.manual_seed(0)
    return Nade(8, K, H, 6).double()


def definition(head, y, token):
    """log p, and the probability of each bit given those before it."""
    out = head.biases(y)
    a, b = out[:H], out[H:]
    total, p = 0.0, []
    for i in range(K):
        p.append(torch.sigmoid(b[i] + torch.sigmoid(a) @ head.decode[i]).item())
        v = token >> i & 1
        total += math.log(1e-6 + (p[i] if v else 1 - p[i]))
        a = a + v * head.encode[i]
    return total, p


@torch.no_grad()
def test_log_prob_is_that_of_the_definition(head):
    y = torch.randn(3, 8).double()
    for token in range(2**K):
        got = head.log_prob(y, torch.full((3,), token))
        expected = [definition(head, row, token)[0] for row in y]
        torch.testing.assert_close(got, torch.tensor(expected, dtype=got.dtype), rtol=1e-10, atol=0)


@torch.no_grad()
def test_probabilities_sum_to_one_and_samples_follow_them(head):
    y = torch.randn(1, 8).double()
    every = torch.arange(2**K)
    p = head.log_prob(y.expand(2**K, -1), every).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-4)
    token = head.sample(y.expand(20_000, -1), Sampling(), torch.rand(20_000, K))
    share = torch.bincount(token, minlength=2**K) / 20_000
    torch.testing.assert_close(share.double(), p, atol=0.015, rtol=0)


@torch.no_grad()
def test_greedy_sets_the_bits_that_are_likelier_set_given_those_before(head):
    y = 3 * torch.randn(9, 8).double()
    for row, token in zip(y, head.sample(y, GREEDY, torch.zeros(9, K)).tolist(), strict=True):
        _, p = definition(head, row, token)
        assert [token >> i & 1 for i in range(K)] == [x > 0.5 for x in p]


def test_temperature_divides_the_logit_of_each_bit(head):
    y, uniform = torch.randn(1, 8).double().expand(20_000, -1), torch.rand(20_000, K)
    first = head.sample(y, Sampling(0.5), uniform) & 1
    p = definition(head, y[0], 0)[1][0]
    sharper = p**2 / (p**2 + (1 - p) ** 2)
    assert first.double().mean().item() == pytest.approx(sharper, abs=0.015)


def test_tokens_are_read_one_hot_and_as_bits_with_nothing_for_start_and_blank():
    assert OneHot(3)(torch.tensor([0, 2, 3, 4])).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert Bits(2)(torch.tensor([1, 2, 4, 5])).tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]
    assert Bits(2, none=True)(torch.tensor([0, 3])).tolist() == [[0, 0, 1], [1, 1, 0]]
    many = torch.tensor([1 << 60, (1 << 61) + 1])
    assert Bits(61)(many).nonzero().tolist() == [[0, 60]]
