"""Decoding stacked LSTM layers by the native library."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.checks import not_a_uniform
from seqgen.kernels.native.library import Native


def forward(
    library: Native,
    precision: str,
    weights: tuple[Tensor, Tensor, Tensor | None],
    sizes: list[int],
    bits: bool,
    state: tuple[Float[Tensor, "B N D"], Float[Tensor, "B N D"], Int[Tensor, "B"]],
    uniform: Float[Tensor, "B T K"],
    plan: Float[Tensor, "B S G"] | None,
    how: tuple[float, int, int, int],
) -> tuple[Int[Tensor, "B T"], Float[Tensor, "B N D"], Float[Tensor, "B N D"]]:
    """weights: stream, table, position. how: temperature, hold, place, end. All of matching shapes."""
    (h, c, previous), (temperature, hold, place, end) = state, how
    (B, T, K), (N, D, V) = uniform.shape, sizes
    token = torch.empty(B, T, dtype=torch.int64)
    last_h, last_c = (torch.empty(B, N, D) for _ in range(2))
    given = [x if x is None else x.contiguous() for x in (*weights, plan, h, c, uniform, previous)]
    period = 1 if weights[2] is None else len(weights[2])
    segments = 0 if plan is None else plan.shape[1]
    numbers = B, T, N, D, V, K, period, segments, hold, place, int(bits), end
    dtype = getattr(torch, precision)
    bad = library.call("lstm_decode", dtype, *given, token, last_h, last_c, *numbers, temperature)
    if bad >= 0:
        raise not_a_uniform(uniform, bad)
    return token, last_h, last_c
