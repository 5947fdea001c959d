"""A run that trains a MusicVAE, as one frozen config: `configs/*.yaml` and `seqgen train --flag` fill it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from seqgen.models.music_vae import MusicVAEConfig, Objective
from seqgen.models.music_vae.acai import check_acai
from seqgen.training.settings import RunConfig


@dataclass(frozen=True)
class ObjectiveConfig:
    """Weights of the loss and spoiling of the decoder's input, with their schedules."""

    beta: float = 0.2
    """weight of the KL at the end of its ramp"""
    beta_ramp: float = 0.9
    """share of the run over which beta rises from beta_start, linearly"""
    beta_start: float = 0.0
    free_bits: float = 0.0
    """bits a window that cost nothing"""
    input_dropout: float = 0.2
    """probability that the decoder's input token is blanked"""
    blind: float = 0.0
    """probability that all of the decoder's input tokens of a window are blanked"""
    noiseless: float = 0.0
    """probability that a window is decoded from its posterior mean, which teaches the decoder alone"""
    sampling_rate: float = 0.0
    """scheduled sampling: probability, at the end of the ramp, that an input token is the model's own"""
    sampling_ramp: float = 0.3
    """share of the run over which sampling_rate rises from 0, linearly"""
    hold_encoder: float = 0.0
    """share of the run, at its beginning, in which the encoder stays as it is and the decoder learns what all
    music has in common: else the encoder is driven to say that, and may end saying nothing but that"""

    def __post_init__(self) -> None:
        inputs = ("input_dropout", "blind", "noiseless", "sampling_rate")
        for name in (*inputs, "sampling_ramp", "beta_ramp", "hold_encoder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        for name in ("beta", "beta_start", "free_bits"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")

    def at(self, progress: float) -> Objective:
        """The objective at a share `progress` in [0, 1] of the run."""
        rise = min(1.0, progress / self.beta_ramp) if self.beta_ramp else 1.0
        sampling = min(1.0, progress / self.sampling_ramp) if self.sampling_ramp else 1.0
        beta = self.beta_start + (self.beta - self.beta_start) * rise
        held = progress < self.hold_encoder
        sampling_rate = self.sampling_rate * sampling
        spoilt = (self.input_dropout, sampling_rate, held, self.blind, self.noiseless)
        return Objective(beta, self.free_bits, *spoilt)


@dataclass(frozen=True)
class AcaiConfig:
    """A critic of mixtures of codes, and what the model pays for them (Berthelot et al. 2019)."""

    weight: float = 0.5
    """lambda: what the model pays, a step of the window, for the square of the alpha that the critic finds"""
    ramp: float = 0.0
    """share of the run over which weight rises from 0, linearly"""
    gamma: float = 0.2
    """how much of the data is blended into the reconstructions that the critic must call no mixtures"""
    way: Literal["slerp", "lerp"] = "slerp"
    """how two codes are mixed: as `interpolate` does, or straight as in the paper"""
    reads: Literal["probabilities", "tokens"] = "probabilities"
    """what the critic reads of each step: the decoder's probabilities, or the likeliest token, through which
    gradients go as if it were the probabilities (straight-through, Bengio et al. 2013)"""
    width: int = 128
    """channels of the critic's convolutions"""
    layers: int = 3
    """of them; each halves the steps"""
    rate: float = 0.5
    """times the run's learning rate, for the critic's own Adam"""

    def __post_init__(self) -> None:
        for name in ("ramp", "gamma"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise ValueError(f"weight must be finite and at least 0, got {self.weight}")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate must be positive, got {self.rate}")
        for name, most in (("width", 4096), ("layers", 8)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most}, got {getattr(self, name)}")

    def weight_at(self, progress: float) -> float:
        """At a share `progress` in [0, 1] of the run."""
        return self.weight * (min(1.0, progress / self.ramp) if self.ramp else 1.0)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """A training run of a MusicVAE."""

    data: str
    """folder of shards, made by `seqgen prepare`"""
    model: MusicVAEConfig = field(default_factory=MusicVAEConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    acai: AcaiConfig | None = None
    """whether a critic is trained against the model, and how; it is no part of the model that is saved"""
    batch_size: int = 32
    """windows a step and a process"""
    at_once: int | None = None
    """windows of a step that are computed together, None for all: fewer take less memory, and other draws"""
    transpose: int = 6
    """melodies move by up to this many semitones, drawn afresh every epoch; 0 for drums"""
    thinning: float = 0.0
    """grooves: up to this share of the hits (drawn for each window) is left out, of whole drums and of single
    hits, from windows whose hits are given, or from the taps that are read"""
    tempo_noise: float = 0.0
    """grooves: the tempo that a model is told is off by up to this many octaves"""
    diagnose_windows: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.at_once is not None and self.at_once < 1:
            raise ValueError(f"at_once must be at least 1, got {self.at_once}")
        if not 0 <= self.thinning < 1:
            raise ValueError(f"thinning must lie in [0, 1), got {self.thinning}")
        if not 0 <= self.tempo_noise <= 1:
            raise ValueError(f"tempo_noise must be 0 to 1 octaves, got {self.tempo_noise}")
        if not 0 <= self.transpose <= 12:
            raise ValueError(f"transpose must lie in 0..12 semitones, got {self.transpose}")
        if self.acai is not None:
            check_acai(self.model)
            parts = self.at_once or self.batch_size
            if min(parts, self.batch_size % parts or parts) < 2:
                raise ValueError(
                    "acai mixes windows that are computed together, 2 or more in every part of a batch, got "
                    f"batch_size {self.batch_size} and at_once {self.at_once}"
                )
