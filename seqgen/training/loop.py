"""The training loop: one function, on Lightning Fabric, for a CPU, a GPU or several processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Generator, Tensor
from torch.utils.tensorboard import SummaryWriter

from seqgen.config import to_dict
from seqgen.data.batches import Batches
from seqgen.data.shards import Shards
from seqgen.models.checkpoint import read_weights, save_model
from seqgen.models.music_vae import Losses, MusicVAE
from seqgen.models.music_vae.diagnosis import Diagnosis, collapse_warning, diagnose
from seqgen.training.checkpoint import Run, load_run, save_run
from seqgen.training.config import TrainConfig
from seqgen.training.report import Reporter


class Trainer:
    """A run in its folder: built from a config, resumed from its last checkpoint where there is one."""

    def __init__(self, config: TrainConfig, fabric: Fabric):
        self.config, self.fabric = config, fabric
        self.out = Path(config.out)
        self.shards = Shards(Path(config.data))
        check_fit(config, self.shards)
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)  # the initial weights; all else draws from its own generator
        model = MusicVAE(config.model)
        if config.warm_start:
            warm_start(model, Path(config.warm_start))
        optimizer = torch.optim.Adam(
            model.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), fused=True
        )
        self.model, self.optimizer = fabric.setup(model, optimizer)
        self.model.mark_forward_method("losses")
        average = {n: p.detach().clone() for n, p in self.bare.named_parameters()} if config.average else None
        self.run = Run(self.bare, self.optimizer.optimizer, average)
        world = fabric.world_size
        tokens = self.shards.tokens("train")
        self.batches = Batches(
            tokens, config.batch_size, config.seed, config.transpose, fabric.global_rank, world
        )
        self.signature = {k: v for k, v in to_dict(config).items() if k not in FREE} | {"world": world}
        self.step: int = 0
        if self.last.is_file():
            self.step = load_run(self.last, self.run, self.signature)

    @property
    def bare(self) -> MusicVAE:
        """The model without Fabric's wrapper."""
        return self.model.module

    @property
    def last(self) -> Path:
        return self.out / "last.safetensors"

    def fit(self, max_minutes: float | None = None, max_steps: int | None = None) -> bool:
        """Train to the end, or until the time is over or the process is asked to stop; True at the end.

        max_steps: stop after this many steps of the run in all; its schedules stay those of `steps`.
        """
        deadline = time.monotonic() + 60 * max_minutes if max_minutes else float("inf")
        end = min(self.config.steps, max_steps or self.config.steps)
        leader = self.fabric.is_global_zero
        writer = SummaryWriter(str(self.out)) if leader else None
        with Reporter(self.config.steps, self.step, quiet=not leader) as report, stop_requested() as stopping:
            while self.step < end:
                losses = self._step()
                if writer and self.step % 20 == 0:
                    self._log(writer, report, losses)
                if leader and (self.step % self.config.diagnose_every == 0 or self.step == self.config.steps):
                    self._diagnose(writer, report)
                late = time.monotonic() > deadline or bool(stopping)
                if self.fabric.world_size > 1:  # all processes stop at one step
                    late = self._any(late)
                if late or self.step % self.config.checkpoint_every == 0 or self.step == end:
                    self.save()
                if late:
                    break
        if writer:
            writer.close()
        return self.step == self.config.steps

    def _any(self, late: bool) -> bool:
        votes = self.fabric.all_reduce(torch.tensor(float(late)), reduce_op="sum")
        return bool(torch.as_tensor(votes).item() > 0)

    def _step(self) -> Losses:
        config, device = self.config, self.fabric.device
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate_at(self.step)
        token = torch.from_numpy(self.batches[self.step]).to(device)
        rng = step_rng(config.seed, self.step, self.fabric.global_rank)
        objective = config.objective.at(self.step / config.steps)
        losses = self.model.losses(token, objective, rng)
        if not torch.isfinite(losses.loss):
            raise ValueError(
                f"the loss is {losses.loss.item()} at step {self.step}: lower learning_rate or clip_norm"
            )
        self.optimizer.zero_grad()
        self.fabric.backward(losses.loss)
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=config.clip_norm)
        self.optimizer.step()
        self.step += 1
        if self.run.average is not None:  # shorter memory at first, so that the start is forgotten
            decay = min(config.average, self.step / (self.step + 10))
            parameters = [p.detach() for p in self.bare.parameters()]
            torch._foreach_lerp_(list(self.run.average.values()), parameters, 1 - decay)
        return losses

    def save(self) -> None:
        """Checkpoint and model. Every process calls it; the first one writes."""
        if self.fabric.is_global_zero:
            self.out.mkdir(parents=True, exist_ok=True)
            save_run(self.last, self.run, self.step, self.signature)
            save_model(self.out, self.bare, self.run.average or self.bare.state_dict(), self.sections())
        self.fabric.barrier()

    def sections(self) -> dict[str, Any]:
        """What config.yaml says beside the model's shape."""
        settings = {k: v for k, v in to_dict(self.config).items() if k not in ("model", "out")}
        done = {
            "step": self.step,
            "windows_seen": self.step * self.config.batch_size * self.fabric.world_size,
        }
        return {"representation": to_dict(self.shards.representation), "training": {**settings, **done}}

    def _log(self, writer: SummaryWriter, report: Reporter, losses: Losses) -> None:
        steps = self.config.model.steps
        values = {
            "nll": losses.nll.item() / steps,
            "kl": losses.kl.item(),
            "beta": self.config.objective.at(self.step / self.config.steps).beta,
            "learning_rate": self.config.learning_rate_at(self.step),
        }
        for name, value in values.items():
            writer.add_scalar(f"train/{name}", value, self.step)
        report.step(self.step, values)

    def _diagnose(self, writer: SummaryWriter | None, report: Reporter) -> None:
        valid = self.shards.tokens("valid")
        if len(valid) < 2:
            return
        pick = torch.randperm(len(valid), generator=Generator().manual_seed(0))[
            : self.config.diagnose_windows
        ]
        token = torch.from_numpy(valid[pick.numpy()].astype("int64")).to(self.fabric.device)
        with averaged(self.bare, self.run.average):
            found = diagnose(self.bare.eval(), token, Generator().manual_seed(0))
        self.bare.train()
        for name in SCALARS:
            if writer:
                writer.add_scalar(f"valid/{name}", getattr(found, name), self.step)
        if writer:
            writer.add_histogram("valid/kl_by_dimension", found.kl_by_dimension, self.step)
        report.diagnosis(self.step, found, collapse_warning(found))


