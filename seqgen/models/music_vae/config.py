"""The shape of a MusicVAE, flat or hierarchical, classical or direct, as one frozen config."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from seqgen.models.music_vae.checks import check_bars, check_groove, check_parts, check_reading, check_tracks
from seqgen.models.music_vae.events import EventsConfig as EventsConfig
from seqgen.models.music_vae.limits import (
    BITS,
    LARGEST,
    MOST_BARS,
    MOST_LAYERS,
    MOST_PATTERNS,
    MOST_TUPLES,
    check_dilations,
    check_sizes,
)

HeadName = Literal["categorical", "bernoulli", "nade", "groove", "groove_mixture"]


@dataclass(frozen=True)
class EncoderConfig:
    """Bidirectional LSTM from tokens to the posterior."""

    kind: Literal["flat", "hierarchical"] = "flat"
    """flat reads the whole window; hierarchical reads each bar, then the bars"""
    readout: Literal["final", "all"] = "all"
    """final: the last states (Roberts et al. 2018); all: the states at every beat, and every bar"""
    width: int = 256
    """LSTM units a direction"""
    layers: int = 1
    bar_width: int = 256
    """size of a bar's embedding, for a hierarchical encoder; even"""
    bar_layer: bool = True
    """whether a bar's embedding is a tanh layer over what was read of the bar; else it is that itself"""
    bar_attention: int = 0
    """width of an attention over the bars, beside the recurrence; 0 for none (code: bars)"""
    tokens: Literal["as written", "roll"] = "as written"
    """as written: read as the decoder reads them; roll: as bits, with one more for none (drums)"""

    def __post_init__(self) -> None:
        check_sizes(self, width=LARGEST, layers=MOST_LAYERS, bar_width=LARGEST)


@dataclass(frozen=True)
class DecoderConfig:
    """Autoregressive decoder of the tokens given the latent code."""

    kind: Literal["flat", "hierarchical"] = "flat"
    """flat: one recurrence over the window; hierarchical: a conductor restarts it at every bar"""
    plan: Literal["recurrent", "direct"] = "direct"
    """recurrent: the code (flat) or the conductor's output (hierarchical) is fed at every step, as in the
    paper; direct: a linear path from the code gives every beat its own plan"""
    voice: Literal["lstm", "wavenet"] = "lstm"
    """what writes the tokens: a recurrence, or dilated causal convolutions"""
    voices: Literal["one", "part"] = "one"
    """one: a voice writes all parts of a product; part: each part has a voice of its own, which reads that
    part and the plan"""
    width: int = 512
    """LSTM units; residual channels of a WaveNet"""
    layers: int = 1
    """of an LSTM; a WaveNet has one for each dilation"""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)
    """WaveNet: how far apart the two taps of each layer are, in steps"""
    skip_width: int = 256
    """WaveNet: channels of the path from each layer to the output"""
    conductor_width: int = 256
    """LSTM units of the conductor, for a hierarchical decoder"""
    conductor_layers: int = 1
    conductor_reads: Literal["code", "nothing"] = "code"
    """what the conductor reads at every bar beside what it starts from, which is always the code"""
    carry: bool = False
    """whether the first step of a bar reads the last token of the bar before; else it reads a learned vector,
    and nothing but the plan crosses a bar line (hierarchical)"""
    plan_size: int = 128
    """numbers a beat in a direct plan"""
    bar_attention: int = 0
    """width of an attention over the codes of bars, which corrects their plans; 0 for none (code: bars)"""

    def __post_init__(self) -> None:
        check_sizes(self, width=LARGEST, layers=MOST_LAYERS, conductor_width=LARGEST, plan_size=LARGEST)
        check_sizes(self, conductor_layers=MOST_LAYERS)
        check_sizes(self, skip_width=LARGEST)
        check_dilations(self.dilations)


