"""Chunkwise attention in Triton: two elementwise passes a direction, each over the places in the window.

The first gives every window its largest logit and its sum, the second gives every column its share of the
windows that hold it. The work grows with the chunk, and the loads of neighbours hit the cache.
"""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 256


@triton.jit
@no_type_check
def _place(S, BLOCK: tl.constexpr):
    """Where the program's row begins, its columns, and which of them there are."""
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    return tl.program_id(0).to(tl.int64) * S, column, column < S


@triton.jit
@no_type_check
def window_kernel(
    ALPHA, LOGITS, GRAD, TOP, WEIGHT, MEAN, S, chunk, LOWEST: tl.constexpr, BLOCK: tl.constexpr
):
    at, k, inside = _place(S, BLOCK)
    top = tl.load(LOGITS + at + k, mask=inside, other=LOWEST)
    kind = top.dtype
    top = tl.maximum(top, LOWEST)
    for o in range(1, chunk):
        top = tl.maximum(top, tl.load(LOGITS + at + k - o, mask=inside & (k >= o), other=LOWEST))
    z = tl.zeros([BLOCK], kind)
    mean = tl.zeros([BLOCK], kind)
    for o in range(chunk):
        held = inside & (k >= o)
        e = tl.exp(tl.load(LOGITS + at + k - o, mask=held, other=-float("inf")) - top)
        z += e
        if GRAD is not None:
            mean += e * tl.load(GRAD + at + k - o, mask=held, other=0.0)
    some = z > 0
    z = tl.where(some, z, 1.0)
    alpha = tl.load(ALPHA + at + k, mask=inside, other=0.0)
    tl.store(TOP + at + k, top, mask=inside)
    tl.store(WEIGHT + at + k, tl.where(some, alpha / z, 0.0), mask=inside)
    if GRAD is not None:
        tl.store(MEAN + at + k, mean / z, mask=inside)


@triton.jit
@no_type_check
def share_kernel(LOGITS, TOP, WEIGHT, GRAD, MEAN, OUT, S, chunk, LOWEST: tl.constexpr, BLOCK: tl.constexpr):
    at, j, inside = _place(S, BLOCK)
    logit = tl.load(LOGITS + at + j, mask=inside, other=-float("inf"))
    total = tl.zeros([BLOCK], logit.dtype)
    for o in range(chunk):
        held = j + o < S
        top = tl.load(TOP + at + j + o, mask=held, other=-LOWEST)
        share = tl.load(WEIGHT + at + j + o, mask=held, other=0.0) * tl.exp(logit - top)
        if GRAD is not None:
            grad = tl.load(GRAD + at + j, mask=inside, other=0.0)
            share *= grad - tl.load(MEAN + at + j + o, mask=held, other=0.0)
        total += share
    tl.store(OUT + at + j, total, mask=inside)


def forward(alpha: Tensor, u: Tensor, chunk: int) -> Tensor:
    return _run(alpha, u, None, chunk)[0]


def backward(grad: Tensor, alpha: Tensor, u: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    to_u, to_alpha = _run(alpha, u, grad, chunk)
    return to_alpha, to_u


def _run(alpha: Tensor, u: Tensor, grad: Tensor | None, chunk: int) -> tuple[Tensor, Tensor]:
    """beta; or, with a gradient of it, the gradients of u and of alpha."""
    S = u.shape[-1]
    top, weight, out = torch.empty_like(u), torch.empty_like(u), torch.empty_like(u)
    mean = None if grad is None else torch.empty_like(u)
    if u.numel():
        grid = (u.numel() // S, triton.cdiv(S, BLOCK))
        chunk, lowest = min(chunk, S), torch.finfo(u.dtype).min
        window_kernel[grid](alpha, u, grad, top, weight, mean, S, chunk, lowest, BLOCK)
        share_kernel[grid](u, top, weight, grad, mean, out, S, chunk, lowest, BLOCK)
    return out, out if mean is None else mean
