"""Attention over a window before each column, as it is defined (Chiu and Raffel 2018, equation 18)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def window_attention(
    alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"], chunk: int
) -> Float[Tensor, "*B S"]:
    """beta_j = sum over k of alpha_k softmax(u_{k-chunk+1} .. u_k)_j; where all are -inf, it is 0."""
    beta = torch.zeros_like(alpha)
    for k in range(u.shape[-1]):
        first = max(0, k - chunk + 1)
        window = u[..., first : k + 1]
        empty = (window == -torch.inf).all(-1, keepdim=True)
        attention = torch.where(empty, 0, window.masked_fill(empty, 0).softmax(-1))
        share = alpha[..., k : k + 1] * attention
        beta = beta + torch.nn.functional.pad(share, (first, u.shape[-1] - k - 1))
    return beta
