"""Look-back attention in plain torch, where the native library or Triton is missing: linear in the columns.

All sums are relative to the largest logit so far, so no spread of the logits overflows and none is cut off.
They run in float64: over a thousand columns the roundings of float32 would add up.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def forward(alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"]) -> Float[Tensor, "*B S"]:
    e, decay, z = sums(u.double())
    return (e * _from_right(decay, torch.where(z > 0, alpha / z, 0))).to(u.dtype)


def backward(
    grad: Float[Tensor, "*B S"], alpha: Float[Tensor, "*B S"], u: Float[Tensor, "*B S"]
) -> tuple[Float[Tensor, "*B S"], Float[Tensor, "*B S"]]:
    e, decay, z = sums(u.double())
    weight, inverse = torch.where(z > 0, alpha / z, 0), torch.where(z > 0, 1 / z, 0)
    to_alpha = inverse * _from_left(decay, grad * e)  # the mean gradient of what column k may attend to
    to_u = e * (grad * _from_right(decay, weight) - _from_right(decay, weight * to_alpha))
    return to_alpha.to(u.dtype), to_u.to(u.dtype)


def sums(
    u: Float[Tensor, "*B S"],
) -> tuple[Float[Tensor, "*B S"], Float[Tensor, "*B S"], Float[Tensor, "*B S"]]:
    """exp(u_k - m_k), exp(m_{k-1} - m_k) and the sum of exp(u_l - m_k) over l <= k; m_k is the largest u_l.

    Where all are -inf, m is the least finite number and the sum is 0.
    """
    if not u.numel():
        return u, u, u
    top = u.cummax(-1).values.clamp(min=torch.finfo(u.dtype).min)
    e = (u - top).exp()
    decay = torch.cat([torch.zeros_like(u[..., :1]), (top[..., :-1] - top[..., 1:]).exp()], -1)
    return e, decay, _from_left(decay, e)


def _from_left(decay: Float[Tensor, "*B S"], x: Float[Tensor, "*B S"]) -> Float[Tensor, "*B S"]:
    """y_k = x_k + decay_k y_{k-1}"""
    if not x.shape[-1]:
        return x
    y = [x[..., 0]]
    for d, now in zip(decay.unbind(-1)[1:], x.unbind(-1)[1:], strict=True):
        y.append(torch.addcmul(now, d, y[-1]))
    return torch.stack(y, -1)


def _from_right(decay: Float[Tensor, "*B S"], x: Float[Tensor, "*B S"]) -> Float[Tensor, "*B S"]:
    """y_k = x_k + decay_{k+1} y_{k+1}"""
    if not x.shape[-1]:
        return x
    y = [x[..., -1]]
    for d, now in zip(decay.unbind(-1)[:0:-1], x.unbind(-1)[-2::-1], strict=True):
        y.append(torch.addcmul(now, d, y[-1]))
    return torch.stack(y[::-1], -1)
