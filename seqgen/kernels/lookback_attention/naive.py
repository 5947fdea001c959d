"""Attention over everything before each column, as it is defined (Arivazhagan et al. 2019, equation 9)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def lookback_attention(alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"]) -> Float[Tensor, "*B S"]:
    """beta_j = sum over k >= j of alpha_k softmax(u_0 .. u_k)_j; where all are -inf, it is 0."""
    beta = torch.zeros_like(alpha)
    for k in range(u.shape[-1]):
        seen = u[..., : k + 1]
        empty = (seen == -torch.inf).all(-1, keepdim=True)
        attention = torch.where(empty, 0, seen.masked_fill(empty, 0).softmax(-1))
        share = alpha[..., k : k + 1] * attention
        beta = beta + torch.nn.functional.pad(share, (0, u.shape[-1] - k - 1))
    return beta
