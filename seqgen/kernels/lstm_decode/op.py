"""torch.ops.seqgen.lstm_decode: on the CPU by the native library, or in torch from the unpacked weights.

`stream`, `table` and `position` are those of a `Packed`, which was packed for vectors of `lanes` numbers;
`sizes` are its N, D and V. An `end` of -1 is none. Nothing has a gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqgen.kernels.checks import check_lanes, check_uniforms
from seqgen.kernels.choose import choose
from seqgen.kernels.lstm_decode import naive, native
from seqgen.kernels.lstm_decode.packed import unpacked
from seqgen.kernels.lstm_decode.weights import State

NAME = "seqgen::lstm_decode"

torch.library.define(
    NAME,
    "(Tensor stream, Tensor table, Tensor? position, int[] sizes, bool bits, str precision, int lanes,"
    " Tensor h, Tensor c, Tensor previous, Tensor uniform, Tensor? plan, float temperature,"
    " int hold, int place, int end, str backend) -> (Tensor token, Tensor h, Tensor c)",
)


@torch.library.impl(NAME, "cpu")
def forward(
    stream: Tensor, table: Tensor, position: Tensor | None, sizes: list[int], bits: bool, precision: str,
    lanes: int, h: Tensor, c: Tensor, previous: Tensor, uniform: Tensor, plan: Tensor | None,
    temperature: float, hold: int, place: int, end: int, backend: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    library = choose(h.device, backend)
    if not isinstance(library, str):
        check_lanes(lanes, library)
        packed, state = (stream, table, position), (h, c, previous)
        how = temperature, hold, place, end
        return native.forward(library, precision, packed, sizes, bits, state, uniform, plan, how)
    if temperature > 0:
        check_uniforms(uniform)
    N, D, V = sizes
    weights = unpacked(stream, table, position, (N, D, V, bits), precision, lanes)
    stop = None if end < 0 else end
    token, new = naive.lstm_decode(
        weights, State(h, c, previous), uniform, temperature, plan, hold, place, stop
    )
    return token, new.h, new.c


@torch.library.register_fake(NAME)
def _fake(
    stream: Tensor, table: Tensor, position: Tensor | None, sizes: list[int], bits: bool, precision: str,
    lanes: int, h: Tensor, c: Tensor, previous: Tensor, uniform: Tensor, plan: Tensor | None,
    temperature: float, hold: int, place: int, end: int, backend: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    B, T, _ = uniform.shape
    return previous.new_empty(B, T), torch.empty_like(h), torch.empty_like(c)
