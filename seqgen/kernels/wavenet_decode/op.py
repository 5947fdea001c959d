"""torch.ops.seqgen.wavenet_decode: on the CPU by the native library, or in torch from the unpacked weights.

`stream`, `table`, `position`, `dilations` and `sizes` are those of a `Packed`, which was packed for vectors
of `lanes` numbers. `past` holds the frames of all layers one after another. An `end` of -1 is none. Nothing
has a gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqgen.kernels.checks import check_lanes, check_uniforms
from seqgen.kernels.choose import choose
from seqgen.kernels.wavenet_decode import naive, native
from seqgen.kernels.wavenet_decode.packed import Sizes, unpacked
from seqgen.kernels.wavenet_decode.weights import State

NAME = "seqgen::wavenet_decode"

torch.library.define(
    NAME,
    "(Tensor stream, Tensor table, Tensor? position, int[] dilations, int[] sizes, str precision, int lanes,"
    " Tensor past, Tensor previous, Tensor uniform, Tensor? plan, float temperature,"
    " int hold, int place, int end, str backend) -> (Tensor token, Tensor past)",
)


@torch.library.impl(NAME, "cpu")
def forward(
    stream: Tensor, table: Tensor, position: Tensor | None, dilations: list[int], sizes: list[int],
    precision: str, lanes: int, past: Tensor, previous: Tensor, uniform: Tensor, plan: Tensor | None,
    temperature: float, hold: int, place: int, end: int, backend: str,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    library, shape = choose(past.device, backend), Sizes(*sizes)
    if not isinstance(library, str):
        check_lanes(lanes, library)
        packed, state, how = (stream, table, position), (past, previous), (temperature, hold, place, end)
        return native.forward(library, precision, packed, dilations, shape, state, uniform, plan, how)
    if temperature > 0:
        check_uniforms(uniform)
    weights = unpacked(stream, table, position, dilations, shape, precision, lanes)
    parts = past.split([(shape.taps - 1) * dilation for dilation in dilations], 1)
    stop = None if end < 0 else end
    token, new = naive.wavenet_decode(
        weights, State(parts, previous), uniform, temperature, plan, hold, place, stop
    )
    return token, torch.cat(new.past, 1)


@torch.library.register_fake(NAME)
def _fake(
    stream: Tensor, table: Tensor, position: Tensor | None, dilations: list[int], sizes: list[int],
    precision: str, lanes: int, past: Tensor, previous: Tensor, uniform: Tensor, plan: Tensor | None,
    temperature: float, hold: int, place: int, end: int, backend: str,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    B, T, _ = uniform.shape
    return previous.new_empty(B, T), past.new_empty(past.shape)
