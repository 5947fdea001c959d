"""Expected alignment in Triton: one program a batch row, target row after target row, a scan along each.

The recurrence along a row is affine, x' = A x + B with A in [0, 1], so its maps compose without cancellation.
The shift by one column is in the addresses: p of column j - 1 (forward) or j + 1 (backward) is read again.
"""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor

from seqgen.kernels.expected_alignment import wavefront

LONGEST = 8192
"""columns that one program holds; a longer source takes the slower version in plain torch"""


@triton.jit
@no_type_check
def _compose(a_first, b_first, a_then, b_then):
    return a_first * a_then, b_first * a_then + b_then


@triton.jit
@no_type_check
def _chances(x, on, LOGITS: tl.constexpr):
    """p and 1 - p; outside, the search passes."""
    if LOGITS:
        t = tl.exp(-tl.abs(x))
        r = 1 / (1 + t)
        p = tl.where(x > 0, r, t * r)
        n = tl.where(x > 0, t * r, r)
    else:
        p = x
        n = 1 - x
    return tl.where(on, p, 0.0), tl.where(on, n, 1.0)


@triton.jit
@no_type_check
def _length(LENGTHS, b, longest):
    """The valid part. Nobody looked at the lengths on the device: a bad one must not lead outside."""
    length = longest
    if LENGTHS is not None:
        length = tl.maximum(tl.minimum(tl.load(LENGTHS + b), longest), 0)
    return length


@triton.jit
@no_type_check
def forward_kernel(
    X, PREVIOUS, SOURCE, TARGET, ALPHA, FINAL, U, S, LOGITS: tl.constexpr, BLOCK: tl.constexpr
):
    b = tl.program_id(0).to(tl.int64)
    j = tl.arange(0, BLOCK)
    inside = j < S
    columns = _length(SOURCE, b, S)
    rows = _length(TARGET, b, U)
    above = tl.load(PREVIOUS + b * S + j, mask=inside, other=0.0)
    kind = above.dtype
    for i in range(rows):
        at = (b * U + i) * S
        here = tl.load(X + at + j, mask=j < columns, other=0.0).to(kind)
        before = tl.load(X + at + j - 1, mask=(j > 0) & (j <= columns), other=0.0).to(kind)
        p, _ = _chances(here, j < columns, LOGITS)
        _, passing = _chances(before, (j > 0) & (j <= columns), LOGITS)
        _, q = tl.associative_scan((passing, above), 0, _compose)
        above = p * q
        tl.store(ALPHA + at + j, above, mask=inside)
    for i in range(rows, U):
        tl.store(ALPHA + (b * U + i) * S + j, tl.zeros([BLOCK], kind), mask=inside)
    tl.store(FINAL + b * S + j, above, mask=inside)


@triton.jit
@no_type_check
def backward_kernel(
    GRAD, GRAD_FINAL, X, PREVIOUS, ALPHA, SOURCE, TARGET, TO_X, TO_PREVIOUS, U, S,
    LOGITS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    b = tl.program_id(0).to(tl.int64)
    j = tl.arange(0, BLOCK)
    inside = j < S
    columns = _length(SOURCE, b, S)
    rows = _length(TARGET, b, U)
    on = j < columns
    on_next = j + 1 < columns
    kind = ALPHA.dtype.element_ty
    to_q = tl.zeros([BLOCK], kind)  # the gradient of q of the row below, at j
    to_next = tl.zeros([BLOCK], kind)  # and at j + 1
    if GRAD_FINAL is not None:
        to_q = tl.load(GRAD_FINAL + b * S + j, mask=inside & (on | (rows == 0)), other=0.0)
        to_next = tl.load(GRAD_FINAL + b * S + j + 1, mask=on_next, other=0.0)
    for i in range(rows, U):
        tl.store(TO_X + (b * U + i) * S + j, tl.zeros([BLOCK], TO_X.dtype.element_ty), mask=inside)
    for k in range(rows):
        i = rows - 1 - k
        at = (b * U + i) * S
        here = tl.load(X + at + j, mask=on, other=0.0).to(kind)
        after = tl.load(X + at + j + 1, mask=on_next, other=0.0).to(kind)
        p, n = _chances(here, on, LOGITS)
        p_next, passing = _chances(after, on_next, LOGITS)
        grad = tl.load(GRAD + at + j, mask=on, other=0.0)
        grad_next = tl.load(GRAD + at + j + 1, mask=on_next, other=0.0)
        _, beyond = tl.associative_scan(
            (passing, p_next * (grad_next + to_next)), 0, _compose, reverse=True
        )  # the gradient of q of this row, at j + 1
        difference = grad + to_q - beyond
        if LOGITS:
            weight = n * tl.load(ALPHA + at + j, mask=on, other=0.0)
        else:
            before = tl.load(X + at + j - 1, mask=(j > 0) & (j <= columns), other=0.0).to(kind)
            _, passed = _chances(before, (j > 0) & (j <= columns), LOGITS)
            above = tl.load(ALPHA + at - S + j, mask=on & (i > 0), other=0.0)
            above += tl.load(PREVIOUS + b * S + j, mask=on & (i == 0), other=0.0)
            _, weight = tl.associative_scan((passed, above), 0, _compose)
        to_x = tl.where(on, weight * difference, 0.0)
        tl.store(TO_X + at + j, to_x.to(TO_X.dtype.element_ty), mask=inside)
        to_next = beyond
        to_q = tl.where(on, beyond + p * difference, 0.0)
    tl.store(TO_PREVIOUS + b * S + j, to_q, mask=inside)


def warps(block: int) -> int:
    """Eight columns a thread: more and a long source would not fit the registers."""
    return min(max(block // 256, 1), 16)


def forward(
    x: Tensor, previous: Tensor, source_lengths: Tensor | None, target_lengths: Tensor | None, logits: bool
) -> tuple[Tensor, Tensor]:
    B, U, S = x.shape
    if S > LONGEST or not x.numel():
        return wavefront.forward(x.to(previous.dtype), previous, source_lengths, target_lengths, logits)
    alpha, final = previous.new_empty(x.shape), torch.empty_like(previous)
    block = triton.next_power_of_2(S)
    forward_kernel[(B,)](
        x, previous, source_lengths, target_lengths, alpha, final, U, S, logits, block, num_warps=warps(block)
    )
    return alpha, final


def backward(
    grad_alpha: Tensor,
    grad_final: Tensor | None,
    x: Tensor,
    previous: Tensor,
    alpha: Tensor,
    source_lengths: Tensor | None,
    target_lengths: Tensor | None,
    logits: bool,
) -> tuple[Tensor, Tensor]:
    B, U, S = x.shape
    lengths = source_lengths, target_lengths
    if S > LONGEST or not x.numel():
        to_x, to_previous = wavefront.backward(
            grad_alpha, grad_final, x.to(alpha.dtype), previous, alpha, *lengths, logits
        )
        return to_x.to(x.dtype), to_previous
    to_x, to_previous = torch.empty_like(x), torch.empty_like(previous)
    block = triton.next_power_of_2(S)
    backward_kernel[(B,)](
        grad_alpha, grad_final, x, previous, alpha, *lengths, to_x, to_previous, U, S, logits, block,
        num_warps=warps(block),
    )  # fmt: skip
    return to_x, to_previous
