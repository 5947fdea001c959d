"""Training a MusicVAE on shards."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from seqgen.config import to_dict
from seqgen.data.batches import Batches, transpose_trio
from seqgen.data.shards import Shards
from seqgen.models.music_vae import Losses, MusicVAE
from seqgen.models.music_vae.acai import AcaiLosses, Opponent
from seqgen.models.music_vae.acai import Critic as AcaiCritic
from seqgen.models.music_vae.build import build_head
from seqgen.models.music_vae.diagnosis import Diagnosis, collapse_warning, diagnose
from seqgen.representation.chords import CLASSES
from seqgen.representation.drum_map import FULL, KITS
from seqgen.representation.multitrack import transpose as transpose_tracks
from seqgen.representation.told import classes_of_tokens
from seqgen.representation.track_events import VOCABULARY
from seqgen.representation.trio import PARTS
from seqgen.training.config import TrainConfig
from seqgen.training.job import Critic, Job, Report

SCALARS = tuple(name for name in Diagnosis._fields if name != "kl_by_dimension")


class MusicJob(Job):
    """Windows of tokens, the evidence lower bound, and whether the code is used."""

    config: TrainConfig
    free = (*Job.free, "data", "diagnose_windows")

    def __init__(self, config: TrainConfig, rank: int = 0, world: int = 1):
        self.config, self.world = config, world
        self.shards = Shards(Path(config.data))
        check_fit(config, self.shards)
        tokens = self.shards.tokens("train")
        moves = {"trio": transpose_trio, "multitrack": transpose_tracks}
        move = moves.get(self.shards.representation.name)
        chords = self.shards.chords("train")
        settings = config.batch_size, config.seed, config.transpose
        self.batches = Batches(tokens, *settings, rank, world, move, chords)

    def build(self) -> MusicVAE:
        return MusicVAE(self.config.model)

    def settings(self) -> dict[str, Any]:
        """Without `acai` where it is off, as they were written before there was such a thing."""
        return {k: v for k, v in super().settings().items() if k != "acai" or v is not None}

    def critic(self) -> Critic | None:
        a = self.config.acai
        if a is None:
            return None
        size = build_head(self.config.model).soft_size
        return Critic(AcaiCritic(size, a.width, a.layers), a.rate)

    def batch(self, step: int) -> Tensor:
        """Tokens [B, T], or [B, 2 T] with the class of each token's chord behind them."""
        return torch.from_numpy(self._told(self.batches[step]))

    def parts(self, batch: Tensor) -> list[tuple[Tensor, float]]:
        some = batch.split(self.config.at_once or len(batch))
        return [(part, len(part) / len(batch)) for part in some]

    def losses(self, model: Any, batch: Tensor, step: int, rng: Generator) -> Losses:
        token, controls = self._split(batch)
        return model.losses(token, self.config.objective.at(step / self.config.steps), rng, None, controls)

    def losses_against(self, model: Any, critic: Any, batch: Tensor, step: int, rng: Generator) -> AcaiLosses:
        a, progress = self.config.acai, step / self.config.steps
        assert a is not None
        opponent = Opponent(critic, critic.module, a.weight_at(progress), a.gamma, a.way, a.reads)
        token, controls = self._split(batch)
        return model.losses_against(token, self.config.objective.at(progress), opponent, rng, controls)

    def values(self, losses: Losses | AcaiLosses, step: int) -> dict[str, float]:
        values = {
            "nll": losses.nll.item() / self.config.model.steps,
            "kl": losses.kl.item(),
            "beta": self.config.objective.at(step / self.config.steps).beta,
        }
        if isinstance(losses, AcaiLosses):
            values |= {"critic": losses.critic.item(), "fooling": losses.fooling.item()}
        return values

    def progress(self, values: dict[str, float]) -> str:
        said = f"nll {values['nll']:.3f} nats a step, KL {values['kl']:.1f} nats, beta {values['beta']:.3f}"
        return f"{said}, critic {values['critic']:.4f}" if "critic" in values else said

    def diagnose(self, model: MusicVAE) -> Report | None:
        valid = self.shards.tokens("valid")
        if len(valid) < 2:
            return None
        order = torch.randperm(len(valid), generator=Generator().manual_seed(0))
        pick = order[: self.config.diagnose_windows]
        device = next(model.parameters()).device
        rows = valid[pick.numpy()].astype("int64")
        chords = self.shards.chords("valid")
        if chords is not None:
            rows = self._told(np.concatenate([rows, chords[pick.numpy()]], 1))
        token, controls = self._split(torch.from_numpy(rows).to(device))
        d = diagnose(model, token, Generator().manual_seed(0), controls=controls)
        said = (
            f"valid onset {d.free_run_onset:.3f} free-run, {d.teacher_forced_onset:.3f} teacher-forced; "
            f"cross-entropy {d.cross_entropy:.3f} nats a step ({d.cross_entropy_random:.3f} with another z); "
            f"KL {d.kl:.1f} nats; {d.active_units} of {len(d.kl_by_dimension)} units active"
        )
        scalars = {name: getattr(d, name) for name in SCALARS}
        return Report(scalars, said, collapse_warning(d), {"kl_by_dimension": d.kl_by_dimension})

    def _told(self, rows: np.ndarray) -> np.ndarray:
        """The chords [B, S] behind tokens as one for each token."""
        if not self.shards.representation.chords:
            return rows
        token, chords = np.split(rows, [self.config.model.steps], 1)
        return np.concatenate([token, classes_of_tokens(token, chords)], 1)

    def _split(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """Tokens, and controls that say their chords."""
        if not self.shards.representation.chords:
            return batch, None
        token, chord = batch.split(self.config.model.steps, 1)
        return token, one_hot(chord, CLASSES).float()

    def sections(self, step: int) -> dict[str, Any]:
        settings = {k: v for k, v in self.settings().items() if k not in ("model", "out")}
        done = {"step": step, "windows_seen": step * self.config.batch_size * self.world}
        return {"representation": to_dict(self.shards.representation), "training": {**settings, **done}}


def check_fit(config: TrainConfig, shards: Shards) -> None:
    """The shards must hold what the model reads."""
    representation, model = shards.representation, config.model
    name, drums = representation.name, representation.name in (*KITS, "groove")
    groove = model.head in ("groove", "groove_mixture")
    if groove != (name == "groove"):
        raise ValueError(f"model.head: {model.head} does not read {name}, which is what {config.data} holds")
    told = CLASSES if representation.chords else 0
    if name != "groove" and model.controls != told:
        raise ValueError(
            f"model.controls must be {told}, since {config.data} holds {'' if told else 'no '}chords, got "
            f"{model.controls}: set it, or prepare the data {'without' if told else 'with'} chords"
        )
    steps = shards.tokens("train").shape[1]
    if steps != model.steps:
        raise ValueError(
            f"model.bars: the model reads windows of {model.steps} steps, {config.data} holds {steps}: "
            f"set model.bars to {representation.bars}, or prepare windows of {model.bars} bars"
        )
    kinds = {"melody": (90, 2), "trio": (math.prod(PARTS), 2), "multitrack": (VOCABULARY, 0)}
    kinds[FULL.name] = (1 << len(FULL.sounds), 1)
    expected = kinds.get(name, (512, 1))
    if (model.vocabulary_size, model.first_onset) != expected:
        raise ValueError(
            f"model.vocabulary_size and model.first_onset must be {expected[0]} and {expected[1]} for "
            f"{name}, got {model.vocabulary_size} and {model.first_onset}"
        )
    if representation.name == "trio" and model.parts != PARTS:
        raise ValueError(
            f"model.parts must be {list(PARTS)} for trio, with head: product, got {list(model.parts)}"
        )
    if drums and config.transpose:
        raise ValueError("transpose must be 0 for drums: their tokens are not pitches")
