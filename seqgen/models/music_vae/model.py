"""MusicVAE: a recurrent variational autoencoder of music windows (Roberts et al. 2018, arXiv:1803.05428)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from seqgen.core import (
    GREEDY,
    Bernoulli,
    Categorical,
    Conductor,
    Decoder,
    Head,
    Planner,
    Product,
    Sampling,
    SequenceModule,
    Voices,
)
from seqgen.core.decoder import rng_device
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae.config import MusicVAEConfig
from seqgen.models.music_vae.encoder import Encoder, Posterior
from seqgen.models.voice import build_voice, output_size


class Objective(NamedTuple):
    """What is minimised: -log p(x|z) + beta * max(KL - free nats, 0), and how the decoder's input is spoilt.

    A decoder that reads its own history perfectly has no need of z: blanked and sampled inputs are there to
    make it ask (Bowman et al. 2016; Bengio et al. 2015).
    """

    beta: float = 1.0
    free_bits: float = 0.0
    """bits a sequence that cost nothing, taken off its total KL"""
    input_dropout: float = 0.0
    """probability that an input token is blanked"""
    sampling_rate: float = 0.0
    """probability that an input token is the model's own sample (scheduled sampling)"""
    hold_encoder: bool = False
    """whether the encoder's gradients are 0"""


class Losses(NamedTuple):
    """Means over the batch, in nats a sequence."""

    loss: Tensor
    nll: Tensor
    """reconstruction: -log p(x | z)"""
    kl: Tensor
    kl_by_dimension: Tensor
    """[Z]"""


class MusicVAE(nn.Module):
    """Encoder, prior N(0, 1), and a decoder of `config.steps` tokens."""

    def __init__(self, config: MusicVAEConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = build_decoder(config)

    def encode(self, token: Int[Tensor, "B T"], precision: Precision | None = None) -> Posterior:
        """q(z | x) of windows of exactly `config.steps` tokens.

        precision: without gradients on a CPU, that of the LSTMs' weights, packed for the native kernels;
        None, or elsewhere, torch reads.
        """
        return self.encoder(token, precision)

    def decode(
        self,
        z: Float[Tensor, "B Z"],
        how: Sampling = GREEDY,
        rng: Generator | None = None,
        uniform: Float[Tensor, "B T K"] | None = None,
        precision: Precision | None = None,
    ) -> Int[Tensor, "B T"]:
        """Generate a window of tokens from each code. `uniform`, `precision`: as in `Decoder.generate`."""
        with torch.no_grad():
            state = self.decoder.init_state(len(z), z, precision)
        return self.decoder.generate(state, self.config.steps, how, rng, uniform, precision)[0]

    def log_prob(
        self, token: Int[Tensor, "B T"], z: Float[Tensor, "B Z"], fed: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T"]:
        """log p(x_t | x_<t, z) in nats, teacher forced (or fed with `fed`)."""
        return self.decoder.log_prob(token, self.decoder.init_state(len(z), z), fed=fed)[0]

    def losses(self, token: Int[Tensor, "B T"], objective: Objective, rng: Generator | None = None) -> Losses:
        """The objective on a batch. `rng` draws z, blanks and samples."""
        posterior = self.encode(token)
        if objective.hold_encoder:  # zeros and not nothing, which processes in step would wait for
            posterior = Posterior(*(part.detach() + 0 * part for part in posterior))
        z = posterior.sample(rng)
        nll = -self.log_prob(token, z, self._spoil(token, z, objective, rng)).sum(1)
        by_dimension = posterior.kl()
        kl = by_dimension.sum(1)
        charged = (kl - objective.free_bits * math.log(2)).clamp(min=0)
        loss = (nll + objective.beta * charged).mean()
        return Losses(loss, nll.mean(), kl.mean(), by_dimension.mean(0))

    def _spoil(
        self, token: Int[Tensor, "B T"], z: Float[Tensor, "B Z"], objective: Objective, rng: Generator | None
    ) -> Int[Tensor, "B T"]:
        """The decoder's inputs: the shifted targets, with some of them sampled and some of them blank."""
        head = self.decoder.head
        fed = shift(token, head.start)
        if objective.sampling_rate:
            with torch.no_grad():
                y, _ = self.decoder.hidden(token, self.decoder.init_state(len(z), z))
                uniform = uniforms((*token.shape, head.draws), rng, token.device)
                own = shift(head.sample(y, Sampling(), uniform), head.start)
            fed = torch.where(uniforms(token.shape, rng, token.device) < objective.sampling_rate, own, fed)
        if objective.input_dropout:
            gone = uniforms(token.shape, rng, token.device) < objective.input_dropout
            fed = torch.where(gone & (fed != head.start), head.blank, fed)
        return fed


def uniforms(shape: tuple[int, ...], rng: Generator | None, device: torch.device) -> Tensor:
    """Uniform numbers in [0, 1) that do not depend on the device the model is on."""
    return torch.rand(shape, generator=rng, device=rng_device(rng)).to(device)


def shift(token: Int[Tensor, "B T"], start: int) -> Int[Tensor, "B T"]:
    """Each token's predecessor; `start` for the first."""
    return torch.cat([torch.full_like(token[:, :1], start), token[:, :-1]], 1)


def build_decoder(config: MusicVAEConfig) -> Decoder:
    """The decoder that the config describes: head, voice, and a conductor where there is a plan to follow."""
    c, d = config, config.decoder
    head = build_head(c)
    hierarchical, direct = d.kind == "hierarchical", d.plan == "direct"
    if not hierarchical and not direct:
        return Decoder(build_voices(c, c.latent), head)
    bars, bar = (c.bars, c.steps_per_bar) if hierarchical else (1, c.steps)
    beats = bar // c.steps_per_beat if direct else 0
    width, by_bar = (d.conductor_width if hierarchical else 0), c.code == "bars"
    planner = Planner(c.latent, bars, width, beats, d.plan_size, by_bar, d.conductor_layers)
    # A direct plan is fed beat by beat; the bar's own plan is then only what an LSTM starts from.
    voice = build_voices(c, planner.bar_size, planner.segment_size, feed_cond=not direct)
    return Decoder(Conductor(voice, planner, bar, metre=c.steps_per_bar if direct else 0), head)


def build_head(config: MusicVAEConfig) -> Head:
    """One head, or a product of them over one output or over the outputs of their voices."""
    width = output_size(config.decoder)
    each: list[Head] = [
        Categorical(width, size, config.embedding)
        if head == "categorical"
        else Bernoulli(width, size.bit_length() - 1, config.embedding)
        for size, head in config.heads
    ]
    if config.head != "product":
        return each[0]
    return Product(each, widths=[width] * len(each) if config.decoder.voices == "part" else None)


def build_voices(
    config: MusicVAEConfig, cond_size: int, plan_size: int = 0, feed_cond: bool = True
) -> SequenceModule:
    """One voice, or one for each part, behind whose own part of the frame the plan stands."""
    d, size = config.decoder, config.embedding
    if d.voices == "one":
        return build_voice(d, size * len(config.heads) + plan_size, cond_size, plan_size, feed_cond)
    each = [build_voice(d, size + plan_size, cond_size, plan_size, feed_cond) for _ in config.heads]
    return Voices(each, plan_size)
