"""Attention over windows by the native library; a window as long as the row is MILk's."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels.checks import not_a_logit
from seqgen.kernels.native.library import Native


def forward(
    library: Native, alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"], chunk: int
) -> Float[Tensor, "*B S"]:
    """Both contiguous, on the CPU, of one dtype. Raises ValueError at the first logit that is NaN or +inf."""
    beta = torch.empty_like(u)
    bad = library.call("window_forward", u.dtype, alpha, u, beta, _rows(u), u.shape[-1], chunk)
    if bad >= 0:
        raise not_a_logit(u, bad)
    return beta


def backward(
    library: Native,
    grad: Float[Tensor, "*B S"],
    alpha: Float[Tensor, "*B S"],
    u: Float[Tensor, "*B S"],
    chunk: int,
) -> tuple[Float[Tensor, "*B S"], Float[Tensor, "*B S"]]:
    to_alpha, to_u = torch.empty_like(u), torch.empty_like(u)
    given = (alpha, u, grad, to_alpha, to_u)
    library.call("window_backward", u.dtype, *given, _rows(u), u.shape[-1], chunk)
    return to_alpha, to_u


def _rows(u: Float[Tensor, "*B S"]) -> int:
    return u.numel() // max(u.shape[-1], 1)
