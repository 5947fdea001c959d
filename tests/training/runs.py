"""Small runs on small shards, shared by the tests of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lightning_fabric import Fabric

from seqgen.data.shards import FileRow, SplitWindows, write_shards
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAEConfig
from seqgen.representation.converter import RepresentationConfig
from seqgen.training.config import ObjectiveConfig, TrainConfig
from seqgen.training.loop import Trainer

MODEL = MusicVAEConfig(
    bars=1,
    latent=6,
    embedding=5,
    encoder=EncoderConfig("flat", "all", width=8),
    decoder=DecoderConfig("flat", "direct", width=12, plan_size=6),
)


def make_shards(folder: Path, count: int = 60) -> Path:
    """Scales up and down: something a tiny model can learn."""
    start = np.arange(count) % 12 + 40
    step = np.where(np.arange(count) % 2, 1, -1)
    tokens = (start[:, None] + step[:, None] * np.arange(16)).astype(np.int16)
    tokens[:, 1::2] = 0
    windows = {
        split: SplitWindows(tokens[rows], np.zeros((len(rows), 2), np.int32))
        for split, rows in {"train": np.arange(count), "valid": np.arange(6), "test": np.arange(6, 9)}.items()
    }
    folder.mkdir()
    write_shards(
        folder, RepresentationConfig("melody", bars=1), windows, [FileRow("made", "scales", "train", count)]
    )
    return folder


def config(data: Path, out: Path, **more) -> TrainConfig:
    settings = {
        "model": MODEL,
        "objective": ObjectiveConfig(beta=0.1, input_dropout=0.2, sampling_rate=0.2),
        "steps": 24,
        "batch_size": 8,
        "average": 0.9,
        "checkpoint_every": 8,
        "diagnose_every": 12,
        "diagnose_windows": 6,
        "threads": 1,
    }
    return TrainConfig(data=str(data), out=str(out), **{**settings, **more})


def trainer(settings: TrainConfig) -> Trainer:
    return Trainer(settings, Fabric(accelerator="cpu", devices=1, precision=settings.precision))
