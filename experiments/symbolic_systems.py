"""What is compared on symbolic music: an LSTM and a WaveNet in three places, with as many parameters each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Voice = Literal["lstm", "wavenet"]
NAMES: dict[Voice, str] = {"lstm": "LSTM", "wavenet": "WaveNet"}
RUN: dict[str, Any] = {"clip_norm": 5.0, "transpose": 6, "average": 0.995, "precision": "bf16-mixed"}
RUN |= {"threads": 1, "checkpoint_every": 250}


@dataclass(frozen=True)
class Place:
    """A model that either voice can be put into."""

    name: str
    title: str
    shards: str
    """folder of its windows, as data_tools/prepare_shipped.sh names it"""
    language: bool
    """a language model; else a MusicVAE"""
    model: dict[str, Any]
    shapes: dict[Voice, dict[str, Any]]
    """settings of the decoder (of the model itself for a language model) for each voice"""
    settings: dict[str, Any]

    def config(self, voice: Voice) -> dict[str, Any]:
        """Settings for a training run, without its folders."""
        shape = {"voice": voice, **self.shapes[voice]}
        model = {**self.model, **shape}
        if not self.language:
            model = {**self.model, "decoder": {**self.model["decoder"], **shape}}
        return {**RUN, **self.settings, "model": model}


PLACES = (
    Place(
        "mel-2bar",
        "MusicVAE, 2 bars, flat",
        "mel-2bar",
        language=False,
        model={
            "bars": 2,
            "latent": 128,
            "encoder": {"kind": "flat", "readout": "all", "width": 128},
            "decoder": {"kind": "flat", "plan": "direct", "plan_size": 96},
        },
        shapes={
            "lstm": {"width": 384},
            "wavenet": {"width": 96, "skip_width": 144, "dilations": [1, 2, 4, 8, 16, 1, 2, 4, 8]},
        },
        settings={
            "objective": {"beta": 0.29, "beta_ramp": 0.9, "input_dropout": 0.1},
            "steps": 4000,
            "batch_size": 32,
            "learning_rate": 4e-3,
            "diagnose_every": 1000,
        },
    ),
    Place(
        "mel-16bar",
        "MusicVAE, 16 bars, hierarchical",
        "mel-16bar",
        language=False,
        model={
            "bars": 16,
            "latent": 512,
            "code": "bars",
            "initial_std": 0.1,
            "encoder": {"kind": "hierarchical", "readout": "all", "width": 192, "bar_width": 192},
            "decoder": {
                "kind": "hierarchical", "plan": "direct", "plan_size": 128, "conductor_width": 192
            },
        },
        shapes={
            "lstm": {"width": 384},
            "wavenet": {"width": 96, "skip_width": 192, "dilations": [1, 2, 4, 8, 1, 2, 4, 8]},
        },
        settings={
            "objective": {"beta": 0.3, "beta_ramp": 0.9, "input_dropout": 0.1},
            "steps": 600,
            "batch_size": 8,
            "learning_rate": 2e-3,
            "diagnose_every": 300,
        },
    ),
    Place(
        "melody-lm",
        "Language model, 16 bars",
        "mel-16bar",
        language=True,
        model={},
        shapes={
            "lstm": {"width": 384},
            "wavenet": {
                "width": 80,
                "skip_width": 192,
                "dilations": [1, 2, 4, 8, 16, 32, 64, 1, 2, 4, 8, 16, 32, 64],
            },
        },
        settings={
            "input_dropout": 0.05,
            "steps": 3500,
            "batch_size": 16,
            "learning_rate": 4e-3,
            "diagnose_every": 1000,
        },
    ),
)  # fmt: skip
