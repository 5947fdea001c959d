"""Training a WaveNet on takes of single words: crops, cross-entropy, and the duration of each take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from seqgen.config import to_dict
from seqgen.data.takes import Crop, CropBatches, Take, collate, read_corpus, whole
from seqgen.models.audio_wavenet import AudioWaveNet, AudioWaveNetConfig, Batch, Losses, bits
from seqgen.representation.mulaw import CODES, MuLawConfig, decode
from seqgen.representation.vocoder import FeatureConfig, features_of
from seqgen.training.job import Job, Report
from seqgen.training.settings import RunConfig


@dataclass(frozen=True, kw_only=True)
class AudioConfig(RunConfig):
    """A training run of a WaveNet of sound."""

    data: str
    """folder of recordings with splits.tsv (columns file, digit, speaker, split)"""
    model: AudioWaveNetConfig = field(default_factory=AudioWaveNetConfig)
    sound: MuLawConfig = field(default_factory=MuLawConfig)
    batch_size: int = 4
    """crops a step and a process"""
    crop: int = 2400
    """samples of a take that are learned from at once; what the model looks back at comes on top"""
    absent: float = 0.1
    """probability that the digit is hidden, and that the speaker is: a model that is not told chooses"""
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    average: float = 0.995
    diagnose_takes: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("batch_size", "crop", "diagnose_takes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not (math.isfinite(self.absent) and 0 <= self.absent <= 1):
            raise ValueError(f"absent must lie in [0, 1], got {self.absent}")
        if self.model.vocabulary_size != CODES:
            raise ValueError(f"model.vocabulary_size is {self.model.vocabulary_size}, expected {CODES} codes")
        for name in ("digits", "speakers"):
            size, known = getattr(self.model, name), len(getattr(self.sound, name))
            if size not in (0, known):
                raise ValueError(
                    f"model.{name} is {size}, but sound.{name} names {known}: set one to the other, or "
                    f"model.{name} to 0 for a model that is not told"
                )


class AudioJob(Job):
    """Crops of takes, nats a sample."""

    config: AudioConfig
    free = (*Job.free, "data", "diagnose_takes")

    def __init__(self, config: AudioConfig, rank: int = 0, world: int = 1):
        self.config, data = config, Path(config.data)
        context = AudioWaveNet.reach(config.model)
        takes = read_corpus(data, "train", config.sound)
        self.valid = read_corpus(data, "valid", config.sound, config.diagnose_takes)
        self.batches = CropBatches(takes, config.batch_size, config.crop, context, config.seed, rank, world)

    def build(self) -> AudioWaveNet:
        return AudioWaveNet(self.config.model)

    def batch(self, step: int) -> Batch:
        return tensors(self.batches[step], self.config.model, self.config.sound.sample_rate)

    def losses(self, model: Any, batch: Batch, step: int, rng: Generator) -> Losses:
        return model.losses(batch, self.config.absent, rng)

    def values(self, losses: Losses, step: int) -> dict[str, float]:
        return {"bits": bits(losses.nll.item()), "duration": losses.duration.item()}

    def diagnose(self, model: AudioWaveNet) -> Report | None:
        nats = take_nats(model, self.valid, self.config.sound.sample_rate)
        found = float(bits(nats.sum()) / sum(len(take.codes) for take in self.valid))
        return Report({"bits": found}, f"valid: {found:.3f} bits a sample")

    def sections(self, step: int) -> dict[str, Any]:
        hidden = ("model", "out", "data", "sound", "warm_start")
        settings = {k: v for k, v in to_dict(self.config).items() if k not in hidden}
        return {"representation": to_dict(self.config.sound), "training": {**settings, "step": step}}


def tensors(crops: Sequence[Crop], config: AudioWaveNetConfig, sample_rate: int) -> Batch:
    """Crops as the model takes them; for a vocoder with the features of their takes."""
    batch = Batch(*(torch.from_numpy(part) for part in collate(crops)))
    if not config.features:
        return batch
    longest = int(batch.duration.max())
    sound = np.zeros((len(crops), longest), np.float32)
    for row, crop in zip(sound, crops, strict=True):
        row[: len(crop.take.codes)] = decode(crop.take.codes)
    how = FeatureConfig(sample_rate, config.features, config.hop)
    return batch._replace(features=features_of(torch.from_numpy(sound), how))


@torch.no_grad()
def take_nats(model: AudioWaveNet, takes: Sequence[Take], sample_rate: int, rows: int = 4) -> np.ndarray:
    """float64 [N] -log p of each take, all of it from its first sample, given its digit and speaker.

    The duration is part of it: a model that is guided by it pays for it. A vocoder is given its features.
    """
    device = next(model.parameters()).device
    order = np.argsort([len(take.codes) for take in takes], kind="stable")
    result = np.zeros(len(takes))
    for at in range(0, len(takes), rows):
        chosen = order[at : at + rows]
        batch = tensors([whole(takes[row]) for row in chosen], model.config, sample_rate).to(device)
        inside = torch.arange(batch.codes.shape[1], device=device) < batch.lengths[:, None]
        nats = -model.log_prob(batch).double().masked_fill(~inside, 0.0).sum(1)
        if model.lasts is not None:
            nats -= model.duration_log_prob(model.told(batch.digit, batch.speaker), batch.duration).double()
        result[chosen] = nats.cpu().numpy()
    return result
