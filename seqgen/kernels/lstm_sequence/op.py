"""torch.ops.seqgen.lstm_sequence: on the CPU by the native library, or in torch from the unpacked weights.

`stream` is that of a `Packed`, packed for vectors of `lanes` numbers; `sizes` are J, D and G. No gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqgen.kernels.checks import check_lanes
from seqgen.kernels.choose import choose
from seqgen.kernels.lstm_sequence import naive
from seqgen.kernels.lstm_sequence.weights import unpacked

NAME = "seqgen::lstm_sequence"

torch.library.define(
    NAME,
    "(Tensor stream, int[] sizes, str precision, int lanes, Tensor x, Tensor h, Tensor c, str backend)"
    " -> (Tensor y, Tensor h, Tensor c)",
)


@torch.library.impl(NAME, "cpu")
def forward(
    stream: Tensor, sizes: list[int], precision: str, lanes: int, x: Tensor, h: Tensor, c: Tensor,
    backend: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    library = choose(x.device, backend)
    if isinstance(library, str):
        return naive.lstm_sequence(unpacked(stream, sizes, precision, lanes), x, h, c)
    check_lanes(lanes, library)
    (B, T, J), (_, D, G) = x.shape, sizes
    y, last_h, last_c = torch.empty(B, T, G * D), torch.empty(B, G, D), torch.empty(B, G, D)
    given = (stream, *(t.contiguous() for t in (x, h, c)))
    library.call("lstm_sequence", getattr(torch, precision), *given, y, last_h, last_c, B, T, J, D, G)
    return y, last_h, last_c


@torch.library.register_fake(NAME)
def _fake(
    stream: Tensor, sizes: list[int], precision: str, lanes: int, x: Tensor, h: Tensor, c: Tensor,
    backend: str,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    _, D, G = sizes
    return x.new_empty(*x.shape[:2], G * D), h.new_empty(h.shape), c.new_empty(c.shape)
