"""Self-attention over the bars of a piece (Vaswani et al. 2017, arXiv:1706.03762).

Melodies repeat whole bars, 4 or 8 bars apart, and a recurrence over bars can hardly copy from so far back.
Here each bar looks at all others, by what they hold, where they stand and how far apart (a learned bias for
each distance, as Raffel et al. 2020, arXiv:1910.10683). It is added to what was there before, and its last
layer starts at zero: a trained model that is given one is the same model until it learns more.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class BarAttention(nn.Module):
    """Layers of attention and of a feed-forward network over U bars; nothing is causal.

    size: numbers of a bar, read; out: numbers of a bar, given; width: within, of `heads` heads.
    """

    def __init__(self, bars: int, size: int, out: int, width: int, heads: int = 4, layers: int = 2):
        super().__init__()
        if width % heads:
            raise ValueError(f"width must be a multiple of {heads} heads, got {width}")
        self.into = nn.Linear(size, width)
        self.place = nn.Embedding(bars, width)
        nn.init.normal_(self.place.weight, std=0.02)
        self.layers = nn.ModuleList(_Layer(bars, width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, out)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Float[Tensor, "B U I"]) -> Float[Tensor, "B U O"]:
        y = self.into(x) + self.place.weight
        for layer in self.layers:
            y = layer(y)
        return self.out(self.norm(y))


class _Layer(nn.Module):
    """Attention, and a network of twice the width, each added to what it reads."""

    apart: Tensor
    """[U, U] which of the biases is that of two bars"""

    def __init__(self, bars: int, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.read = nn.Linear(width, 3 * width)
        self.write = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.distance = nn.Parameter(torch.zeros(heads, 2 * bars - 1))
        here = torch.arange(bars)
        self.register_buffer("apart", here[:, None] - here + bars - 1, persistent=False)

    def forward(self, x: Float[Tensor, "B U D"]) -> Float[Tensor, "B U D"]:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.read(self.norms[0](x)).chunk(3, -1)
        )
        bias = self.distance[:, self.apart].to(query.dtype)
        found = F.scaled_dot_product_attention(query, key, value, bias)
        x = x + self.write(found.transpose(1, 2).flatten(2))
        return x + self.narrow(F.gelu(self.wide(self.norms[1](x))))
