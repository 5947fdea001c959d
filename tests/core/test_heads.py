"""Heads: probabilities sum to one, samples follow them, bits are read in the right order."""

from __future__ import annotations

import pytest
import torch

from seqgen.core import GREEDY, Bernoulli, Categorical, Nade, Product, Sampling
from seqgen.core.one_hot import unpack_bits

HEADS = [Categorical(8, 7, 6), Bernoulli(8, 3, 6)]


@pytest.mark.parametrize("head", HEADS, ids=["categorical", "bernoulli"])
def test_probabilities_sum_to_one_over_the_vocabulary(head):
    y = torch.randn(5, 8)
    every = torch.arange(head.vocabulary_size)
    p = torch.stack([head.log_prob(y, token.expand(5)).exp() for token in every])
    torch.testing.assert_close(p.sum(0), torch.ones(5))


@pytest.mark.parametrize("head", HEADS, ids=["categorical", "bernoulli"])
def test_samples_follow_log_prob(head):
    y = torch.randn(1, 8).expand(20_000, 8)
    token = head.sample(y, Sampling(), torch.rand(20_000, head.draws))
    share = torch.bincount(token, minlength=head.vocabulary_size) / 20_000
    expected = torch.stack(
        [head.log_prob(y[:1], t[None])[0].exp() for t in torch.arange(head.vocabulary_size)]
    )
    torch.testing.assert_close(share, expected, atol=0.015, rtol=0)


@pytest.mark.parametrize("head", HEADS, ids=["categorical", "bernoulli"])
def test_greedy_is_the_likeliest_token(head):
    y = torch.randn(6, 8)
    every = torch.arange(head.vocabulary_size)
    best = torch.stack([head.log_prob(y, token.expand(6)) for token in every]).argmax(0)
    assert torch.equal(head.sample(y, GREEDY, torch.zeros(6, head.draws)), best)


@pytest.mark.parametrize("head", HEADS, ids=["categorical", "bernoulli"])
def test_start_and_blank_are_embedded_apart_from_every_token(head):
    e = head.embed(torch.tensor([*range(head.vocabulary_size), head.start, head.blank]))
    assert len(torch.unique(e, dim=0)) == head.vocabulary_size + 2


def test_bit_i_of_a_token_is_bit_i():
    bits = unpack_bits(torch.tensor([0b0000_0101]), 4, torch.float32)
    assert bits.tolist() == [[1.0, 0.0, 1.0, 0.0]]


def test_half_precision_outputs_give_float32_log_probabilities():
    head = Categorical(8, 7, 6).to(torch.bfloat16)
    assert head.log_prob(torch.randn(2, 8).bfloat16(), torch.tensor([1, 2])).dtype == torch.float32


PRODUCT = Product([Categorical(8, 3, 6), Bernoulli(8, 2, 6)])


@pytest.mark.parametrize("head", [*HEADS, PRODUCT], ids=["categorical", "bernoulli", "product"])
def test_soft_numbers_say_the_distribution_and_hard_ones_a_token(head):
    y = torch.randn(4, 8)
    soft, every = head.soft(y), torch.arange(head.vocabulary_size)
    hard = head.hard(every)
    assert soft.shape == (4, head.soft_size)
    assert hard.shape == (head.vocabulary_size, head.soft_size)
    assert len(torch.unique(hard, dim=0)) == head.vocabulary_size
    ones = 3 if head is PRODUCT else 7 if head is HEADS[0] else 0  # numbers of which one is certain
    for token, numbers in zip(every, hard, strict=True):
        chosen = (soft[:, :ones] * numbers[:ones]).sum(1) if ones else 1
        p = torch.where(numbers[ones:] > 0, soft[:, ones:], 1 - soft[:, ones:]).prod(1) * chosen
        torch.testing.assert_close(p, head.log_prob(y, token.expand(4)).exp())


def test_a_head_without_soft_numbers_makes_its_product_one_without():
    assert Product([Categorical(8, 3, 6), Nade(8, 2, 4, 6)]).soft_size == 0
