"""LSTM decoding in Triton: a frame is one launch a layer, one for the logits and one for the draw.

A layer reads all of the last frame's h while its new units are written, so h has two buffers that take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.frames import Buffers
from seqgen.kernels.lstm_decode.on_device import OnDevice
from seqgen.kernels.lstm_decode.weights import State
from seqgen.kernels.triton_head import (
    END,
    HOLD,
    PLACE,
    PLAN,
    ROWS,
    SEGMENTS,
    STEPS,
    at_a_time,
    draw,
    linear,
    multiply,
    number,
    stages,
    tanh,
)

UNITS = 8
"""of a program: 128 programs for a width of 1024"""


@triton.jit
@no_type_check
def layer_kernel(
    H, CELLS, BEFORE, FRAME, NUMBERS, TABLE, POSITION, BIAS, BELOW, BELOW_SCALE, OWN, OWN_SCALE,
    B, N, D, n, period, PLANNED: tl.constexpr, NUMBER: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """The cells of BLOCK_D units of BLOCK_B rows. Their gates stand side by side: column 4 unit + gate."""
    j = tl.arange(0, 4 * BLOCK_D)
    first = tl.program_id(0) * BLOCK_D
    column = (j % 4) * D + first + j // 4
    columns_on = first + j // 4 < D
    b = (tl.program_id(1) * BLOCK_B + tl.arange(0, BLOCK_B)).to(tl.int64)
    rows_on = b < B
    on = rows_on[:, None] & columns_on[None, :]
    t = tl.load(FRAME)
    old = t % 2 * B * N * D
    new = (t + 1) % 2 * B * N * D
    at = (b * N + n) * D
    previous = tl.load(BEFORE + b, mask=rows_on, other=0)

    gates = multiply(H, old + at, rows_on, OWN, column, columns_on, OWN_SCALE, D, NUMBER, BLOCK_K)
    if BELOW is not None:
        gates += multiply(
            H, new + at - D, rows_on, BELOW, column, columns_on, BELOW_SCALE, D, NUMBER, BLOCK_K
        )
        gates += tl.load(BIAS + column, mask=columns_on, other=0.0)[None, :]
    else:
        place = tl.load(NUMBERS + PLACE) + t
        gates += tl.load(TABLE + previous[:, None] * (4 * D) + column[None, :], mask=on, other=0.0)
        if POSITION is not None:
            gates += tl.load(POSITION + place % period * (4 * D) + column, mask=columns_on, other=0.0)[
                None, :
            ]
        if PLANNED:
            plan = tl.load(NUMBERS + PLAN).to(tl.pointer_type(tl.float32))
            segment = b * tl.load(NUMBERS + SEGMENTS) + place // tl.load(NUMBERS + HOLD)
            inside = on & (t < tl.load(NUMBERS + STEPS))
            gates += tl.load(plan + segment[:, None] * (4 * D) + column[None, :], mask=inside, other=0.0)

    even, odd = tl.split(tl.reshape(gates, [BLOCK_B, BLOCK_D, 2, 2]))
    i, g = tl.split(even)
    f, o = tl.split(odd)
    unit = first + tl.arange(0, BLOCK_D)
    cell = at[:, None] + unit[None, :]
    cells_on = rows_on[:, None] & (unit < D)[None, :]
    h_before = tl.load(H + old + cell, mask=cells_on, other=0.0)
    c_before = tl.load(CELLS + cell, mask=cells_on, other=0.0)
    c = tl.sigmoid(f) * c_before + tl.sigmoid(i) * tanh(g)
    h = tl.sigmoid(o) * tanh(c)
    ended = (previous == tl.load(NUMBERS + END))[:, None]
    tl.store(CELLS + cell, tl.where(ended, c_before, c), mask=cells_on)
    tl.store(H + new + cell, tl.where(ended, h_before, h), mask=cells_on)


def frame(
    w: OnDevice, h: Tensor, c: Tensor, logits: Tensor, at: Buffers, planned: bool, greedy: bool
) -> None:
    """The launches of one frame. h: [2, B, N, D]. logits: [B, V], written here."""
    _, B, N, D = h.shape
    blocks, kind = triton.cdiv(B, ROWS), number(w.head)
    period = 1 if w.position is None else len(w.position)
    for n, layer in enumerate(w.cells):
        below = (None, None) if layer.below is None else layer.below
        layer_kernel[(triton.cdiv(D, UNITS), blocks)](
            h, c, at.previous, at.frame, at.numbers, w.table, w.position, layer.bias, *below, *layer.own,
            B, N, D, n, period, planned, kind, ROWS, UNITS, at_a_time(D),
            num_warps=4, num_stages=stages(w.head),
        )  # fmt: skip
    linear(h[0, :, N - 1], at, w.head, w.head_bias, logits, N * D, B * N * D)
    draw(logits, at, w.bits, greedy)


def forward(
    w: OnDevice,
    state: State,
    uniform: Float[Tensor, "B T K"],
    plan: Float[Tensor, "B S G"] | None,
    how: tuple[float, int, int, int],
) -> tuple[Int[Tensor, "B T"], Float[Tensor, "B N D"], Float[Tensor, "B N D"]]:
    """how: temperature, hold, place, end. All of matching shapes, on the device of the weights."""
    B, T, _ = uniform.shape
    planned, greedy = plan is not None, how[0] == 0

    def make() -> tuple[Buffers, tuple[Tensor, ...], Callable[[], object]]:
        size, at = (B, w.layers, w.width), Buffers.of(B, w.device)
        h, c, logits = (w.table.new_zeros(s) for s in ((2, *size), size, (B, w.outputs)))
        return at, (h, c), lambda: frame(w, h, c, logits, at, planned, greedy)

    def start(buffers: tuple[Tensor, ...]) -> None:
        buffers[0][0].copy_(state.h)
        buffers[1].copy_(state.c)

    inputs = state.previous, uniform, plan
    token, (h, c) = w.frames.run((B, planned, greedy), make, start, inputs, how)
    return token, h[T % 2], c
