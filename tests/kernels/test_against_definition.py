"""Every version equals the definition, both passes, in float64: ends of rows, padding, extremes."""

import pytest
import torch
from torch import tensor

from tests.kernels.cases import align, align_logits, both_passes, milk, mocha, probabilities

SHAPES = [(1, 1), (4, 7), (7, 4), (5, 37), (2, 64)]
B = 3


def close(got, wanted):
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12)


def lengths(U, S, kind):
    source, target = tensor([S, max(S - 3, 0), S // 2]), tensor([U, 0, max(U - 1, 0)])
    return [{}, {"source_lengths": source}, {"source_lengths": source, "target_lengths": target}][kind]


@pytest.mark.parametrize(("U", "S"), SHAPES)
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_alignment(version, U, S, kind):
    previous = torch.rand(B, S, dtype=torch.float64)
    p = probabilities("mixed", B, U, S)
    e = 6 * torch.randn(B, U, S, dtype=torch.float64)
    e[0, 0, 0], e[-1, -1, -1], e[0, -1, 0] = torch.inf, -torch.inf, 30
    some = lengths(U, S, kind)
    close(both_passes(align, p, previous, **some), both_passes(align, p, previous, backend="naive", **some))
    wanted = both_passes(align_logits, e, previous, backend="naive", **some)
    close(both_passes(align_logits, e, previous, **some), wanted)


@pytest.mark.parametrize(("U", "S"), SHAPES)
@pytest.mark.parametrize("chunk", [1, 2, 3, 8, 30, 100, "everything"])
def test_attention(version, U, S, chunk):
    alpha, u = torch.rand(B, U, S, dtype=torch.float64), 9 * torch.randn(B, U, S, dtype=torch.float64)
    u[0, 0, : S // 2] = u[1, -1, S // 2 :] = -torch.inf
    function = milk if chunk == "everything" else mocha(chunk)
    close(both_passes(function, alpha, u), both_passes(function, alpha, u, backend="naive"))


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3), (2, 3, 0)])
@pytest.mark.parametrize("backend", [None, "naive"])
def test_nothing_to_align(version, shape, backend):
    x, previous = torch.rand(shape), torch.rand(shape[0], shape[2])
    for function in (align, align_logits):
        alpha, final, *_ = both_passes(function, x, previous, backend=backend)
        assert alpha.shape == shape
        assert torch.equal(final, previous)
    for function in (milk, mocha(2)):
        assert function(x, x, backend=backend).shape == shape
