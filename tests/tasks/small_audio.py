"""Untrained WaveNets of sound, shared by tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from seqgen.config import to_dict
from seqgen.models.audio_wavenet import AudioWaveNet, AudioWaveNetConfig
from seqgen.models.checkpoint import save_model
from seqgen.representation.mulaw import MuLawConfig

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"
SOUND = MuLawConfig(speakers=("jackson", "nobody"))
SMALL = AudioWaveNetConfig(
    dilations=(1, 2, 4),
    width=6,
    skip_width=7,
    output_width=8,
    embedding=5,
    speakers=2,
    class_size=3,
    guide_size=2,
    guide_width=6,
    components=3,
)
VOCODER = replace(SMALL, digits=0, speakers=0, guide="features", features=12)


def small_wavenet(config: AudioWaveNetConfig = SMALL, seed: int = 0) -> AudioWaveNet:
    torch.manual_seed(seed)
    return AudioWaveNet(config).eval().requires_grad_(False)


def save_wavenet(folder: Path, config: AudioWaveNetConfig = SMALL) -> Path:
    model = small_wavenet(config)
    save_model(folder, model, model.state_dict(), {"representation": to_dict(SOUND), "training": {}})
    return folder
