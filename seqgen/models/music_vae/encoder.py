"""Encoders: a window of tokens to the mean and standard deviation of a diagonal Gaussian over z.

They look both ways in time, so they are plain modules and not part of the sequence core.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int, Shaped
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from seqgen.core import (
    BarAttention,
    BitEmbedding,
    Bits,
    GrooveEmbedding,
    OneHot,
    PlainGroove,
    ProductEmbedding,
    TokenEmbedding,
)
from seqgen.core.decoder import rng_device
from seqgen.core.packed_lstm import PackedLSTM
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae.config import HeadName, MusicVAEConfig


class Posterior(NamedTuple):
    """q(z | x), a diagonal Gaussian."""

    mean: Tensor
    """[B, Z]"""
    std: Tensor
    """[B, Z]"""

    def sample(self, rng: Generator | None = None) -> Float[Tensor, "B Z"]:
        """A reparameterised draw (Kingma and Welling 2014)."""
        noise = torch.randn(self.mean.shape, generator=rng, device=rng_device(rng))
        return self.mean + self.std * noise.to(self.mean.device)

    def kl(self) -> Float[Tensor, "B Z"]:
        """KL(q || N(0, 1)) in nats, dimension by dimension."""
        return 0.5 * (self.mean**2 + self.std**2 - 1) - self.std.log()


class Encoder(nn.Module):
    """Embeds tokens, reads them flat or bar by bar, and projects what was read out."""

    def __init__(self, config: MusicVAEConfig):
        super().__init__()
        c, e = config, config.encoder
        self.config = config
        self.embedding = build_embedding(c)
        size = cast(int, self.embedding.size)
        self.all = e.readout == "all"
        self.beat = nn.Embedding(c.steps_per_bar, size) if self.all else None
        self.rnn = PackedLSTM(size + c.controls, e.width, e.layers)
        beats = c.steps_per_bar // c.steps_per_beat if self.all else 1
        if e.kind == "hierarchical":
            self.bar = nn.Linear(2 * e.width * beats, e.bar_width) if e.bar_layer else None
            self.over_bars = PackedLSTM(e.bar_width, e.bar_width // 2)
            sizes = (c.bars, e.bar_width, e.bar_width, e.bar_attention)
            self.across = BarAttention(*sizes) if e.bar_attention else None
            read = e.bar_width * (c.bars if self.all and c.code == "window" else 1)
        else:
            read = 2 * e.width * (beats * c.bars if self.all else 1)
        size = c.latent // c.bars if c.code == "bars" else c.latent
        self.mean, self.scale = nn.Linear(read, size), nn.Linear(read, size)
        nn.init.constant_(self.scale.bias, math.log(math.expm1(c.initial_std)))

    def forward(
        self,
        token: Shaped[Tensor, "B T *N"],
        precision: Precision | None = None,
        lengths: Int[Tensor, "B *U"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> Posterior:
        """precision: of the LSTMs' weights, where packed ones serve. See `MusicVAE.encode`."""
        given = 0 if controls is None else controls.shape[2]
        if given != self.config.controls:
            raise ValueError(f"controls: expected {self.config.controls} numbers a step, got {given}")
        x = self.embedding(token).to(self.mean.weight.dtype)
        if self.beat is not None:
            x = x + self.beat(torch.arange(x.shape[1], device=x.device) % self.config.steps_per_bar)
        if controls is not None:
            x = torch.cat([x, controls.to(x.dtype)], -1)
        if lengths is not None and self.all:
            raise ValueError("lengths: rows of different lengths need an encoder with the readout final")
        hierarchical = self.config.encoder.kind == "hierarchical"
        read = (self._bars if hierarchical else self._read)(x, precision, lengths)
        mean, scale = (f(read).float().flatten(1) for f in (self.mean, self.scale))
        return Posterior(mean, F.softplus(scale) + self.config.least_std)

    def _bars(
        self,
        x: Float[Tensor, "B T E"],
        precision: Precision | None,
        lengths: Int[Tensor, "B *U"] | None = None,
    ) -> Float[Tensor, "B ... R"]:
        """Each bar by itself, then the bars in a row; one reading a bar where z is a row of bar codes."""
        batch, bars, steps = len(x), self.config.bars, self.config.steps_per_bar
        each = x.reshape(batch * bars, steps, -1)
        if lengths is not None and lengths.dim() == 1:
            lengths = (lengths[:, None] - steps * torch.arange(bars, device=x.device)).clamp(0, steps)
        bar = self._read(each, precision, None if lengths is None else lengths.flatten())
        bar = (bar if self.bar is None else self.bar(bar).tanh()).view(batch, bars, -1)
        over, last = self.over_bars.read(bar, precision)
        if self.across is not None:
            over = over + self.across(bar)
        if self.all:
            return bar + over if self.config.code == "bars" else (bar + over).flatten(1)
        return last.flatten(1)

    def _read(
        self,
        x: Float[Tensor, "R T E"],
        precision: Precision | None,
        lengths: Int[Tensor, "R"] | None = None,
    ) -> Float[Tensor, "R D"]:
        """The two directions' states at the end, or, reading out all, at the end of every beat."""
        y, last = self.rnn.read(x, precision, lengths=lengths)
        if not self.all:
            return last.flatten(1)
        beat = y.unflatten(1, (-1, self.config.steps_per_beat)).unflatten(-1, (2, -1))
        return torch.cat([beat[:, :, -1, 0], beat[:, :, 0, 1]], -1).flatten(1)


def build_embedding(config: MusicVAEConfig) -> nn.Module:
    """From tokens to vectors of `size` numbers; those of a product's parts stand one after another."""
    if config.encoder.tokens == "roll":
        return Bits(config.vocabulary_size.bit_length() - 1, none=True)
    each = [_embedding(tokens, head, config.embedding) for tokens, head in config.heads]
    return ProductEmbedding(each, config.parts) if config.head == "product" else each[0]


def _embedding(tokens: int, head: HeadName, size: int) -> nn.Module:
    if head == "categorical":
        return TokenEmbedding(tokens, size) if size else OneHot(tokens)
    bits = tokens.bit_length() - 1
    if head in ("groove", "groove_mixture"):
        return GrooveEmbedding(bits, size) if size else PlainGroove(bits)
    return BitEmbedding(bits, size) if size else Bits(bits)
