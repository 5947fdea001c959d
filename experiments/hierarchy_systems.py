"""What is compared at sixteen bars: a decoder with bars, and flat ones with as many parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from seqgen.config import from_dict
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig

WIDTHS = range(8, 2049, 8)
"""of a decoder that is made as large as another"""
RUN: dict[str, Any] = {"clip_norm": 16.0, "transpose": 6, "average": 0.98, "precision": "32-true"}
RUN |= {"threads": 1, "checkpoint_every": 100, "diagnose_windows": 128}


@dataclass(frozen=True)
class System:
    """A decoder behind the encoder that all share."""

    name: str
    title: str
    decoder: dict[str, Any]


@dataclass(frozen=True)
class Twins:
    """The whole comparison: one training for each system."""

    shards: str
    """folder of the windows, as data_tools/prepare_shipped.sh names it"""
    model: dict[str, Any]
    """what all systems share"""
    start: str
    """what all start from, as far as names and shapes agree: a shipped model, or a folder"""
    systems: tuple[System, ...]
    """the first has a width; the others are as wide as it takes to have as many parameters"""
    settings: dict[str, Any]

    @property
    def tokens(self) -> int:
        """Read in training, those that are read twice counted twice."""
        return int(self.settings["steps"] * self.settings["batch_size"] * 16 * self.model["bars"])

    def shape(self, system: System, width: int | None = None) -> dict[str, Any]:
        """Settings of a system's model. width: of its decoder; else the one that makes twins."""
        return {**self.model, "decoder": {**system.decoder, "width": width or self.width(system)}}

    def width(self, system: System) -> int:
        """LSTM units, for as many parameters as the first system has."""
        if "width" in system.decoder:
            return int(system.decoder["width"])
        target = parameters(self.shape(self.systems[0]))
        return nearest(lambda width: parameters(self.shape(system, width)), target, WIDTHS)

    def config(self, system: System) -> dict[str, Any]:
        """Settings for a training run, without its folders."""
        return {**RUN, **self.settings, "model": self.shape(system)}


def parameters(model: dict[str, Any]) -> int:
    """How many numbers a model of these settings learns; none of them is drawn."""
    with torch.device("meta"):
        built = MusicVAE(from_dict(MusicVAEConfig, model, "model"))
    return sum(parameter.numel() for parameter in built.parameters())


def nearest(count: Callable[[int], int], target: int, widths: range) -> int:
    """The width whose count, which rises with it, is nearest to the target."""
    low, high = 0, len(widths) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if count(widths[middle]) < target else (low, middle)
    around = widths[max(low - 1, 0)], widths[low]
    return min(around, key=lambda width: abs(count(width) - target))


TWINS = Twins(
    shards="mel-16bar",
    model={
        "bars": 16,
        "latent": 256,
        "code": "bars",
        "encoder": {"kind": "hierarchical", "readout": "all", "width": 128, "bar_width": 128},
    },
    start="mel-2bar",
    systems=(
        System(
            "bars",
            "conductor, direct plan, restarts at every bar",
            {
                "kind": "hierarchical", "plan": "direct", "plan_size": 64, "conductor_width": 128,
                "width": 256,
            },
        ),
        System("flat", "flat, classical: z at every step", {"kind": "flat", "plan": "recurrent"}),
        System(
            "flat-direct", "flat, the same direct plan", {"kind": "flat", "plan": "direct", "plan_size": 64}
        ),
    ),
    settings={
        "objective": {"beta": 0.1, "beta_ramp": 0.9, "free_bits": 256, "input_dropout": 0.1},
        "steps": 800,
        "batch_size": 8,
        "learning_rate": 3e-3,
        "diagnose_every": 400,
    },
)  # fmt: skip
