"""How a token is drawn from logits: temperature, top-k, top-p, or the most likely one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """Decoding settings. Filters apply after the temperature, top-k before top-p."""

    temperature: float = 1.0
    """divides the logits; 0 takes the most likely token"""
    top_k: int | None = None
    """keep the k most likely tokens"""
    top_p: float = 1.0
    """keep the smallest set of most likely tokens whose probability reaches p (Holtzman et al. 2020)"""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(
                f"temperature must be a finite number of at least 0, got {self.temperature}: "
                "0 takes the most likely token, 1 samples from the model"
            )
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {self.top_k}: leave it out to keep every token")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must lie in (0, 1], got {self.top_p}: 1 keeps every token")

    @property
    def greedy(self) -> bool:
        return self.temperature == 0

    def probabilities(self, logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B V"]:
        """The filtered distribution. Not for `greedy`, whose distribution is a point."""
        logits = at_least_float32(logits) / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k, -1).values[..., -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        p = logits.softmax(-1)
        if self.top_p < 1:
            ranked, order = torch.sort(p, dim=-1, descending=True, stable=True)
            outside = ranked.cumsum(-1) - ranked >= self.top_p  # the first token is always inside
            p = p.masked_fill(torch.zeros_like(outside).scatter(-1, order, outside), 0.0)
            p = p / p.sum(-1, keepdim=True)
        return p

    def draw(self, logits: Float[Tensor, "*B V"], uniform: Float[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """The token at `uniform` in [0, 1) of the cumulative distribution.

        Taking the uniform as an argument makes a draw the same whether rows run together or one by one.
        """
        if self.greedy:
            return logits.argmax(-1)
        p = self.probabilities(logits)
        cumulative = p.cumsum(-1)
        below = cumulative <= uniform[..., None] * cumulative[..., -1:]
        last = (p > 0).long().cumsum(-1).argmax(-1)  # rounding must not fall off the last possible token
        return torch.minimum(below.sum(-1), last)


def at_least_float32(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Probabilities are not computed in half precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


GREEDY = Sampling(temperature=0.0)
