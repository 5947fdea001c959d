"""The shape of a MusicVAE, flat or hierarchical, classical or direct, as one frozen config."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

LARGEST = 1 << 16
MOST_LAYERS = 16
MOST_BARS = 1024
MOST_DILATIONS = 64
FARTHEST = 1 << 14
"""frames that a WaveNet may look back: a state holds that many"""
BY_BAR = ("hierarchical", "all", "hierarchical", "direct")


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
    plan_size: int = 128
    """numbers a beat in a direct plan"""

    def __post_init__(self) -> None:
        check_sizes(self, width=LARGEST, layers=MOST_LAYERS, conductor_width=LARGEST, plan_size=LARGEST)
        check_sizes(self, conductor_layers=MOST_LAYERS)
        check_sizes(self, skip_width=LARGEST)
        check_dilations(self.dilations)


@dataclass(frozen=True)
class EventsConfig:
    """Tokens that are events: time passes where one says so, and a segment may end before it is full."""

    end: int = 489
    """the token that ends a segment, and fills it up"""
    clock: int = 256
    """the first of the tokens that take time: 1, 2, ... steps"""
    steps: int = 96
    """how many of them there are, and steps in a bar"""
    parts: int = 8
    """parts of a bar that have a plan of their own, and are read out by themselves"""

    def __post_init__(self) -> None:
        check_sizes(self, end=LARGEST, clock=LARGEST, steps=MOST_BARS, parts=MOST_BARS)
        if self.steps % self.parts:
            raise ValueError(f"parts must divide the {self.steps} steps of a bar, got {self.parts}")


@dataclass(frozen=True)
class MusicVAEConfig:
    """Windows of `bars` bars of tokens, and the networks over them."""

    bars: int = 2
    head: Literal["categorical", "bernoulli", "groove"] = "categorical"
    """categorical: one of vocabulary_size tokens; bernoulli: log2(vocabulary_size) independent bits; groove:
    as many drums, each with a hit, a velocity and an offset"""
    vocabulary_size: int = 90
    first_onset: int = 2
    """tokens from here on begin a note or a hit; those below it hold, end or are silent"""
    steps_per_bar: int = 16
    steps_per_beat: int = 4
    latent: int = 128
    """size of the code z"""
    code: Literal["window", "bars", "tracks"] = "window"
    """window: every number of z may bear on every bar, as in the paper; bars: z is a row of one code a bar,
    read and planned with weights that all bars share (hierarchical, direct, reading out all); tracks: the
    same where a `bar` is one of several tracks of events that sound together, and nothing but `shared` goes
    from one to another"""
    shared: int = 0
    """code: tracks: how many numbers at the end of z all tracks share"""
    events: EventsConfig | None = None
    """code: tracks: what the tokens mean that are more than a number"""
    embedding: int = 64
    controls: int = 0
    """numbers a step that encoder and decoder are told beside the tokens (chords)"""
    initial_std: float = 0.3
    """standard deviation of the posterior before training"""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    def __post_init__(self) -> None:
        check_sizes(self, bars=MOST_BARS, vocabulary_size=LARGEST, latent=LARGEST, embedding=LARGEST)
        check_sizes(self, steps_per_bar=MOST_BARS, steps_per_beat=MOST_BARS)
        if not 0 <= self.controls <= LARGEST:
            raise ValueError(f"controls must be 0 to {LARGEST}, got {self.controls}")
        if not 0 <= self.first_onset < self.vocabulary_size:
            raise ValueError(
                f"first_onset must be a token below {self.vocabulary_size}, got {self.first_onset}"
            )
        if self.steps_per_bar % self.steps_per_beat:
            raise ValueError(
                f"steps_per_bar must be a multiple of steps_per_beat, got {self.steps_per_bar} and "
                f"{self.steps_per_beat}"
            )
        if self.head != "categorical" and self.vocabulary_size & (self.vocabulary_size - 1):
            raise ValueError(
                f"vocabulary_size of a {self.head} head must be a power of 2, got {self.vocabulary_size}"
            )
        shared = (self.encoder.kind, self.encoder.readout, self.decoder.kind, self.decoder.plan)
        if self.code == "bars" and (shared != BY_BAR or self.latent % self.bars):
            raise ValueError(
                f"code: bars needs encoder.kind, encoder.readout, decoder.kind and decoder.plan "
                f"{', '.join(BY_BAR)} and a latent that {self.bars} bars divide, got {', '.join(shared)} "
                f"and {self.latent}"
            )
        check_tracks(self)
        if self.encoder.bar_width % 2:
            raise ValueError(f"encoder.bar_width must be even, got {self.encoder.bar_width}")
        if not (math.isfinite(self.initial_std) and self.initial_std > 0):
            raise ValueError(f"initial_std must be positive, got {self.initial_std}")

    @property
    def steps(self) -> int:
        """Tokens in a window."""
        return self.bars * self.steps_per_bar


def check_sizes(config: Any, **largest: int) -> None:
    """A size in a file from elsewhere must neither break torch nor keep it busy for hours."""
    for name, high in largest.items():
        if not 1 <= getattr(config, name) <= high:
            raise ValueError(f"{name} must be 1 to {high}, got {getattr(config, name)}")


def check_tracks(config: MusicVAEConfig) -> None:
    """A code of tracks, and what belongs to it."""
    c = config
    if c.code != "tracks":
        if c.shared or c.events is not None:
            raise ValueError("shared and events need code: tracks")
        return
    shape = (c.encoder.kind, c.encoder.readout, c.decoder.kind, c.decoder.plan, c.decoder.voice, c.head)
    wanted = (*BY_BAR, "lstm", "categorical")
    if shape != wanted or c.events is None:
        raise ValueError(
            f"code: tracks needs events, and encoder.kind, encoder.readout, decoder.kind, decoder.plan, "
            f"decoder.voice and head {', '.join(wanted)}, got {', '.join(shape)}"
        )
    if not 0 <= c.shared < c.latent or (c.latent - c.shared) % c.bars:
        raise ValueError(
            f"shared must leave a part of latent that {c.bars} tracks divide, got {c.shared} of {c.latent}"
        )
    if max(c.events.end, c.events.clock + c.events.steps - 1) >= c.vocabulary_size:
        raise ValueError(f"events must be tokens below {c.vocabulary_size}, got {c.events}")


def check_dilations(dilations: tuple[int, ...]) -> None:
    """The weights say nothing about dilations, so a file could ask for a state of any size."""
    if not 1 <= len(dilations) <= MOST_DILATIONS or min(dilations) < 1 or sum(dilations) > FARTHEST:
        shown = f"{len(dilations)} that sum to {sum(dilations)}" if len(dilations) > 16 else list(dilations)
        raise ValueError(
            f"dilations must be 1 to {MOST_DILATIONS} numbers of at least 1 that sum to at most {FARTHEST}, "
            f"got {shown}"
        )
