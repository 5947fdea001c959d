"""What every training run is told, whatever it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A training run."""

    out: str
    """run folder: the model, the checkpoint to resume from, and TensorBoard events"""
    steps: int = 10_000
    """optimiser steps of the whole run; schedules are shares of it"""
    learning_rate: float = 4e-3
    """peak of the schedule"""
    clip_norm: float = 5.0
    """gradients are scaled down to this norm"""
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

    def __post_init__(self) -> None:
        for name in ("steps", "checkpoint_every", "diagnose_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average must lie in [0, 1), got {self.average}")

    def learning_rate_at(self, step: int) -> float:
        """100 steps of warm-up, then a cosine down to 2%."""
        warm = min(1.0, (step + 1) / 100)
        return self.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))
