"""The card of an imported model: what it is, and what its checkpoint does not say."""

from __future__ import annotations

from typing import Any

from torch import nn

from seqgen import __version__
from seqgen.tasks.magenta.known import Known

MUSIC = {
    "melody": "melody, one voice in 4/4 on a grid of sixteenths",
    "drums": "drums, on a grid of sixteenths",
    "drums_full": "drums, each of 61 percussion keys by itself, on a grid of sixteenths",
    "trio": "a trio of melody, bass and drums, on a grid of sixteenths",
    "groove": "drums as they are played: hits on a grid of sixteenths, with velocities and offsets",
    "multitrack": "up to eight tracks, as events with velocities",
}
TEXT = """# {name}

{bars} of {music} ({count:,} parameters).

A MusicVAE that was trained with Magenta as its configuration `{config}`, imported from `{source}`
by seqgen {version}.{step} The weights are the same numbers.

## What a checkpoint does not say

Not the music it has learned from, nor the licence of the weights: that is for those who made the checkpoint
to say. How it was trained is not in it either; the configuration sets {training}.
"""
CHORDS = ", trained with chords, which is told those of the music or those that `--chords` gives"
TRAINING = {
    "melody": "programs, transposition, free bits and the weight of the KL",
    "groove": "which drums are told and what is left to the model",
}


def card(name: str, known: Known, origin: dict[str, Any], model: nn.Module) -> str:
    """Markdown."""
    step = "" if origin["step"] is None else f" It was written after {origin['step']:,} steps."
    return TEXT.format(
        name=name,
        bars="One bar" if known.bars == 1 else f"{known.bars} bars",
        music=MUSIC[known.music] + (CHORDS if known.music != "groove" and known.controls else ""),
        count=sum(parameter.numel() for parameter in model.parameters()),
        config=known.name,
        source=origin["imported_from"],
        step=step,
        version=__version__,
        training=TRAINING.get(known.music, "free bits and the weight of the KL"),
    )
