"""WaveNet decoding in Triton: a frame is one launch for all layers, one each for exit, logits and draw.

A program has 16 rows and goes through the layers by itself: what a layer reads of another is in registers, so
nothing waits between programs. The past is in rings, of one slot more than a layer looks back: the slot that
is written is none that is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.frames import Buffers
from seqgen.kernels.reduced import Matrix
from seqgen.kernels.triton_head import (
    END,
    HOLD,
    PLACE,
    PLAN,
    ROWS,
    SEGMENTS,
    STEPS,
    draw,
    linear,
    number,
    tanh,
)
from seqgen.kernels.wavenet_decode.on_device import OnDevice
from seqgen.kernels.wavenet_decode.weights import State


@triton.jit
@no_type_check
def multiply_all(x, W, outputs, outputs_on, stride, k, k_on, NUMBER: tl.constexpr):
    """x W^T for x in registers and the columns k of the rows `outputs` of W."""
    at = outputs[None, :].to(tl.int64) * stride + k[:, None]
    w = tl.load(W + at, mask=k_on[:, None] & outputs_on[None, :], other=0)
    return tl.dot(x.to(NUMBER), w.to(NUMBER), input_precision="ieee")


@triton.jit
@no_type_check
def layers_kernel(
    RING, SKIP, BEFORE, FRAME, NUMBERS, TABLE, POSITION, DILATION, FIRST,
    TAPS, TAPS_SCALE, BIAS, LEAVE, LEAVE_SCALE, LEAVE_BIAS, B, R, C, S, L, period, share,
    K: tl.constexpr, PLANNED: tl.constexpr, NUMBER: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_S: tl.constexpr,
):  # fmt: skip
    """relu of the shared skip path [B, S]. Both halves of a gate stand side by side: column 2 unit + half."""
    b = (tl.program_id(0) * BLOCK_B + tl.arange(0, BLOCK_B)).to(tl.int64)
    rows_on = b < B
    c = tl.arange(0, BLOCK_C)
    c_on = c < C
    j = tl.arange(0, 2 * BLOCK_C)
    half = (j % 2) * C + j // 2
    half_on = j // 2 < C
    s = tl.arange(0, BLOCK_S)
    s_on = s < S
    on = rows_on[:, None] & c_on[None, :]
    t = tl.load(FRAME)
    previous = tl.load(BEFORE + b, mask=rows_on, other=0)
    going = (previous != tl.load(NUMBERS + END))[:, None] & on
    place = tl.load(NUMBERS + PLACE) + t
    if PLANNED:
        plan = tl.load(NUMBERS + PLAN).to(tl.pointer_type(tl.float32))
        segment = b * tl.load(NUMBERS + SEGMENTS) + place // tl.load(NUMBERS + HOLD)
        planned_on = rows_on[:, None] & half_on[None, :] & (t < tl.load(NUMBERS + STEPS))
    x = tl.load(TABLE + previous[:, None] * C + c[None, :], mask=on, other=0.0)
    if POSITION is not None:
        x += tl.load(POSITION + place % period * C + c, mask=c_on, other=0.0)[None, :]
    skip = tl.zeros([BLOCK_B, BLOCK_S], tl.float32)
    for n in range(L):
        dilation = tl.load(DILATION + n)
        slots = (K - 1) * dilation + 1
        ring = RING + ((b * R + tl.load(FIRST + n)) * C)[:, None] + c[None, :]
        column = n * 2 * C + half
        gates = multiply_all(x, TAPS + (K - 1) * C, column, half_on, K * C, c, c_on, NUMBER)
        for k in tl.static_range(K - 1):
            slot = (t - (K - 1 - k) * dilation + slots) % slots
            seen = tl.load(ring + slot * C, mask=on, other=0.0)
            gates += multiply_all(seen, TAPS + k * C, column, half_on, K * C, c, c_on, NUMBER)
        tl.store(ring + t % slots * C, x, mask=going)
        if TAPS_SCALE is not None:
            gates *= tl.load(TAPS_SCALE + column, mask=half_on, other=0.0)[None, :]
        gates += tl.load(BIAS + column, mask=half_on, other=0.0)[None, :]
        if PLANNED:
            at = (segment * L + n)[:, None] * (2 * C) + half[None, :]
            gates += tl.load(plan + at, mask=planned_on, other=0.0)
        a, g = tl.split(tl.reshape(gates, [BLOCK_B, BLOCK_C, 2]))
        z = tanh(a) * tl.sigmoid(g)
        onward = n * (C + S) + c
        aside = n * (C + S) + C + s
        to_x = multiply_all(z, LEAVE, onward, c_on, C, c, c_on, NUMBER)
        to_skip = multiply_all(z, LEAVE, aside, s_on, C, c, c_on, NUMBER)
        if LEAVE_SCALE is not None:
            to_x *= tl.load(LEAVE_SCALE + onward, mask=c_on, other=0.0)[None, :]
            to_skip *= tl.load(LEAVE_SCALE + aside, mask=s_on, other=0.0)[None, :]
        x += to_x + tl.load(LEAVE_BIAS + onward, mask=c_on, other=0.0)[None, :]
        skip += to_skip + tl.load(LEAVE_BIAS + aside, mask=s_on, other=0.0)[None, :]
    y = tl.maximum(skip * share, 0.0)
    tl.store(SKIP + b[:, None] * S + s[None, :], y, mask=rows_on[:, None] & s_on[None, :])


WARPS = 8
"""with fewer, registers would spill"""


def stages(matrix: Matrix) -> int:
    """A layer's weights are fetched ahead where two sets fit shared memory."""
    return 1 if matrix.weight.dtype == torch.float32 else 2


