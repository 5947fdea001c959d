"""Energies: how well a query fits each frame of a memory."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqgen.core.linear import Linear


class DotEnergy(nn.Module):
    """Scaled dot product of a projected query and a projected frame (Vaswani et al. 2017)."""

    def __init__(self, query_size: int, value_size: int, width: int):
        super().__init__()
        self.width = width
        self.query = Linear(query_size, width, bias=False)
        self.key = Linear(value_size, width, bias=False)

    def forward(self, x: Float[Tensor, "B T I"], key: Float[Tensor, "B S A"]) -> Float[Tensor, "B T S"]:
        return torch.bmm(self.query(x), key.to(x.dtype).transpose(1, 2)) * self.width**-0.5


class MonotonicEnergy(nn.Module):
    """g v/|v| tanh(W q + V h + b) + r (Raffel et al. 2017, equation 16).

    The norm of v is taken out, so that the scale g and the offset r alone say how sharp and how eager the
    decisions are at the start: sigmoid(r) is the probability that a frame is stopped at.
    """

    def __init__(self, query_size: int, value_size: int, width: int, scale: float, offset: float):
        super().__init__()
        self.width = width
        self.query = Linear(query_size, width)
        self.key = Linear(value_size, width, bias=False)
        self.v = nn.Parameter(torch.randn(width))
        self.g = nn.Parameter(torch.tensor(float(scale)))
        self.r = nn.Parameter(torch.tensor(float(offset)))

    def forward(self, x: Float[Tensor, "B T I"], key: Float[Tensor, "B S A"]) -> Float[Tensor, "B T S"]:
        fit = torch.tanh(self.query(x)[:, :, None] + key[:, None])
        return (fit @ (self.v / self.v.norm()).to(fit.dtype)) * self.g + self.r
