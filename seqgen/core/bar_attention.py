"""Attention over the bars of a piece (Vaswani et al. 2017, arXiv:1706.03762), with averages of those alike.

Melodies repeat whole bars, 4 or 8 bars apart, and a recurrence over bars can hardly copy from so far back.
Here each bar looks at all others, by what they hold, where they stand and how far apart (a learned bias for
each distance, as Raffel et al. 2020, arXiv:1910.10683). It is added to what was there before, and its last
layers start at zero: a trained model that is given one is the same model until it learns more.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

ALIKE = 0.25
"""weight of a squared difference before training: of two codes of unit variance, with noise of half of it"""
SELF, CLEAR = -3.0, -7.0
"""before training: by how much a bar counts itself less than its like, about what noise takes from those; and
how much of it goes with each unit of the codes' mean square, 1 of draws and less of posterior means"""


class BarAttention(nn.Module):
    """Bars averaged with their like, then layers of attention and of feed-forward networks; not causal.

    size: numbers of each of U bars, read; out: numbers of a bar, given; width: within, of `heads` heads.
    """

    def __init__(self, bars: int, size: int, out: int, width: int, heads: int = 4, layers: int = 2):
        super().__init__()
        if width % heads:
            raise ValueError(f"width must be a multiple of {heads} heads, got {width}")
        self.alike = Alike(bars, size)
        self.into = nn.Linear(size, width)
        self.more = nn.Linear(self.alike.output_size, width, bias=False)
        self.place = nn.Embedding(bars, width)
        nn.init.normal_(self.place.weight, std=0.02)
        self.layers = nn.ModuleList(_Layer(bars, width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out, self.straight = nn.Linear(width, out), nn.Linear(self.alike.output_size, out, bias=False)
        for zero in (self.out.weight, self.out.bias, self.straight.weight, self.more.weight):
            nn.init.zeros_(zero)

    def forward(self, x: Float[Tensor, "B U I"]) -> Float[Tensor, "B U O"]:
        found = self.alike(x)
        y = self.into(x) + self.more(found) + self.place.weight
        for layer in self.layers:
            y = layer(y)
        return self.out(self.norm(y)) + self.straight(found)


class Alike(nn.Module):
    """What each bar would gain from an average with those like it (non-local means, Buades et al. 2005).

    For bars x_u of I numbers, learned weights w, learned biases b of distances and a learned c:

        s_uv = b_(u - v) - sum_i w_i (x_ui - x_vi)^2,   s_uu = b_0 + c (mean of all x^2 - 1),
        x'_u = sum_v softmax(s_u)_v x_v - x_u,    e_u = log(sum_(v != u) exp(s_uv)) - s_uu.

    Two bars with the same music have codes that differ by noise alone: their average is the better code of
    both. Codes without noise need no average, which would blur what differs a little; the mean square of
    draws is 1, and what is less is missing noise. The output is x' and the logistic of e.
    """

    def __init__(self, bars: int, size: int):
        super().__init__()
        self.bars, self.output_size = bars, size + 1
        self.sharpness = nn.Parameter(torch.full((size,), math.log(ALIKE)))
        self.distance = nn.Parameter(torch.where(torch.arange(2 * bars - 1) == bars - 1, SELF, 0.0))
        self.clear = nn.Parameter(torch.tensor(CLEAR))

    def forward(self, x: Float[Tensor, "B U I"]) -> Float[Tensor, "B U J"]:
        if self.bars == 1:
            return x.new_zeros(*x.shape[:2], self.output_size)
        scaled = x * (self.sharpness / 2).exp()
        square = (scaled**2).sum(-1)
        apart = (square[:, :, None] + square[:, None] - 2 * scaled @ scaled.transpose(1, 2)).clamp(min=0)
        score = by_distance(self.distance, self.bars) - apart
        own = torch.eye(self.bars, dtype=torch.bool, device=x.device)
        score = score + self.clear * ((x**2).mean((1, 2)) - 1)[:, None, None] * own
        others = score.masked_fill(own, -torch.inf).logsumexp(-1)
        evidence = (others - score.diagonal(dim1=1, dim2=2)).sigmoid()
        return torch.cat([score.softmax(-1).to(x.dtype) @ x - x, evidence[..., None].to(x.dtype)], -1)


class _Layer(nn.Module):
    """Attention, and a network of twice the width, each added to what it reads."""

    def __init__(self, bars: int, width: int, heads: int):
        super().__init__()
        self.bars, self.heads = bars, heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.read = nn.Linear(width, 3 * width)
        self.write = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.distance = nn.Parameter(torch.zeros(heads, 2 * bars - 1))

    def forward(self, x: Float[Tensor, "B U D"]) -> Float[Tensor, "B U D"]:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.read(self.norms[0](x)).chunk(3, -1)
        )
        bias = by_distance(self.distance, self.bars).to(query.dtype)
        found = F.scaled_dot_product_attention(query, key, value, bias)
        x = x + self.write(found.transpose(1, 2).flatten(2))
        return x + self.narrow(F.gelu(self.wide(self.norms[1](x))))


def by_distance(bias: Float[Tensor, "*H V"], bars: int) -> Float[Tensor, "*H U U"]:
    """From one number for each distance to one for each pair of bars."""
    here = torch.arange(bars, device=bias.device)
    return bias[..., here[:, None] - here + bars - 1]
