"""Training a recogniser on connected digits: offline, or with an attention that learns when to write."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from seqgen.config import to_dict
from seqgen.core import MonotonicAttention
from seqgen.data.digits import JoinConfig, read_takes
from seqgen.data.speech import Example, SpeechBatches, collate, make_pool, read_examples
from seqgen.models.recognizer import Batch, Losses, Objective, Recognizer, RecognizerConfig
from seqgen.representation.log_mel import LogMel
from seqgen.representation.speech import SpeechConfig
from seqgen.training.job import Group, Job, Report
from seqgen.training.settings import RunConfig


@dataclass(frozen=True)
class RecognitionObjective:
    """What is minimised beside the negative log-likelihood."""

    latency: float = 0.0
    """price of a frame of delay, for attentions that learn when to write"""
    latency_ramp: float = 0.3
    """share of the run over which the price rises from 0, linearly"""
    smoothing: float = 0.05
    """label smoothing"""
    straight_through: float = 0.0
    """share of the utterances, at the end of its ramp, whose stops are hard in the forward pass"""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latency) and self.latency >= 0):
            raise ValueError(f"latency must be finite and at least 0, got {self.latency}")
        for name in ("latency_ramp", "straight_through"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must lie in [0, 1), got {self.smoothing}")

    def at(self, progress: float) -> Objective:
        """The objective at a share `progress` in [0, 1] of the run."""
        rise = min(1.0, progress / self.latency_ramp) if self.latency_ramp else 1.0
        return Objective(self.latency * rise, self.smoothing, self.straight_through * rise)


@dataclass(frozen=True, kw_only=True)
class RecognitionConfig(RunConfig):
    """A training run of a recogniser."""

    data: str
    """folder that data_tools/make_digits.py made"""
    model: RecognizerConfig = field(default_factory=RecognizerConfig)
    objective: RecognitionObjective = field(default_factory=RecognitionObjective)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    join: JoinConfig = field(
        default_factory=lambda: JoinConfig(speed=0.12, gain_db=(-20.0, 4.0), noise_db=(-70.0, -35.0))
    )
    """how takes become utterances to train on: wider than those of valid and test"""
    utterances: int = 6000
    """joined once, when the run begins"""
    odd: float = 0.125
    """share of them that has any number of digits from 0, so that silence and long numbers are known"""
    odd_most: int = 10
    """digits that these have at most"""
    odd_pause: float = 0.5
    """seconds of their longest pauses"""
    batch_size: int = 16
    """utterances a step and a process"""
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    energy_factor: float = 2.0
    """times the learning rate, for the layers of the energy that decides when to stop"""
    scale_factor: float = 10.0
    """times the learning rate, for the scale and offset of that energy, which Adam hardly moves otherwise"""
    diagnose_utterances: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("utterances", "batch_size", "diagnose_utterances"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.odd <= 1:
            raise ValueError(f"odd must lie in [0, 1], got {self.odd}")
        if self.model.features != self.speech.sound.size:
            raise ValueError(
                f"model.features is {self.model.features}, but speech.sound gives {self.speech.sound.size} "
                "numbers a frame (mels times stack): set one to the other"
            )
        if self.model.vocabulary_size != len(self.speech.symbols) + 1:
            raise ValueError(
                f"model.vocabulary_size is {self.model.vocabulary_size}, expected "
                f"{len(self.speech.symbols) + 1}: the symbols and the end mark"
            )

    def learning_rate_at(self, step: int) -> float:
        """A warm-up over 3% of the run, level to 30%, then linear down to 2%."""
        done = step / self.steps
        warm = min(1.0, (step + 1) / (0.03 * self.steps + 1))
        return self.learning_rate * warm * (1.0 if done < 0.3 else max(0.02, (1 - done) / 0.7))


class RecognitionJob(Job):
    """Utterances, cross-entropy, and the price of delay."""

    config: RecognitionConfig
    free = (*Job.free, "data", "diagnose_utterances")

    def __init__(self, config: RecognitionConfig, rank: int = 0, world: int = 1):
        self.config = config
        speech, data = config.speech, Path(config.data)
        self.valid = read_examples(data / "valid", speech, config.diagnose_utterances)
        takes = read_takes(data / "train")
        pause = (config.join.pause[0], config.odd_pause)
        free = replace(config.join, fewest=0, most=config.odd_most, pause=pause)
        pool = make_pool(takes, config.utterances, config.join, free, config.odd, speech, config.seed)
        self.batches = SpeechBatches(pool, config.batch_size, config.seed, rank, world)

    def build(self) -> Recognizer:
        return Recognizer(self.config.model)

    def groups(self, model: Recognizer) -> list[Group]:
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
        return tensors(self.batches[step], self.config.model.end)

    def losses(self, model: Any, batch: Batch, step: int, rng: Generator) -> Losses:
        return model.losses(batch, self.config.objective.at(step / self.config.steps), rng)

    def values(self, losses: Losses, step: int) -> dict[str, float]:
        return {"nll": losses.nll.item(), "delay": losses.delay.item()}

    def diagnose(self, model: Recognizer) -> Report | None:
        if not self.valid:
            return None
        scores = transcripts(model, self.valid, LogMel(self.config.speech.sound))
        said = f"valid: {scores['right']:.1%} of the transcripts right"
        if model.config.streams:
            said += f", their digits {scores['delay']:.3f} s after their ends"
        return Report(scores, said)

    def sections(self, step: int) -> dict[str, Any]:
        hidden = ("model", "out", "data", "speech", "warm_start")
        settings = {k: v for k, v in to_dict(self.config).items() if k not in hidden}
        return {
            "representation": to_dict(self.config.speech),
            "training": {**settings, "step": step},
        }


def tensors(examples: list[Example], end: int) -> Batch:
    return Batch(*(torch.from_numpy(part) for part in collate(examples, end)))


def transcripts(model: Recognizer, valid: list[Example], log_mel: LogMel, rows: int = 50) -> dict[str, float]:
    """Share of the transcripts that are right in every symbol, and the mean delay in those, in seconds."""
    device = next(model.parameters()).device
    right, delays = 0, [0.0]
    for at in range(0, len(valid), rows):
        part = valid[at : at + rows]
        batch = tensors(part, model.config.end).to(device)
        for example, heard in zip(part, model.transcribe(batch.frames, batch.lengths), strict=True):
            if heard.token == example.tokens:
                right += 1
                times = (min(log_mel.seconds(frame), example.seconds) for frame in heard.frame)
                delays += [time - end for time, end in zip(times, example.ends, strict=True)]
    return {"right": right / len(valid), "delay": sum(delays) / max(1, len(delays) - 1)}
