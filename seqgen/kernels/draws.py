"""Tokens from logits and given uniform numbers: the definition of what the decoding kernels draw."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def draw(
    logits: Float[Tensor, "B V"], uniform: Float[Tensor, "B K"], temperature: float, bits: bool
) -> Int[Tensor, "B"]:
    """One of V tokens, or the integer of V independent bits; temperature 0 takes what is likeliest."""
    if bits:
        on = logits > 0 if temperature == 0 else uniform < (logits / temperature).sigmoid()
        return (on.long() << torch.arange(logits.shape[1])).sum(1)
    if temperature == 0:
        return logits.argmax(1)
    p = (logits / temperature).softmax(1)
    cumulative = p.cumsum(1)
    below = (cumulative <= uniform * cumulative[:, -1:]).sum(1)
    last = (p > 0).long().cumsum(1).argmax(1)  # rounding must not fall off the last possible token
    return torch.minimum(below, last)
