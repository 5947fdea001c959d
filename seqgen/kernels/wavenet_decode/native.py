"""Decoding a WaveNet by the native library."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.checks import not_a_uniform
from seqgen.kernels.native.library import Native
from seqgen.kernels.wavenet_decode.packed import Sizes


def forward(
    library: Native,
    precision: str,
    weights: tuple[Tensor, Tensor, Tensor | None],
    dilations: list[int],
    sizes: Sizes,
    state: tuple[Float[Tensor, "B R C"], Int[Tensor, "B"]],
    uniform: Float[Tensor, "B T K"],
    plan: Float[Tensor, "B S G"] | None,
    how: tuple[float, int, int, int],
) -> tuple[Int[Tensor, "B T"], Float[Tensor, "B R C"]]:
    """weights: stream, table, position. how: temperature, hold, place, end. All of matching shapes."""
    (past, previous), (temperature, hold, place, end) = state, how
    (B, T, K), apart = uniform.shape, torch.tensor(dilations)
    token, last = torch.empty(B, T, dtype=torch.int64), torch.empty(past.shape)
    given = [x if x is None else x.contiguous() for x in (*weights, plan, past, uniform, previous)]
    period = 1 if weights[2] is None else len(weights[2])
    segments = 0 if plan is None else plan.shape[1]
    C, S, E, V, taps, bits = sizes
    numbers = B, T, len(dilations), C, S, E, V, K, taps, period, segments, hold, place, bits, end
    dtype = getattr(torch, precision)
    bad = library.call("wavenet_decode", dtype, *given, apart, token, last, *numbers, temperature)
    if bad >= 0:
        raise not_a_uniform(uniform, bad)
    return token, last
