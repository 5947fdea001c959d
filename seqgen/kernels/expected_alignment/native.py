"""Expected alignment by the native library."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.checks import not_a_probability
from seqgen.kernels.native.library import Native


def forward(
    library: Native,
    x: Float[Tensor, "B U S"],
    previous: Float[Tensor, "B S"] | None,
    source_lengths: Int[Tensor, "B"] | None,
    target_lengths: Int[Tensor, "B"] | None,
    logits: bool,
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    """All contiguous, on the CPU, of one dtype. Raises ValueError at the first entry that is bad."""
    B, U, S = x.shape
    alpha, final = torch.empty_like(x), x.new_empty(B, S)
    given = (x, previous, source_lengths, target_lengths)
    bad = library.call("alignment_forward", x.dtype, *given, alpha, final, B, U, S, int(logits))
    if bad >= 0:
        raise not_a_probability(x, bad, logits)
    return alpha, final


def backward(
    library: Native,
    grad_alpha: Float[Tensor, "B U S"],
    grad_final: Float[Tensor, "B S"] | None,
    x: Float[Tensor, "B U S"],
    previous: Float[Tensor, "B S"] | None,
    alpha: Float[Tensor, "B U S"],
    source_lengths: Int[Tensor, "B"] | None,
    target_lengths: Int[Tensor, "B"] | None,
    logits: bool,
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    B, U, S = x.shape
    to_x, to_previous = torch.empty_like(x), x.new_empty(B, S)
    given = (x, previous, alpha, grad_alpha, grad_final, source_lengths, target_lengths)
    library.call("alignment_backward", x.dtype, *given, to_x, to_previous, B, U, S, int(logits))
    return to_x, to_previous
