"""Training a translator on parallel text: offline, wait-k, or with an attention that learns when to read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Generator

from seqgen.config import to_dict
from seqgen.core import MonotonicAttention, average_lagging, expected_delay
from seqgen.data.text import Pair, TextBatch, TextBatches, Words, collate, in_order, read_pairs
from seqgen.io.atomic import write_bytes
from seqgen.models.translator import Losses, Objective, Translator, TranslatorConfig
from seqgen.models.translator.batch import Batch
from seqgen.representation.subword import Subwords
from seqgen.training.job import Group, Job, Report
from seqgen.training.settings import RunConfig

SUBWORDS = "subwords.model"


@dataclass(frozen=True)
class TranslationObjective:
    """What is minimised beside the negative log-likelihood."""

    latency: float = 0.0
    """price of a word of delay, for attentions that learn when to read"""
    latency_ramp: float = 0.3
    """share of the run over which the price rises from 0, linearly"""
    smoothing: float = 0.1
    """label smoothing"""
    lags: tuple[int, ...] = ()
    """wait_k: each batch draws its k from these; none means the model's own k"""
    straight_through: float = 0.0
    """share of the sentences, at the end of its ramp, whose stops are hard in the forward pass"""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latency) and self.latency >= 0):
            raise ValueError(f"latency must be finite and at least 0, got {self.latency}")
        for name in ("latency_ramp", "straight_through"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must lie in [0, 1), got {self.smoothing}")
        if any(lag < 1 for lag in self.lags):
            raise ValueError(f"lags must be at least 1, got {self.lags}")

    def at(self, progress: float) -> Objective:
        """The objective at a share `progress` in [0, 1] of the run."""
        rise = min(1.0, progress / self.latency_ramp) if self.latency_ramp else 1.0
        return Objective(self.latency * rise, self.smoothing, self.lags, self.straight_through * rise)


@dataclass(frozen=True, kw_only=True)
class TranslationConfig(RunConfig):
    """A training run of a translator."""

    source: str
    """text to translate from, UTF-8, a sentence a line"""
    target: str
    """the same sentences in the other language, line by line"""
    valid_source: str
    valid_target: str
    subwords: str | None = None
    """vocabulary to use, a SentencePiece model; learnt from the text when there is none"""
    model: TranslatorConfig = field(default_factory=TranslatorConfig)
    objective: TranslationObjective = field(default_factory=TranslationObjective)
    tokens: int = 1600
    """padded subwords of a batch, the longer side counting"""
    longest: int = 80
    """pairs with more subwords on a side are left out"""
    join: float = 0.0
    """share of the sentences that are put together in pairs: a model learns to go on after a full stop"""
    ways: int = 1
    """draw each word's subwords among so many likeliest segmentations (Kudo 2018)"""
    sharpness: float = 0.2
    """exponent of their probabilities; 0 draws evenly"""
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    energy_factor: float = 2.0
    """times the learning rate, for the layers of the energy that decides when to stop"""
    scale_factor: float = 10.0
    """times the learning rate, for the scale and offset of that energy, which Adam hardly moves otherwise"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("tokens", "longest", "ways"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.join <= 1:
            raise ValueError(f"join must lie in [0, 1], got {self.join}")

    def learning_rate_at(self, step: int) -> float:
        """A warm-up over 3% of the run, level to 30%, then linear down to 2%."""
        done = step / self.steps
        warm = min(1.0, (step + 1) / (0.03 * self.steps + 1))
        return self.learning_rate * warm * (1.0 if done < 0.3 else max(0.02, (1 - done) / 0.7))


class TranslationJob(Job):
    """Sentence pairs, cross-entropy, and the price of delay."""

    config: TranslationConfig
    free = (*Job.free, "source", "target", "valid_source", "valid_target", "subwords")

    def __init__(self, config: TranslationConfig, fabric: Fabric, rank: int = 0, world: int = 1):
        self.config, self.world = config, world
        train = read_pairs(Path(config.source), Path(config.target))
        self.valid = read_pairs(Path(config.valid_source), Path(config.valid_target))
        self.subwords = find_subwords(config, fabric)
        if self.subwords.vocabulary_size != config.model.vocabulary_size:
            raise ValueError(
                f"model.vocabulary_size is {config.model.vocabulary_size}, the subwords have "
                f"{self.subwords.vocabulary_size}: set one to the other"
            )
        source, target = self._words(train, config.ways)
        self.batches = TextBatches(
            source, target, config.tokens, config.seed, config.join, config.longest, rank, world
        )

    def _words(self, pairs: list[Pair], ways: int) -> tuple[Words, Words]:
        sides = zip(*pairs, strict=True)
        left, right = (Words(list(side), self.subwords, ways, self.config.sharpness) for side in sides)
        return left, right

    def build(self) -> Translator:
        model = Translator(self.config.model)
        model.head.set_ends(torch.from_numpy(self.subwords.ends))
        return model

    def groups(self, model: Translator) -> list[Group]:
        """The energy that decides when to stop learns faster than the rest."""
        attention = model.core.attention
        if not isinstance(attention, MonotonicAttention):
            return super().groups(model)
        energy = attention.stopping
        scalars = [energy.g, energy.r]
        layers = [p for p in energy.parameters() if all(p is not s for s in scalars)]
        apart = {id(p) for p in (*scalars, *layers)}
        rest = [p for p in model.parameters() if id(p) not in apart]
        factors = (1.0, self.config.energy_factor, self.config.scale_factor)
        return [Group(part, factor) for part, factor in zip((rest, layers, scalars), factors, strict=True)]

    def batch(self, step: int) -> Batch:
        return tensors(self.batches[step])

    def losses(self, model: Any, batch: Batch, step: int, rng: Generator) -> Losses:
        return model.losses(batch, self.config.objective.at(step / self.config.steps), rng)

    def values(self, losses: Losses, step: int) -> dict[str, float]:
        return {"nll": losses.nll.item(), "delay": losses.delay.item()}

    def diagnose(self, model: Translator) -> Report | None:
        if not self.valid:
            return None
        scores = cross_entropy(model, self._words(self.valid, 1))
        said = f"valid cross-entropy {scores['cross_entropy']:.3f} nats a token"
        if "hard_cross_entropy" in scores:
            said += (
                f" ({scores['hard_cross_entropy']:.3f} with the stops of streaming); "
                f"DAL {scores['lagging']:.2f} expected, {scores['hard_lagging']:.2f} in streaming"
            )
        return Report(scores, said)

    def sections(self, step: int) -> dict[str, Any]:
        hidden = (
            "model",
            "out",
            "source",
            "target",
            "valid_source",
            "valid_target",
            "subwords",
            "warm_start",
        )
        settings = {k: v for k, v in to_dict(self.config).items() if k not in hidden}
        return {"training": {**settings, "step": step}}

    def save_files(self, folder: Path) -> None:
        path = folder / SUBWORDS
        if not path.is_file() or path.read_bytes() != self.subwords.model:
            write_bytes(path, self.subwords.model)


def find_subwords(config: TranslationConfig, fabric: Fabric) -> Subwords:
    """Those of the config, of the run or of the model it starts from; else new ones, made by one process."""
    own = Path(config.out) / SUBWORDS
    places = [Path(config.subwords)] if config.subwords else [own]
    if config.warm_start and not config.subwords:
        places.append(Path(config.warm_start) / SUBWORDS)
    found = next((place for place in places if place.is_file()), None)
    if found is None and config.subwords:
        raise ValueError(f"subwords: there is no file {config.subwords}")
    if found is None:
        if fabric.is_global_zero:
            own.parent.mkdir(parents=True, exist_ok=True)
            Subwords.train([config.source, config.target], config.model.vocabulary_size, own)
        fabric.barrier()
        found = own
    return Subwords.load(found)


def tensors(batch: TextBatch) -> Batch:
    return Batch(*(torch.from_numpy(np.asarray(part, dtype=np.int64)) for part in batch))


@torch.no_grad()
def cross_entropy(model: Translator, words: tuple[Words, Words], tokens: int = 3000) -> dict[str, float]:
    """Nats a target token, and DAL in words; for monotonic attentions also with the stops of streaming."""
    device = next(model.parameters()).device
    modes = (False, True) if isinstance(model.core.attention, MonotonicAttention) else (False,)
    total = {mode: np.zeros(2) for mode in modes}
    count = sentences = 0
    for groups in in_order(*words, tokens):
        batch = tensors(collate(*words, groups)).to(device)
        inside = torch.arange(batch.target.shape[1], device=device) < batch.target_lengths[:, None]
        count += int(batch.target_lengths.sum())
        sentences += len(groups)
        for mode in modes:
            log_prob, alpha = model.log_prob(batch, hard=mode)
            delay = expected_delay(alpha, batch.words_read())
            lag = average_lagging(delay, batch.words().to(delay.dtype), batch.target_lengths)
            total[mode] += [-float(log_prob[inside].sum()), float(lag.sum())]
    result: dict[str, float] = {}
    for mode, sums in total.items():
        prefix = "hard_" if mode else ""
        result[f"{prefix}cross_entropy"] = float(sums[0]) / count
        result[f"{prefix}lagging"] = float(sums[1]) / sentences
    return result
