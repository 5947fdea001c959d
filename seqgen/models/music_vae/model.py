"""MusicVAE: a recurrent variational autoencoder of music windows (Roberts et al. 2018, arXiv:1803.05428)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Generator, Tensor, nn

from seqgen.core import (
    GREEDY,
    Grammar,
    Sampling,
    UntilEnd,
)
from seqgen.core.decoder import rng_device
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae.acai import AcaiLosses, Opponent, contest
from seqgen.models.music_vae.build import build_decoder
from seqgen.models.music_vae.config import MusicVAEConfig
from seqgen.models.music_vae.encoder import Encoder, Posterior
from seqgen.models.music_vae.tracks import (
    TrackEncoder,
    events_log_prob,
    keeps_time,
    until_end,
)


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
    blind: float = 0.0
    """probability that all input tokens of a sequence are blanked"""
    noiseless: float = 0.0
    """probability that a sequence is decoded from its posterior mean: in use the decoder is given means,
    and so learns to read them. The encoder learns nothing from such a sequence, and its KL is free: no more
    is written into the code than is paid for"""

    def charged(self, kl: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        """What is left of each sequence's KL, in nats."""
        return (kl - self.free_bits * math.log(2)).clamp(min=0)


class Losses(NamedTuple):
    """Means over the batch, in nats a sequence."""

    loss: Tensor
    nll: Tensor
    """reconstruction: -log p(x | z)"""
    kl: Tensor
    kl_by_dimension: Tensor
    """[Z]"""


