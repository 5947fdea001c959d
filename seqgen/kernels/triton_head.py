"""What the decoding kernels in Triton share: products with few rows, and the draw that ends a frame.

A frame's number is in memory (`FRAME` [B], the same for all rows), and so is where a call's tensors are
(`NUMBERS`): the launches of all frames are the same, and one CUDA graph of them serves every call.
"""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels.frames import Buffers
from seqgen.kernels.reduced import Matrix

PLACE, HOLD, END, STEPS, SEGMENTS, UNIFORM, PLAN, TOKEN = (tl.constexpr(i) for i in range(8))
"""what stands where in NUMBERS: place, hold, end, T, S, and the addresses of uniform, plan and token"""
ROWS = 16
"""rows of a product, however many there are: so a row's sums are the same alone and in any batch"""

COLUMNS = 32
"""outputs of a program"""
INPUTS = 128
"""that are multiplied at a time"""


@triton.jit
@no_type_check
def multiply(
    X, at, rows_on, W, outputs, outputs_on, SCALE, inputs, NUMBER: tl.constexpr, BLOCK_K: tl.constexpr
):
    """x W^T [rows, outputs] in float32, for rows of x that begin `at`."""
    total = tl.zeros([at.shape[0], outputs.shape[0]], tl.float32)
    row = outputs.to(tl.int64) * inputs
    for start in range(0, inputs, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        inside = k < inputs
        x = tl.load(X + at[:, None] + k[None, :], mask=rows_on[:, None] & inside[None, :], other=0.0)
        w = tl.load(W + row[None, :] + k[:, None], mask=inside[:, None] & outputs_on[None, :], other=0)
        total = tl.dot(x.to(NUMBER), w.to(NUMBER), total, input_precision="ieee")
    if SCALE is not None:
        total *= tl.load(SCALE + outputs, mask=outputs_on, other=0.0)[None, :]
    return total


@triton.jit
@no_type_check
def tanh(x):
    t = tl.exp(-2 * tl.abs(x))
    r = (1 - t) / (1 + t)
    return tl.where(x < 0, -r, r)


@triton.jit
@no_type_check
def linear_kernel(
    X, FRAME, W, SCALE, BIAS, Y, B, stride, flip, inputs, outputs,
    RELU: tl.constexpr, NUMBER: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_J: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Y = X W^T + b. flip: numbers of one of the two buffers of X, of which this frame wrote one; or 0."""
    j = tl.program_id(0) * BLOCK_J + tl.arange(0, BLOCK_J)
    b = (tl.program_id(1) * BLOCK_B + tl.arange(0, BLOCK_B)).to(tl.int64)
    rows_on = b < B
    on = j < outputs
    new = (tl.load(FRAME) + 1) % 2
    y = multiply(X, new * flip + b * stride, rows_on, W, j, on, SCALE, inputs, NUMBER, BLOCK_K)
    y += tl.load(BIAS + j, mask=on, other=0.0)[None, :]
    if RELU:
        y = tl.maximum(y, 0.0)
    tl.store(Y + b[:, None] * outputs + j[None, :], y, mask=rows_on[:, None] & on[None, :])


@triton.jit
@no_type_check
def draw_kernel(
    LOGITS, BEFORE, FRAME, NUMBERS, TEMPERATURE, V,
    BITS: tl.constexpr, GREEDY: tl.constexpr, BLOCK_V: tl.constexpr,
):  # fmt: skip
    """One row: the token of seqgen.kernels.draws, or again `end`; then it is at the next frame."""
    b = tl.program_id(0).to(tl.int64)
    j = tl.arange(0, BLOCK_V)
    on = j < V
    t = tl.load(FRAME + b)
    steps = tl.load(NUMBERS + STEPS)
    before = tl.load(BEFORE + b)
    inside = t < steps  # a graph is captured with no steps: nothing is read or written
    x = tl.load(LOGITS + b * V + j, mask=on, other=-float("inf"))
    if not GREEDY:
        x = x / tl.load(TEMPERATURE)
        uniform = tl.load(NUMBERS + UNIFORM).to(tl.pointer_type(tl.float32))
    if BITS:
        if GREEDY:
            bit = x > 0
        else:
            u = tl.load(uniform + (b * steps + t) * V + j, mask=on & inside, other=1.0)
            bit = u < tl.sigmoid(x)
        token = tl.sum(tl.where(on & bit, 1, 0).to(tl.int64) << j, 0)
    else:
        if GREEDY:
            token = tl.argmax(x, 0).to(tl.int64)
        else:
            u = tl.load(uniform + b * steps + t, mask=inside, other=0.0)
            p = tl.exp(x - tl.max(x, 0))
            p = p / tl.sum(p, 0)
            cumulative = tl.cumsum(p, 0)
            whole = tl.sum(tl.where(j == V - 1, cumulative, 0.0), 0)
            below = tl.sum((on & (cumulative <= u * whole)).to(tl.int32), 0)
            last = tl.max(tl.where(on & (p > 0), j, 0), 0)
            token = tl.minimum(below, last).to(tl.int64)
        token = tl.minimum(token, V - 1)  # whatever the logits are, it leads to a row of the table
    token = tl.where(before == tl.load(NUMBERS + END), before, token)
    tl.store(BEFORE + b, token)
    tl.store(tl.load(NUMBERS + TOKEN).to(tl.pointer_type(tl.int64)) + b * steps + t, token, mask=inside)
    tl.store(FRAME + b, t + 1)


def number(matrix: Matrix) -> tl.dtype:
    """What both sides of a product are rounded to. Triton's interpreter has no products of bfloat16."""
    if matrix.weight.dtype == torch.float32 or triton.knobs.runtime.interpret:
        return tl.float32
    return tl.bfloat16


def stages(matrix: Matrix) -> int:
    """Blocks of weights that are on their way; with a fourth of int8, registers would spill on sm_80."""
    return 4 if matrix.scale is None else 3


def at_a_time(inputs: int) -> int:
    """Inputs that are multiplied at a time."""
    return min(INPUTS, max(16, triton.next_power_of_2(inputs)))


def linear(
    x: Tensor,
    at: Buffers,
    w: Matrix,
    bias: Tensor,
    y: Float[Tensor, "B J"],
    stride: int,
    flip: int,
    relu: bool = False,
) -> None:
    """y = x W^T + b, and its relu. stride: numbers of a row of x. flip: as in `linear_kernel`."""
    (B, J), inputs = y.shape, w.weight.shape[1]
    linear_kernel[(triton.cdiv(J, COLUMNS), triton.cdiv(B, ROWS))](
        x, at.frame, *w, bias, y, B, stride, flip, inputs, J,
        relu, number(w), ROWS, COLUMNS, at_a_time(inputs), num_warps=4, num_stages=stages(w),
    )  # fmt: skip


def draw(logits: Float[Tensor, "B V"], at: Buffers, bits: bool, greedy: bool) -> None:
    """The last launch of a frame."""
    B, V = logits.shape
    block = triton.next_power_of_2(V)
    draw_kernel[(B,)](
        logits, at.previous, at.frame, at.numbers, at.temperature, V, bits, greedy, block, num_warps=4
    )
