"""Training a language model of music on shards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from seqgen.config import to_dict
from seqgen.data.batches import Batches
from seqgen.data.shards import Shards
from seqgen.models.language_model import LanguageModel, LanguageModelConfig, Losses
from seqgen.training.job import Job, Report
from seqgen.training.settings import RunConfig


@dataclass(frozen=True, kw_only=True)
class LanguageConfig(RunConfig):
    """A training run of a language model."""

    data: str
    """folder of shards, made by `seqgen prepare`; windows of any number of bars"""
    model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    batch_size: int = 16
    """windows a step and a process"""
    transpose: int = 6
    """melodies move by up to this many semitones, drawn afresh every epoch; 0 for drums"""
    input_dropout: float = 0.05
    """probability that an input token is blanked"""
    diagnose_windows: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("batch_size", "diagnose_windows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.transpose <= 12:
            raise ValueError(f"transpose must lie in 0..12 semitones, got {self.transpose}")
        if not 0 <= self.input_dropout <= 1:
            raise ValueError(f"input_dropout must lie in [0, 1], got {self.input_dropout}")


class LanguageJob(Job):
    """Windows of tokens, and how likely each token is after those before it."""

    config: LanguageConfig
    free = (*Job.free, "data", "diagnose_windows")

    def __init__(self, config: LanguageConfig, rank: int = 0, world: int = 1):
        self.config, self.world = config, world
        self.shards = Shards(Path(config.data))
        check_fit(config, self.shards)
        tokens = self.shards.tokens("train")
        self.batches = Batches(tokens, config.batch_size, config.seed, config.transpose, rank, world)

    def build(self) -> LanguageModel:
        return LanguageModel(self.config.model)

    def batch(self, step: int) -> Tensor:
        return torch.from_numpy(self.batches[step])

    def losses(self, model: Any, batch: Tensor, step: int, rng: Generator) -> Losses:
        return model.losses(batch, self.config.input_dropout, rng)

    def values(self, losses: Losses, step: int) -> dict[str, float]:
        return {"nll": losses.loss.item()}

    def progress(self, values: dict[str, float]) -> str:
        return f"nll {values['nll']:.3f} nats a step"

    @torch.no_grad()
    def diagnose(self, model: LanguageModel) -> Report | None:
        valid = self.shards.tokens("valid")
        if not len(valid):
            return None
        order = torch.randperm(len(valid), generator=Generator().manual_seed(0))
        pick = order[: self.config.diagnose_windows]
        device = next(model.parameters()).device
        token = torch.from_numpy(valid[pick.numpy()].astype("int64")).to(device)
        nll = -torch.cat([model.log_prob(part) for part in token.split(32)])
        onset = token >= self.config.model.first_onset
        scalars = {"nll": nll.mean().item(), "nll_onset": nll[onset].mean().item()}
        said = f"valid {scalars['nll']:.4f} nats a step, {scalars['nll_onset']:.3f} where something begins"
        return Report(scalars, said)

    def sections(self, step: int) -> dict[str, Any]:
        settings = {k: v for k, v in to_dict(self.config).items() if k not in ("model", "out", "data")}
        done = {"step": step, "windows_seen": step * self.config.batch_size * self.world}
        return {"representation": to_dict(self.shards.representation), "training": {**settings, **done}}


def check_fit(config: LanguageConfig, shards: Shards) -> None:
    """The shards must hold what the model reads."""
    name, model = shards.representation.name, config.model
    if name not in ("melody", "drums"):
        raise ValueError(
            f"data: a language model reads melodies or drums of nine sounds, {config.data} holds {name}"
        )
    expected = (512, 1) if name == "drums" else (90, 2)
    if (model.vocabulary_size, model.first_onset) != expected:
        raise ValueError(
            f"model.vocabulary_size and model.first_onset must be {expected[0]} and {expected[1]} for "
            f"{name}, got {model.vocabulary_size} and {model.first_onset}"
        )
    if name == "drums" and config.transpose:
        raise ValueError("transpose must be 0 for drums: their tokens are not pitches")