class MusicVAE(nn.Module):
    """Encoder, prior N(0, 1), and a decoder of `config.steps` tokens.

    N is the shape of one token: nothing for integers, 27 for the 9 drums of a groove.
    """

    def __init__(self, config: MusicVAEConfig):
        super().__init__()
        self.config = config
        self.encoder = TrackEncoder(config) if config.code == "tracks" else Encoder(config)
        self.decoder = build_decoder(config)

    def encode(
        self,
        token: Shaped[Tensor, "B T *N"],
        precision: Precision | None = None,
        lengths: Int[Tensor, "B *U"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> Posterior:
        """q(z | x) of windows of exactly `config.steps` tokens.

        lengths: how many of a row's steps are read; with a hierarchical encoder, of each of its bars.
        precision: without gradients on a CPU, that of the LSTMs' weights, packed for the native kernels;
        None, or elsewhere, torch reads. controls: `config.controls` numbers a step.
        """
        return self.encoder(token, precision, self.lengths_of(token, lengths), controls)

    def decode(
        self,
        z: Float[Tensor, "B Z"],
        how: Sampling = GREEDY,
        rng: Generator | None = None,
        uniform: Float[Tensor, "B T K"] | None = None,
        precision: Precision | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
        grammar: Grammar | None = None,
    ) -> Shaped[Tensor, "B T *N"]:
        """Generate a window of tokens from each code. Other arguments: as in `Decoder.generate`.

        Without a grammar, events that end a segment early are followed by ends.
        """
        c = self.config
        if grammar is None and c.events is not None:
            grammar = UntilEnd(c.vocabulary_size, c.events.end, c.steps_per_bar)
        with torch.no_grad():
            state = self.decoder.init_state(len(z), z, precision)
        return self.decoder.generate(
            state, c.steps, how, rng, uniform, precision, controls=controls, grammar=grammar
        )[0]

    def log_prob(
        self,
        token: Shaped[Tensor, "B T *N"],
        z: Float[Tensor, "B Z"],
        fed: Shaped[Tensor, "B T *N"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
        lengths: Int[Tensor, "B *U"] | None = None,
    ) -> Float[Tensor, "B T"]:
        """log p(x_t | x_<t, z) in nats, teacher forced (or fed with `fed`).

        lengths: of rows, or of bars (see `encode`); past them it is 0, and they are read as blank. Events
            have none: they end where they say so.
        """
        if self.config.code == "tracks":
            state = self.decoder.init_state(len(z), z)
            return events_log_prob(self.decoder, self.config, token, state, fed, controls)
        lengths = self.lengths_of(token, lengths)
        if fed is None:
            fed = self.shifted(token, lengths)
        state = self.decoder.init_state(len(z), z)
        log_prob = self.decoder.log_prob(token, state, fed=fed, controls=controls)[0]
        return log_prob if lengths is None else log_prob * within(lengths, self.config)

    def losses(
        self,
        token: Shaped[Tensor, "B T *N"],
        objective: Objective,
        rng: Generator | None = None,
        read: Shaped[Tensor, "B T *N"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
        lengths: Int[Tensor, "B *U"] | None = None,
    ) -> Losses:
        """The objective on a batch. `rng` draws z, blanks and samples.

        read: what the encoder reads, where it is not what the decoder shall write (a beat without its feel).
        lengths: as of `log_prob`.
        """
        return self._losses(token, objective, rng, read, controls, lengths)[0]

    def losses_against(
        self,
        token: Int[Tensor, "B T"],
        objective: Objective,
        opponent: Opponent,
        rng: Generator | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> AcaiLosses:
        """The objective and a round against a critic, which learns from the same loss (`acai.contest`).

        Where the opponent's weight is 0, the model's gradients are those of `losses`, to the bit.
        """
        plain, posterior = self._losses(token, objective, rng, None, controls, None)
        fooling, critic = contest(self, token, posterior.mean, opponent, rng, controls)
        charged = opponent.weight * self.config.steps * fooling
        return AcaiLosses(plain.loss + charged + critic, *plain[1:], fooling, critic)

    def _losses(
        self,
        token: Shaped[Tensor, "B T *N"],
        objective: Objective,
        rng: Generator | None,
        read: Shaped[Tensor, "B T *N"] | None,
        controls: Float[Tensor, "B T C"] | None,
        lengths: Int[Tensor, "B *U"] | None,
    ) -> tuple[Losses, Posterior]:
        lengths = self.lengths_of(token, lengths)
        posterior = self.encode(token if read is None else read, lengths=lengths, controls=controls)
        if objective.hold_encoder:  # zeros and not nothing, which processes in step would wait for
            posterior = Posterior(*(part.detach() + 0 * part for part in posterior))
        z = posterior.sample(rng)
        noisy = torch.ones(len(z), device=z.device)
        if objective.noiseless:
            noisy = (uniforms((len(z),), rng, z.device) >= objective.noiseless).to(z.dtype)
            z = torch.where(noisy[:, None] > 0, z, posterior.mean.detach())
        fed = self._spoil(token, z, objective, rng, controls, lengths)
        nll = -self.log_prob(token, z, fed, controls, lengths).sum(1)
        by_dimension = posterior.kl()
        kl = by_dimension.sum(1)
        loss = (nll + objective.beta * noisy * objective.charged(kl)).mean()
        return Losses(loss, nll.mean(), kl.mean(), by_dimension.mean(0)), posterior

    def lengths_of(
        self, token: Shaped[Tensor, "B T *N"], lengths: Int[Tensor, "B *U"] | None
    ) -> Int[Tensor, "B *U"] | None:
        """The given lengths, or those of bars that say where they end. A code of tracks has its own way."""
        events = self.config.events
        if lengths is not None or events is None or self.config.code == "tracks":
            return lengths
        return until_end(token.reshape(-1, self.config.steps_per_bar), events.end).view(len(token), -1)

    def shifted(
        self, token: Shaped[Tensor, "B T *N"], lengths: Int[Tensor, "B *U"] | None = None
    ) -> Shaped[Tensor, "B T *N"]:
        """What the decoder reads in teacher forcing: each token's predecessor, blank past `lengths`."""
        head = self.decoder.head
        if lengths is not None:
            token = torch.where(each(within(lengths, self.config), token), token, head.blank)
        return shift(token, head.start)

    def _spoil(
        self,
        token: Shaped[Tensor, "B T *N"],
        z: Float[Tensor, "B Z"],
        objective: Objective,
        rng: Generator | None,
        controls: Float[Tensor, "B T C"] | None = None,
        lengths: Int[Tensor, "B *U"] | None = None,
    ) -> Shaped[Tensor, "B T *N"]:
        """The decoder's inputs: the shifted targets, with some of them sampled and some of them blank."""
        head = self.decoder.head
        fed, steps = self.shifted(token, lengths), token.shape[:2]
        if objective.sampling_rate:
            with torch.no_grad():
                state = self.decoder.init_state(len(z), z)
                y, _ = self.decoder.hidden(token, state, controls=controls)
                uniform = uniforms((*steps, head.draws), rng, token.device)
                own = shift(head.sample(y, Sampling(), uniform), head.start)
            sampled = uniforms(steps, rng, token.device) < objective.sampling_rate
            fed = torch.where(each(sampled, fed), own, fed)
        if objective.blind:
            blind = uniforms((len(token), 1), rng, token.device).expand(steps) < objective.blind
            if self.config.events is not None:
                blind = blind & ~keeps_time(fed, self.config.events)
            fed = torch.where(each(blind, fed) & (fed != head.start), head.blank, fed)
        if objective.input_dropout:
            gone = uniforms(steps, rng, token.device) < objective.input_dropout
            if self.config.events is not None:
                gone &= ~keeps_time(fed, self.config.events)
            fed = torch.where(each(gone, fed) & (fed != head.start), head.blank, fed)
        return fed


def uniforms(shape: tuple[int, ...], rng: Generator | None, device: torch.device) -> Tensor:
    """Uniform numbers in [0, 1) that do not depend on the device the model is on."""
    return torch.rand(shape, generator=rng, device=rng_device(rng)).to(device)


def within(lengths: Int[Tensor, "B *U"], config: MusicVAEConfig) -> Bool[Tensor, "B T"]:
    """Which steps are within the lengths of their rows, or of their bars."""
    steps = config.steps_per_bar if lengths.dim() == 2 else config.steps
    return (torch.arange(steps, device=lengths.device) < lengths[..., None]).flatten(1)


def each(mask: Bool[Tensor, "B T"], token: Shaped[Tensor, "B T *N"]) -> Bool[Tensor, "B T *_"]:
    """A mask of steps, as one of the numbers of their tokens."""
    return mask.view(*mask.shape, *[1] * (token.dim() - 2))


def shift(token: Shaped[Tensor, "B T *N"], start: int) -> Shaped[Tensor, "B T *N"]:
    """Each token's predecessor; `start` for the first."""
    return torch.cat([torch.full_like(token[:, :1], start), token[:, :-1]], 1)
