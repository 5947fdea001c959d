"""At which prices of information a two-bar model goes on, from one model and for as many steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BETAS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
FREE_BITS = (32.0, 64.0)
SETTINGS: dict[str, Any] = {
    "steps": 250,
    "batch_size": 32,
    "learning_rate": 1.5e-3,
    "clip_norm": 5.0,
    "transpose": 6,
    "average": 0.98,
    "precision": "32-true",
    "threads": 1,
    "checkpoint_every": 100,
    "diagnose_every": 250,
    "diagnose_windows": 128,
}


@dataclass(frozen=True)
class Price:
    """What a nat of KL costs: `beta`, and nothing for the first `free_bits` bits of a window."""

    beta: float
    free_bits: float = 0.0

    @property
    def name(self) -> str:
        return f"free-bits-{self.free_bits:g}" if self.free_bits else f"beta-{self.beta:g}"

    @property
    def family(self) -> str:
        """Its line on the curve."""
        return "2 bars, free bits at beta 1" if self.free_bits else "2 bars, beta"

    @property
    def label(self) -> str:
        return f"{self.free_bits:g} bits" if self.free_bits else f"{self.beta:g}"


@dataclass(frozen=True)
class Curve:
    """One model, trained on at several prices."""

    start: str = "mel-2bar"
    """what all go on from: a shipped model, or a folder"""
    shards: str = "mel-2bar-start"
    """folder of its windows, as data_tools/prepare_shipped.sh names it: with 2/4 in pairs of bars"""
    prices: tuple[Price, ...] = (
        *(Price(beta) for beta in BETAS),
        *(Price(1.0, bits) for bits in FREE_BITS),
    )
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))

    def config(self, price: Price) -> dict[str, Any]:
        """Settings for a training run, without its folders and its model. The price is the same all along."""
        objective = {"beta": price.beta, "free_bits": price.free_bits, "beta_ramp": 0.0, "input_dropout": 0.1}
        return {**self.settings, "objective": objective}


CURVE = Curve()
LONG_SHARDS = "mel-16bar"
