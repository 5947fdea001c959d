"""Look-back attention in Triton: one program a row, one scan each way.

A scanned element is a sum with the exponent of its largest term, so no spread of the logits overflows.
"""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from seqgen.kernels.lookback_attention import scan

LONGEST = 8192
"""columns that one program holds; a longer source takes the slower version in plain torch"""


@triton.jit
@no_type_check
def _add(top, x, y, top_then, x_then, y_then):
    """x e^top + x_then e^top_then, and the same for y."""
    most = tl.maximum(top, top_then)
    a = tl.exp(top - most)
    b = tl.exp(top_then - most)
    return most, x * a + x_then * b, y * a + y_then * b


@triton.jit
@no_type_check
def _windows(ALPHA, logit, grad, at, j, inside, LOWEST: tl.constexpr):
    """For every column: the largest logit to it, alpha over the sum of exponentials, the mean gradient."""
    alpha = tl.load(ALPHA + at + j, mask=inside, other=0.0)
    one = tl.where(logit >= LOWEST, 1.0, 0.0).to(logit.dtype)
    clamped = tl.maximum(logit, LOWEST)
    top, z, h = tl.associative_scan((clamped, one, grad * one), 0, _add)
    some = z > 0
    z = tl.where(some, z, 1.0)
    return tl.where(some, top, -LOWEST), tl.where(some, alpha / z, 0.0), h / z


@triton.jit
@no_type_check
def forward_kernel(ALPHA, LOGITS, BETA, S, LOWEST: tl.constexpr, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * S
    j = tl.arange(0, BLOCK)
    inside = j < S
    logit = tl.load(LOGITS + at + j, mask=inside, other=-float("inf"))
    top, weight, _ = _windows(ALPHA, logit, tl.zeros_like(logit), at, j, inside, LOWEST)
    weight = tl.where(inside, weight, 0.0)
    most, total, _ = tl.associative_scan((-top, weight, tl.zeros_like(weight)), 0, _add, reverse=True)
    tl.store(BETA + at + j, total * tl.exp(logit + most), mask=inside)


@triton.jit
@no_type_check
def backward_kernel(GRAD, ALPHA, LOGITS, TO_ALPHA, TO_LOGITS, S, LOWEST: tl.constexpr, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * S
    j = tl.arange(0, BLOCK)
    inside = j < S
    logit = tl.load(LOGITS + at + j, mask=inside, other=-float("inf"))
    grad = tl.load(GRAD + at + j, mask=inside, other=0.0)
    top, weight, mean = _windows(ALPHA, logit, grad, at, j, inside, LOWEST)
    tl.store(TO_ALPHA + at + j, mean, mask=inside)
    weight = tl.where(inside, weight, 0.0)
    most, total, meant = tl.associative_scan((-top, weight, weight * mean), 0, _add, reverse=True)
    tl.store(TO_LOGITS + at + j, (grad * total - meant) * tl.exp(logit + most), mask=inside)


def warps(block: int) -> int:
    return min(max(block // 256, 1), 16)


def forward(alpha: Tensor, u: Tensor) -> Tensor:
    S = u.shape[-1]
    if S > LONGEST or not u.numel():
        return scan.forward(alpha, u)
    beta, block = torch.empty_like(u), triton.next_power_of_2(S)
    lowest = torch.finfo(u.dtype).min
    forward_kernel[(u.numel() // S,)](alpha, u, beta, S, lowest, block, num_warps=warps(block))
    return beta


def backward(grad: Tensor, alpha: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    S = u.shape[-1]
    if S > LONGEST or not u.numel():
        return scan.backward(grad, alpha, u)
    to_alpha, to_u = torch.empty_like(u), torch.empty_like(u)
    block, lowest = triton.next_power_of_2(S), torch.finfo(u.dtype).min
    backward_kernel[(u.numel() // S,)](
        grad, alpha, u, to_alpha, to_u, S, lowest, block, num_warps=warps(block)
    )
    return to_alpha, to_u
