"""The laws: how targets are cut, what stands in padding and who else is there change nothing."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from seqgen.kernels import chunkwise_attention, expected_alignment, expected_alignment_from_logits
from tests.kernels.cases import KINDS, milk, probabilities

B, U, S = 4, 9, 33
SEEDS = st.integers(0, 9999)
FEW = settings(max_examples=15)


def draw(kind, seed):
    """p [B, U, S], lengths of source and target, in float64: a law that fails is not rounding."""
    rng = Generator().manual_seed(seed)
    source = torch.randint(0, S + 1, (B,), generator=rng)
    target = torch.randint(0, U + 1, (B,), generator=rng)
    return probabilities(kind, B, U, S, seed=seed), source, target


@FEW
@given(kind=st.sampled_from(list(KINDS)), seed=SEEDS, cuts=st.lists(st.integers(0, U), max_size=4))
def test_how_targets_are_cut_changes_nothing(kind, seed, cuts):
    p, source, target = draw(kind, seed)
    whole, last = expected_alignment(p, None, source, target, return_final=True)
    parts, final = [], None
    edges = [0, *sorted(cuts), U]
    for start, end in pairwise(edges):
        here = (target - start).clamp(0, end - start)
        alpha, final = expected_alignment(p[:, start:end], final, source, here, return_final=True)
        parts.append(alpha)
    assert torch.equal(torch.cat(parts, 1), whole)
    assert torch.equal(final, last)


@FEW
@given(kind=st.sampled_from(list(KINDS)), seed=SEEDS)
def test_what_stands_in_padding_changes_nothing(kind, seed):
    p, source, target = draw(kind, seed)
    on = (torch.arange(S) < source[:, None])[:, None] & (torch.arange(U) < target[:, None])[:, :, None]
    p = p.masked_fill(~on, torch.nan).requires_grad_()
    for function, x in ((expected_alignment, p), (expected_alignment_from_logits, p)):
        alpha = function(x, None, source, target)
        (gradient,) = torch.autograd.grad(alpha.square().sum(), x)
        assert not alpha[~on].any()
        assert not gradient[~on].any()
        for b in range(B):  # each row equals itself alone
            s, t = int(source[b]), int(target[b])
            alone = p.detach()[b : b + 1, :t, :s].requires_grad_()
            alpha_alone = function(alone)
            (gradient_alone,) = torch.autograd.grad(alpha_alone.square().sum(), alone)
            assert torch.equal(alpha[b, :t, :s], alpha_alone[0])
            assert torch.equal(gradient[b, :t, :s], gradient_alone[0])


@FEW
@given(seed=SEEDS)
def test_rows_commute(seed):
    p, source, target = draw("mixed", seed)
    order = torch.randperm(B, generator=Generator().manual_seed(seed))
    alpha = expected_alignment(p, None, source, target)
    assert torch.equal(expected_alignment(p[order], None, source[order], target[order]), alpha[order])
    u = torch.randn(p.shape, generator=Generator().manual_seed(seed), dtype=p.dtype)
    for function in (milk, lambda a, u: chunkwise_attention(a, u, 5)):
        assert torch.equal(function(alpha[order], u[order]), function(alpha, u)[order])
        assert torch.equal(function(alpha[1:2], u[1:2])[0], function(alpha, u)[1])


def test_inputs_are_not_mutated(version):
    p, source, target = draw("mixed", 3)
    previous, u = torch.rand(B, S, dtype=p.dtype), torch.randn(p.shape, dtype=p.dtype)
    inputs = (p, previous, source, target, u)
    before = [x.clone() for x in inputs]
    p.requires_grad_(), previous.requires_grad_(), u.requires_grad_()
    alpha, final = expected_alignment(p, previous, source, target, return_final=True)
    beta = milk(alpha, u) + chunkwise_attention(alpha, u, 3)
    (beta.sum() + final.sum()).backward()
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))


@pytest.mark.parametrize("row", [0, 4])
@pytest.mark.parametrize("column", [0, 17, 32])
def test_no_gradient_comes_from_the_future(version, row, column):
    """Alpha knows nothing of later rows and columns; attention knows no logit after the stop."""
    p = probabilities("uniform", B, U, S).requires_grad_()
    alpha = expected_alignment(p)
    (gradient,) = torch.autograd.grad(alpha[:, : row + 1, : column + 1].square().sum(), p)
    assert not gradient[:, row + 1 :].any()
    assert not gradient[:, :, column + 1 :].any()
    assert gradient[:, : row + 1, : column + 1].any()
    stop = torch.zeros(B, U, S, dtype=p.dtype)
    stop[:, :, column] = 1
    for chunk in (1, 4, S):
        u = torch.randn(B, U, S, dtype=p.dtype, requires_grad=True)
        beta = chunkwise_attention(stop, u, chunk)
        (gradient,) = torch.autograd.grad(beta.square().sum(), u)
        outside = torch.ones(S, dtype=torch.bool)
        outside[max(0, column - chunk + 1) : column + 1] = False
        assert not beta[:, :, outside].any()
        assert not gradient[:, :, outside].any()