FREE = ("out", "data", "checkpoint_every", "diagnose_every", "diagnose_windows", "warm_start", "threads")
"""Settings that may differ when a run goes on."""
SCALARS = tuple(name for name in Diagnosis._fields if name != "kl_by_dimension")


def check_fit(config: TrainConfig, shards: Shards) -> None:
    """The shards must hold what the model reads."""
    representation, model = shards.representation, config.model
    drums = representation.name == "drums"
    steps = shards.tokens("train").shape[1]
    if steps != model.steps:
        raise ValueError(
            f"model.bars: the model reads windows of {model.steps} steps, {config.data} holds {steps}: "
            f"set model.bars to {representation.bars}, or prepare windows of {model.bars} bars"
        )
    expected = (512, 1) if drums else (90, 2)
    if (model.vocabulary_size, model.first_onset) != expected:
        raise ValueError(
            f"model.vocabulary_size and model.first_onset must be {expected[0]} and {expected[1]} for "
            f"{representation.name}, got {model.vocabulary_size} and {model.first_onset}"
        )
    if drums and config.transpose:
        raise ValueError("transpose must be 0 for drums: their tokens are not pitches")


def warm_start(model: MusicVAE, folder: Path) -> None:
    """Take over the weights of another model that have the same name and shape."""
    own = model.state_dict()
    found = read_weights(folder / "model.safetensors")
    model.load_state_dict(
        {name: found[name].float() if _same(found, name, own) else own[name] for name in own}
    )


def _same(found: dict[str, Tensor], name: str, own: dict[str, Tensor]) -> bool:
    return name in found and found[name].shape == own[name].shape


def step_rng(seed: int, step: int, rank: int) -> Generator:
    """The generator of one step: nothing has to be remembered for a run to go on."""
    return Generator().manual_seed((seed * 1_000_003 + step) * 1_009 + rank)


@contextmanager
def averaged(model: MusicVAE, average: dict[str, Tensor] | None) -> Iterator[None]:
    """The model with its averaged weights."""
    if average is None:
        yield
        return
    own = {name: p.detach().clone() for name, p in model.named_parameters()}
    try:
        _put(model, average)
        yield
    finally:
        _put(model, own)


def _put(model: MusicVAE, weights: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])


@contextmanager
def stop_requested() -> Iterator[list[int]]:
    """A list that is not empty once the process was asked to end (Ctrl-C, SIGTERM)."""
    asked: list[int] = []
    before = {
        s: signal.signal(s, lambda number, _: asked.append(number)) for s in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