def blocks(w: OnDevice) -> tuple[int, int, int]:
    C, S = w.sizes.width, w.sizes.skip
    return ROWS, max(16, triton.next_power_of_2(C)), max(16, triton.next_power_of_2(S))


def frame(
    w: OnDevice, ring: Tensor, rest: tuple[Tensor, Tensor, Tensor], at: Buffers, planned: bool, greedy: bool
) -> None:
    """The launches of one frame. ring: [B, R, C]. rest: [B, S], [B, E] and [B, V], written here."""
    B, R, C = ring.shape
    (_, S, E, _, taps, bits), L = w.sizes, len(w.dilations)
    period = 1 if w.position is None else len(w.position)
    skip, y, logits = rest
    layers_kernel[(triton.cdiv(B, ROWS),)](
        ring, skip, at.previous, at.frame, at.numbers, w.table, w.position, w.dilation, w.first,
        *w.taps, w.bias, *w.leave, w.leave_bias, B, R, C, S, L, period, L**-0.5,
        taps, planned, number(w.taps), *blocks(w), num_warps=WARPS, num_stages=stages(w.taps),
    )  # fmt: skip
    linear(skip, at, w.exit, w.exit_bias, y, S, 0, relu=True)
    linear(y, at, w.head, w.head_bias, logits, E, 0)
    draw(logits, at, bool(bits), greedy)


def forward(
    w: OnDevice,
    state: State,
    uniform: Float[Tensor, "B T K"],
    plan: Float[Tensor, "B S G"] | None,
    how: tuple[float, int, int, int],
) -> tuple[Int[Tensor, "B T"], tuple[Tensor, ...]]:
    """how: temperature, hold, place, end. All of matching shapes, on the device of the weights."""
    B, C, planned, greedy = len(uniform), w.sizes.width, plan is not None, how[0] == 0
    slots = [reach + 1 for reach in w.reach]

    def make() -> tuple[Buffers, tuple[Tensor, ...], Callable[[], object]]:
        at, ring = Buffers.of(B, w.device), w.table.new_zeros(B, sum(slots), C)
        rest = [w.table.new_zeros(B, n) for n in (w.sizes.skip, w.sizes.exit, w.sizes.outputs)]
        return at, (ring,), lambda: frame(w, ring, (rest[0], rest[1], rest[2]), at, planned, greedy)

    def start(buffers: tuple[Tensor, ...]) -> None:
        for ring, past in zip(buffers[0].split(slots, 1), state.past, strict=True):
            ring[:, 1:].copy_(past)

    inputs = state.previous, uniform, plan
    token, (ring,) = w.frames.run((B, planned, greedy), make, start, inputs, how)
    before = torch.cat([state.previous[:, None], token[:, :-1]], 1)
    frames = (before != how[3]).sum(1)  # that a row was not held
    return token, tuple(_in_order(r, frames) for r in ring.split(slots, 1))


def _in_order(ring: Float[Tensor, "B slots C"], frames: Int[Tensor, "B"]) -> Float[Tensor, "B reach C"]:
    """The latest frame last; the ring's next slot, which holds what is forgotten, left out."""
    slots = ring.shape[1]
    at = (frames[:, None] + 1 + torch.arange(slots - 1, device=ring.device)) % slots
    return ring.gather(1, at[..., None].expand(-1, -1, ring.shape[2]))