@dataclass(frozen=True)
class MusicVAEConfig:
    """Windows of `bars` bars of tokens, and the networks over them."""

    bars: int = 2
    head: Literal["categorical", "bernoulli", "nade", "groove", "groove_mixture", "product"] = "categorical"
    """categorical: one of vocabulary_size tokens; bernoulli: log2(vocabulary_size) independent bits; nade: as
    many that depend on one another; groove: as many drums, each with a hit, a velocity and an offset;
    groove_mixture: the same, velocities and offsets by mixtures of logistics; product: a tuple of parts
    (`core.product`)"""
    reads: Literal["tokens", "hits", "tap", "steady tap"] = "tokens"
    """what the encoder reads of a groove: all of it, its hits, or its loudest hits as one drum, with or
    without their velocities"""
    vocabulary_size: int = 90
    first_onset: int = 2
    """tokens from here on begin a note or a hit; those below it hold, end or are silent; of a product, the
    tokens of its categorical parts (any bit is a hit)"""
    parts: tuple[int, ...] = ()
    """product: the tokens of each part, e.g. 90, 90, 512; vocabulary_size is their product"""
    part_heads: tuple[Literal["categorical", "bernoulli"], ...] = ()
    """product: the head of each part"""
    steps_per_bar: int = 16
    steps_per_beat: int = 4
    latent: int = 128
    """size of the code z"""
    code: Literal["window", "bars", "tracks"] = "window"
    """window: every number of z may bear on every bar, as in the paper; bars: z is a row of one code a bar,
    read and, by a direct plan, planned with weights that all bars share (a hierarchical encoder that reads
    out all; no hierarchical decoder with a recurrent plan); tracks: the same where a `bar` is one of several
    tracks of events that sound together, and nothing but `shared` goes from one to another"""
    shared: int = 0
    """code: tracks: how many numbers at the end of z all tracks share"""
    events: EventsConfig | None = None
    """what the tokens mean that are more than a number; with another code, which of them ends a bar early"""
    embedding: int = 64
    """size of a token's vector; 0 to have tokens read as they are, one-hot or as bits"""
    nade_hidden: int = 128
    """hidden units of a nade head"""
    controls: int = 0
    """numbers a step that encoder and decoder are told beside the tokens (chords)"""
    initial_std: float = 0.3
    """standard deviation of the posterior before training"""
    least_std: float = 1e-4
    """below which it never falls"""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    def __post_init__(self) -> None:
        tokens = {"product": MOST_TUPLES, "nade": MOST_PATTERNS}.get(self.head, LARGEST)
        check_sizes(self, bars=MOST_BARS, vocabulary_size=tokens, latent=LARGEST, nade_hidden=LARGEST)
        check_sizes(self, steps_per_bar=MOST_BARS, steps_per_beat=MOST_BARS)
        for name in ("controls", "embedding"):
            if not 0 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"{name} must be 0 to {LARGEST}, got {getattr(self, name)}")
        check_parts(self)
        if not 0 <= self.first_onset < self.vocabulary_size:
            raise ValueError(
                f"first_onset must be a token below {self.vocabulary_size}, got {self.first_onset}"
            )
        if self.steps_per_bar % self.steps_per_beat:
            raise ValueError(
                f"steps_per_bar must be a multiple of steps_per_beat, got {self.steps_per_bar} and "
                f"{self.steps_per_beat}"
            )
        if self.head in BITS and self.vocabulary_size & (self.vocabulary_size - 1):
            raise ValueError(
                f"vocabulary_size of a {self.head} head must be a power of 2, got {self.vocabulary_size}"
            )
        check_groove(self)
        check_bars(self)
        check_tracks(self)
        if self.encoder.bar_width % 2:
            raise ValueError(f"encoder.bar_width must be even, got {self.encoder.bar_width}")
        check_reading(self)
        if self.decoder.carry and self.decoder.kind == "flat":
            raise ValueError("decoder.carry needs decoder.kind: hierarchical, which has bars to carry over")
        if not (math.isfinite(self.least_std) and self.least_std >= 0):
            raise ValueError(f"least_std must be at least 0, got {self.least_std}")
        if not (math.isfinite(self.initial_std) and self.initial_std > 0):
            raise ValueError(f"initial_std must be positive, got {self.initial_std}")

    @property
    def steps(self) -> int:
        """Tokens in a window."""
        return self.bars * self.steps_per_bar

    @property
    def heads(self) -> list[tuple[int, HeadName]]:
        """Tokens and head of each part; what is no product has one part."""
        if self.head != "product":
            return [(self.vocabulary_size, self.head)]
        return [*zip(self.parts, self.part_heads, strict=True)]
