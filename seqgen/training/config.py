"""What a training run does, as one frozen config: `configs/*.yaml` and `seqgen train --flag` fill it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from seqgen.models.music_vae import MusicVAEConfig, Objective


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
    sampling_rate: float = 0.0
    """scheduled sampling: probability, at the end of the ramp, that an input token is the model's own"""
    sampling_ramp: float = 0.3
    """share of the run over which sampling_rate rises from 0, linearly"""

    def __post_init__(self) -> None:
        for name in ("input_dropout", "sampling_rate", "sampling_ramp", "beta_ramp"):
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
        return Objective(beta, self.free_bits, self.input_dropout, self.sampling_rate * sampling)


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    data: str
    """folder of shards, made by `seqgen prepare`"""
    out: str
    """run folder: the model, the checkpoint to resume from, and TensorBoard events"""
    model: MusicVAEConfig = field(default_factory=MusicVAEConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    steps: int = 10_000
    """optimiser steps of the whole run; schedules are shares of it"""
    batch_size: int = 32
    """windows a step and a process"""
    learning_rate: float = 4e-3
    """peak of the schedule: 100 steps of warm-up, then a cosine down to 2%"""
    clip_norm: float = 5.0
    """gradients are scaled down to this norm"""
    transpose: int = 6
    """melodies move by up to this many semitones, drawn afresh every epoch; 0 for drums"""
    average: float = 0.0
    """decay of the moving average of the weights that becomes the model; 0 takes the last weights"""
    warm_start: str | None = None
    """folder of a model whose weights of the same name and shape are the start"""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    seed: int = 1
    threads: int | None = None
    """CPU threads; None leaves it to torch. The same number is needed for the same bytes"""
    checkpoint_every: int = 500
    """steps between checkpoints, each of which is complete or not there"""
    diagnose_every: int = 1000
    """steps between looks at the validation split"""
    diagnose_windows: int = 256

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "checkpoint_every", "diagnose_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average must lie in [0, 1), got {self.average}")
        if not 0 <= self.transpose <= 12:
            raise ValueError(f"transpose must lie in 0..12 semitones, got {self.transpose}")

    def learning_rate_at(self, step: int) -> float:
        warm = min(1.0, (step + 1) / 100)
        return self.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))
