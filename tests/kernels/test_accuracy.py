"""What float32 keeps of alpha, row mass, gradients and beta, where the public closed forms fail."""

import pytest
import torch

from seqgen.kernels import expected_alignment, expected_alignment_from_logits
from tests.kernels.cases import KINDS, align, both_passes, milk, mocha, probabilities


def first_previous(B, S):
    previous = torch.zeros(B, S)
    previous[:, 0] = 1
    return previous


def check_alignment(kind, shape):
    p, previous = probabilities(kind, *shape).float(), first_previous(shape[0], shape[2])
    alpha, _, *gradients = both_passes(align, p, previous)
    exact, _, *exact_gradients = both_passes(align, p.double(), previous.double())
    assert (alpha - exact).abs().max() <= 1e-6
    assert (alpha.double().sum(-1) - exact.sum(-1)).abs().max() <= 1e-5
    for got, wanted in zip(gradients, exact_gradients, strict=True):
        assert (got - wanted).abs().max() <= 1e-5 * wanted.abs().max()


@pytest.mark.parametrize("kind", KINDS)
def test_alignment_of_every_version(version, kind):
    check_alignment(kind, (16, 50, 50))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(16, 200, 200), (4, 500, 1000)], ids=str)
def test_alignment_of_long_sequences(shape, kind):
    check_alignment(kind, shape)


@pytest.mark.parametrize("logit", [-30.0, -8.0, 8.0, 15.0, 30.0])
def test_logits_keep_what_is_left_of_a_certain_stop(version, logit):
    """At p = 1 - 1e-7 float32 has no 1 - p; from the logit it is known to the last digit."""
    e = logit + torch.randn(2, 3, 40)
    alpha, exact = expected_alignment_from_logits(e), expected_alignment_from_logits(e.double())
    seen = exact > 1e-30
    assert ((alpha - exact).abs()[seen] <= 1e-5 * exact[seen]).all()


@pytest.mark.parametrize("spread", [1.0, 20.0, 1e4])
@pytest.mark.parametrize("chunk", [2, 8, 64, "everything"])
def test_attention_at_any_spread_of_the_logits(version, spread, chunk):
    function = milk if chunk == "everything" else mocha(chunk)
    alpha = torch.randn(2, 8, 1000).softmax(-1)
    u = spread * torch.randn(2, 8, 1000)
    beta, *gradients = both_passes(function, alpha, u)
    exact, *exact_gradients = both_passes(function, alpha.double(), u.double())
    assert (beta - exact).abs().max() <= 1e-6
    assert (beta.sum(-1) - 1).abs().max() <= 1e-5
    # Where one logit has all the attention, the gradient of u is a difference of equal numbers: the
    # measure of its rounding is what it is made of, the gradient of alpha.
    largest = exact_gradients[0].abs().max()
    for got, wanted in zip(gradients, exact_gradients, strict=True):
        assert (got - wanted).abs().max() <= 1e-5 * largest


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(version, dtype):
    p, previous = probabilities("initial", 3, 9, 40).to(dtype), first_previous(3, 40)
    alpha, _, to_p, _ = both_passes(align, p, previous)
    wide = both_passes(align, p.float(), previous)
    assert torch.equal(alpha, wide[0])
    assert torch.equal(to_p, wide[2].to(dtype))
    u = torch.randn(3, 9, 40).to(dtype)
    for function in (milk, mocha(4)):
        beta, _, to_u = both_passes(function, alpha, u)
        beta_wide, _, to_u_wide = both_passes(function, alpha, u.float())
        assert torch.equal(beta, beta_wide)
        assert torch.equal(to_u, to_u_wide.to(dtype))
    assert expected_alignment(p).dtype == beta.dtype == torch.float32
