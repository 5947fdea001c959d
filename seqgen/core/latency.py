"""Differentiable latency of an expected alignment, to be minimised beside the likelihood."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def expected_delay(alpha: Float[Tensor, "B U S"], words: Float[Tensor, "B S"]) -> Float[Tensor, "B U"]:
    """g_i: source words that have been read, on average, when target i is written.

    words: how many have been read at each frame.
    """
    return torch.einsum("bus,bs->bu", alpha, words.to(alpha.dtype))


def average_lagging(
    delay: Float[Tensor, "B U"], source: Float[Tensor, "B"], target_lengths: Int[Tensor, "B"]
) -> Float[Tensor, "B"]:
    """Differentiable average lagging, DAL (Arivazhagan et al. 2019, arXiv:1906.05218, equations 13 to 15).

    The recursion g'_i = max(g_i, g'_{i-1} + 1/gamma), gamma = |y|/|x|, gives
    DAL = mean_i (g'_i - (i-1)/gamma). Taking (i-1)/gamma off both sides, it is a running maximum:
    DAL = mean_i cummax_i(g_i - (i-1)/gamma).

    delay: source words read at each target; source: words of the source. A row without targets gives 0.
    """
    U = delay.shape[1]
    count = target_lengths.clamp(min=1).to(delay.dtype)
    step = torch.arange(U, device=delay.device, dtype=delay.dtype) * (source / count)[:, None]
    lag = torch.cummax(delay - step, 1).values
    inside = torch.arange(U, device=delay.device) < target_lengths[:, None]
    return torch.where(inside, lag, 0).sum(1) / count


def quantity_gap(alpha: Float[Tensor, "B U S"], target_lengths: Int[Tensor, "B"]) -> Float[Tensor, "B"]:
    """|U - sum alpha|: targets that stopped nowhere (quantity loss, Inaguma et al. 2020, arXiv:2005.04712).

    0 by construction where the end of the source is a stop; of use with `stop_at_end=False`.
    """
    return (target_lengths.to(alpha.dtype) - alpha.sum((1, 2))).abs()
