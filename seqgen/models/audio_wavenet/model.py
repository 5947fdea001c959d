"""WaveNet of sound (van den Oord et al. 2016): a duration, then sample after sample given it.

    p(take | digit, speaker) = p(duration | digit, speaker) prod_t p(code_t | codes before t, guide)

The duration is log-normal and makes the end of a take explicit. A vocoder is given features instead, whose
number is its duration.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from seqgen.core import Categorical, Decoder, DecoderState, Guided, Head, LogisticMixture, WaveNet
from seqgen.models.audio_wavenet.config import AudioWaveNetConfig
from seqgen.models.audio_wavenet.guide import Reader, Timing


class Batch(NamedTuple):
    """Crops of takes. -1 stands for what is not known: a digit, a speaker, the sample before the first."""

    previous: Tensor
    """[B] the sample before the context"""
    position: Tensor
    """[B] samples of the take before the context"""
    past: Tensor
    """[B, P] the context: heard, not learned from"""
    past_lengths: Tensor
    """[B]"""
    codes: Tensor
    """[B, T]"""
    lengths: Tensor
    """[B]"""
    digit: Tensor
    """[B]"""
    speaker: Tensor
    """[B]"""
    duration: Tensor
    """[B] samples of the whole take"""
    features: Tensor | None = None
    """[B, S, M] of the whole take, for a vocoder"""

    def to(self, device: torch.device) -> Batch:
        here = {name: part.to(device) for name, part in self._asdict().items() if part is not None}
        return Batch(**here)


class Losses(NamedTuple):
    loss: Tensor
    nll: Tensor
    """nats a sample"""
    duration: Tensor
    """nats a take"""


class AudioWaveNet(nn.Module):
    """Decoder(WaveNet, head), told digit and speaker, and guided along the take."""

    def __init__(self, config: AudioWaveNetConfig):
        super().__init__()
        self.config = config
        c = config
        wavenet = WaveNet(
            c.embedding + c.local_size,
            c.width,
            c.skip_width,
            c.output_width,
            c.cond_size,
            c.dilations,
            c.kernel,
            c.local_size,
        )
        core = Guided(wavenet, c.local_size, c.hop) if c.local_size else wavenet
        self.decoder = Decoder(core, make_head(config))
        self.digit = nn.Embedding(c.digits + 1, c.class_size) if c.digits else None
        self.speaker = nn.Embedding(c.speakers + 1, c.class_size) if c.speakers else None
        self.lasts = None if c.features else nn.Linear(c.cond_size, 2)
        if c.guide == "timing":
            self.guide: nn.Module | None = Timing(c.cond_size, c.guide_width, c.guide_size, c.hop)
        else:
            self.guide = Reader(c.features, c.guide_size) if c.features else None

    @staticmethod
    def reach(config: AudioWaveNetConfig) -> int:
        """Samples before one that its distribution depends on."""
        return 1 + (config.kernel - 1) * sum(config.dilations)

    def told(self, digit: Int[Tensor, "B"], speaker: Int[Tensor, "B"]) -> Float[Tensor, "B Z"]:
        """The global conditioning; the last row of each table stands for -1, not told."""
        parts = [
            table(which % table.num_embeddings)
            for table, which in ((self.digit, digit), (self.speaker, speaker))
            if table is not None
        ]
        weight = next(self.parameters())
        return torch.cat(parts, -1) if parts else weight.new_zeros(len(digit), self.config.cond_size)

    def init_state(
        self,
        cond: Float[Tensor, "B Z"],
        duration: Int[Tensor, "B"] | None = None,
        features: Float[Tensor, "B S M"] | None = None,
    ) -> DecoderState:
        """Before the first sample of takes that last `duration` samples, or that have these features."""
        state = self.decoder.init_state(len(cond), cond)
        if self.config.guide == "none":
            return state
        needed = features if self.config.guide == "features" else duration
        if needed is None:
            missing = "features" if self.config.features else "duration"
            raise ValueError(f"{missing}: expected, because the model is guided by it, got None")
        assert self.guide is not None
        guide = self.guide(needed) if self.config.guide == "features" else self.guide(cond, needed)
        return state._replace(core=state.core._replace(guide=guide))

    def log_prob(self, batch: Batch) -> Float[Tensor, "B T"]:
        """Nats of each code of the crops; junk at and beyond their lengths."""
        cond = self.told(batch.digit, batch.speaker)
        state = self.init_state(cond, batch.duration, batch.features)
        state = self._at(state, batch)
        if batch.past.shape[1]:
            with torch.no_grad():  # the context is what a crop has heard: its gradients are not followed
                _, past = self.decoder.hidden(batch.past, state, batch.past_lengths)
            state = self._moved(state, past)
        return self.decoder.log_prob(batch.codes, state, batch.lengths)[0]

    def _at(self, state: DecoderState, batch: Batch) -> DecoderState:
        """At the context's first sample."""
        start = torch.where(batch.previous < 0, self.decoder.head.start, batch.previous)
        core = state.core if self.guide is None else state.core._replace(position=batch.position)
        return DecoderState(start, core)

    def _moved(self, state: DecoderState, past: DecoderState) -> DecoderState:
        """The state behind the context, with the conditioning that gradients do reach."""
        if self.guide is None:
            return DecoderState(past.previous, past.core._replace(bias=state.core.bias))
        voice = past.core.voice._replace(bias=state.core.voice.bias)
        return DecoderState(past.previous, past.core._replace(guide=state.core.guide, voice=voice))

    def losses(self, batch: Batch, absent: float, rng: Generator) -> Losses:
        """absent: probability that the digit is not told, and that the speaker is not."""
        gone = torch.rand((2, len(batch.codes)), generator=rng).to(batch.codes.device) < absent
        batch = batch._replace(
            digit=batch.digit.masked_fill(gone[0], -1), speaker=batch.speaker.masked_fill(gone[1], -1)
        )
        inside = torch.arange(batch.codes.shape[1], device=batch.codes.device) < batch.lengths[:, None]
        nll = -self.log_prob(batch)[inside].sum() / batch.lengths.sum()
        lasts = nll.new_zeros(())
        if self.lasts is not None:
            lasts = -self.duration_log_prob(self.told(batch.digit, batch.speaker), batch.duration).mean()
        return Losses(nll + lasts * len(batch.codes) / batch.lengths.sum(), nll, lasts)

    def duration_log_prob(self, cond: Float[Tensor, "B Z"], duration: Int[Tensor, "B"]) -> Float[Tensor, "B"]:
        """Nats of a duration, to the sample."""
        mean, log_std = self._lasts(cond)
        z = ((duration / self.config.hop).log() - mean) / log_std.exp()
        return -0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi) - duration.log()

    def _lasts(self, cond: Float[Tensor, "B Z"]) -> tuple[Float[Tensor, "B"], Float[Tensor, "B"]]:
        """Mean and log standard deviation of the logarithm of the duration in hops."""
        if self.lasts is None:
            raise ValueError("a vocoder lasts as long as its features: it has no duration to draw")
        mean, log_std = self.lasts(cond).float().unbind(-1)
        return mean + math.log(50.0), log_std.clamp(-4, 2) - 1

    def draw_duration(self, cond: Float[Tensor, "B Z"], normal: Float[Tensor, "B"]) -> Int[Tensor, "B"]:
        """Samples that takes last, from standard normal numbers; 0 gives the median."""
        mean, log_std = self._lasts(cond)
        return ((mean + normal * log_std.exp()).exp() * self.config.hop).round().clamp(min=1).long()


def make_head(config: AudioWaveNetConfig) -> Head:
    """The distribution of a sample."""
    if config.head == "logistic":
        sizes = (config.output_width, config.vocabulary_size, config.embedding)
        return LogisticMixture(*sizes, config.components)
    return Categorical(config.output_width, config.vocabulary_size, config.embedding)


def bits(nats: Any) -> Any:
    """Nats as bits."""
    return nats / math.log(2)
