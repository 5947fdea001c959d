"""Chunkwise attention in plain torch, where the native library or Triton is missing.

One pass over the tensors for each place in the window, relative to the window's largest logit, so that no
spread of the logits overflows and none is cut off.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def forward(alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"], chunk: int) -> Float[Tensor, "*B S"]:
    chunk = min(chunk, u.shape[-1])
    top, z = windows(u, chunk)
    weight = torch.where(z > 0, alpha / z, 0)
    beta = torch.zeros_like(alpha)
    for o in range(chunk):
        now, later = slice(0, u.shape[-1] - o), slice(o, None)
        beta[..., now] += weight[..., later] * (u[..., now] - top[..., later]).exp()
    return beta


def backward(
    grad: Float[Tensor, "*B S"], alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"], chunk: int
) -> tuple[Float[Tensor, "*B S"], Float[Tensor, "*B S"]]:
    chunk = min(chunk, u.shape[-1])
    top, z = windows(u, chunk)
    weight, inverse = torch.where(z > 0, alpha / z, 0), torch.where(z > 0, 1 / z, 0)
    to_alpha, to_u = torch.zeros_like(alpha), torch.zeros_like(u)
    for o in range(chunk):
        now, later = slice(0, u.shape[-1] - o), slice(o, None)
        to_alpha[..., later] += grad[..., now] * inverse[..., later] * (u[..., now] - top[..., later]).exp()
    for o in range(chunk):  # the mean gradient of a window, to_alpha, must be whole before it is used
        now, later = slice(0, u.shape[-1] - o), slice(o, None)
        share = weight[..., later] * (u[..., now] - top[..., later]).exp()
        to_u[..., now] += share * (grad[..., now] - to_alpha[..., later])
    return to_alpha, to_u


def windows(u: Float[Tensor, "*B S"], chunk: int) -> tuple[Float[Tensor, "*B S"], Float[Tensor, "*B S"]]:
    """The largest logit of the window that ends at each column, and the sum of exp(logit - largest) over it.

    Where all are -inf, the largest is the least finite number and the sum is 0.
    """
    S = u.shape[-1]
    top = u.clamp(min=torch.finfo(u.dtype).min)
    for o in range(1, chunk):
        top[..., o:] = torch.maximum(top[..., o:], u[..., : S - o])
    z = torch.zeros_like(u)
    for o in range(chunk):
        z[..., o:] += (u[..., : S - o] - top[..., o:]).exp()
    return top, z
