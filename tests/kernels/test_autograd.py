"""The ops as torch sees them: gradients by finite differences, registration, compilation, what is saved."""

import subprocess
import sys

import pytest
import torch

from seqgen.kernels import (
    chunkwise_attention,
    expected_alignment,
    expected_alignment_from_logits,
    lookback_attention,
)

B, U, S = 2, 3, 5
LENGTHS = {"source_lengths": torch.tensor([5, 3]), "target_lengths": torch.tensor([2, 3])}


def away_from_the_ends(*shape):
    """Finite differences must not leave [0, 1]."""
    return (0.05 + 0.9 * torch.rand(shape, dtype=torch.float64)).requires_grad_()


@pytest.mark.parametrize("options", [{}, LENGTHS], ids=["whole", "padded"])
def test_gradients_of_alignment(version, options):
    previous = away_from_the_ends(B, S)
    p, e = away_from_the_ends(B, U, S), torch.randn(B, U, S, dtype=torch.float64, requires_grad=True)
    for function, x in ((expected_alignment, p), (expected_alignment_from_logits, e)):
        torch.autograd.gradcheck(
            lambda x, previous, f=function: f(x, previous, return_final=True, **options), (x, previous)
        )


@pytest.mark.parametrize("chunk", [1, 2, 4, 9, None])
def test_gradients_of_attention(version, chunk):
    alpha = away_from_the_ends(B, U, S)
    u = (3 * torch.randn(B, U, S, dtype=torch.float64)).requires_grad_()
    torch.autograd.gradcheck(
        lambda a, u: lookback_attention(a, u) if chunk is None else chunkwise_attention(a, u, chunk),
        (alpha, u),
    )


def test_the_final_row_alone_has_a_gradient(version):
    p = away_from_the_ends(B, U, S)
    alpha, final = expected_alignment(p, return_final=True)
    (by_final,) = torch.autograd.grad(final.square().sum(), p)
    alpha = expected_alignment(p)
    torch.testing.assert_close(by_final, torch.autograd.grad(alpha[:, -1].square().sum(), p)[0])


def samples():
    x, previous = torch.rand(B, U, S, requires_grad=True), torch.rand(B, S, requires_grad=True)
    lengths = tuple(LENGTHS.values())
    ops = torch.ops.seqgen
    return {
        "alignment": (ops.expected_alignment, (x, previous, *lengths, False, "")),
        "logits": (ops.expected_alignment, (x, previous, None, None, True, "native")),
        "chunk": (ops.chunk_attention, (x, x.detach().clone().requires_grad_(), 2, "")),
        "lookback": (ops.lookback_attention, (x, x.detach().clone().requires_grad_(), "")),
    }


@pytest.mark.parametrize("name", samples())
def test_ops_are_registered_as_torch_wants_them(name):
    op, inputs = samples()[name]
    torch.library.opcheck(op.default, inputs)


COMPILED = """
import torch
from seqgen.kernels import chunkwise_attention, expected_alignment_from_logits, lookback_attention

def loss(e, u, lengths):
    alpha, final = expected_alignment_from_logits(e, source_lengths=lengths, return_final=True)
    return ((lookback_attention(alpha, u) + chunkwise_attention(alpha, u, 2)) * u).sum() + final[:, -1].sum()

e, u, lengths = torch.randn(2, 3, 5, requires_grad=True), torch.randn(2, 3, 5), torch.tensor([5, 3])
compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
got, wanted = (torch.autograd.grad(f(e, u, lengths), e)[0] for f in (compiled, loss))
torch.testing.assert_close(got, wanted)
"""


def test_nothing_breaks_the_graph():
    """In a process of its own: the checks of types and shapes that tests run under cannot be compiled."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_only_p_and_alpha_are_saved():
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.append(x) or x, lambda x: x):
        alpha = expected_alignment(torch.rand(B, U, S, requires_grad=True))
        assert sum(x.numel() for x in saved) == 2 * B * U * S
        saved.clear()
        lookback_attention(alpha, torch.randn(B, U, S))
        chunkwise_attention(alpha, torch.randn(B, U, S), 2)
    assert sum(x.numel() for x in saved) == 4 * B * U * S
