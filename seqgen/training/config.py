"""A run that trains a MusicVAE, as one frozen config: `configs/*.yaml` and `seqgen train --flag` fill it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from seqgen.models.music_vae import MusicVAEConfig, Objective
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
    sampling_rate: float = 0.0
    """scheduled sampling: probability, at the end of the ramp, that an input token is the model's own"""
    sampling_ramp: float = 0.3
    """share of the run over which sampling_rate rises from 0, linearly"""

    def __post_init__(self) -> None:
        for name in ("input_dropout", "blind", "sampling_rate", "sampling_ramp", "beta_ramp"):
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
        return Objective(beta, self.free_bits, self.input_dropout, self.sampling_rate * sampling, self.blind)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """A training run of a MusicVAE."""

    data: str
    """folder of shards, made by `seqgen prepare`"""
    model: MusicVAEConfig = field(default_factory=MusicVAEConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
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
