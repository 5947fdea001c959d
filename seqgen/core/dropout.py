"""Locked dropout: one mask a sequence (Gal and Ghahramani 2016), so that a recurrence sees the same noise."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """In training, zeroes channels of [B, T, D] with probability `rate`, the same ones at every frame."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        if not (self.training and self.rate):
            return x
        keep = torch.rand(len(x), 1, x.shape[2], device=x.device) >= self.rate
        return x * (keep / (1 - self.rate)).to(x.dtype)
