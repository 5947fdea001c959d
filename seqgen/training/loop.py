"""The training loop: one function, on Lightning Fabric, for a CPU, a GPU or several processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Generator, Tensor, nn
from torch.autograd.graph import increment_version
from torch.utils.tensorboard import SummaryWriter

from seqgen.models.checkpoint import read_weights, save_model
from seqgen.training.audio import AudioConfig, AudioJob
from seqgen.training.checkpoint import Learner, Run, load_run, save_run
from seqgen.training.config import TrainConfig
from seqgen.training.groove import GrooveJob
from seqgen.training.job import Group, Job
from seqgen.training.language import LanguageConfig, LanguageJob
from seqgen.training.music import MusicJob
from seqgen.training.recognition import RecognitionConfig, RecognitionJob
from seqgen.training.report import Reporter
from seqgen.training.settings import RunConfig
from seqgen.training.translation import TranslationConfig, TranslationJob


class Trainer:
    """A run in its folder: built from a config, resumed from its last checkpoint where there is one."""

    def __init__(self, config: RunConfig, fabric: Fabric):
        self.config, self.fabric = config, fabric
        self.out = Path(config.out)
        if config.threads:
            torch.set_num_threads(config.threads)
        self.job = make_job(config, fabric)
        torch.manual_seed(config.seed)  # the initial weights; all else draws from its own generator
        model = self.job.build()
        if config.warm_start:
            warm_start(model, Path(config.warm_start))
        self.model, self.optimizer = fabric.setup(model, self._adam(self.job.groups(model)))
        self.learners: list[tuple[Any, Any]] = [(self.model, self.optimizer)]
        critic = self.job.critic()
        self.model.mark_forward_method("losses_against" if critic else "losses")
        if critic:
            group = Group(list(critic.module.parameters()), critic.factor)
            self.learners.append(fabric.setup(critic.module, self._adam([group])))
        average = {n: p.detach().clone() for n, p in self.bare.named_parameters()} if config.average else None
        bare = [Learner(module.module, optimizer.optimizer) for module, optimizer in self.learners]
        self.run = Run(*bare[0], average, *bare[1:])
        settings = {k: v for k, v in self.job.settings().items() if k not in self.job.free}
        self.signature = settings | {"world": fabric.world_size}
        self.step: int = 0
        if self.last.is_file():
            self.step = load_run(self.last, self.run, self.signature)

    def _adam(self, groups: list[Group]) -> torch.optim.Adam:
        rate = self.config.learning_rate
        each = [{"params": part, "lr": rate * factor, "factor": factor} for part, factor in groups]
        return torch.optim.Adam(each, lr=rate, betas=(0.9, 0.98), fused=True)

    @property
    def bare(self) -> Any:
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

    def _step(self) -> Any:
        config, device = self.config, self.fabric.device
        for _, optimizer in self.learners:
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate_at(self.step) * group["factor"]
            optimizer.zero_grad()
        batch = self.job.batch(self.step).to(device)
        rng = step_rng(config.seed, self.step, self.fabric.global_rank)
        losses = self._backward(batch, rng)
        for module, optimizer in self.learners:
            self.fabric.clip_gradients(module, optimizer, max_norm=config.clip_norm)
            optimizer.step()
            for parameter in module.parameters():  # fused Adam does not say that it writes: `core.packs` asks
                increment_version(parameter)
        self.step += 1
        if self.run.average is not None:  # shorter memory at first, so that the start is forgotten
            decay = min(config.average, self.step / (self.step + 10))
            parameters = [p.detach() for p in self.bare.parameters()]
            torch._foreach_lerp_(list(self.run.average.values()), parameters, 1 - decay)
        return losses

    def _backward(self, batch: Any, rng: Generator) -> Any:
        """Gradients of a batch, part after part; its losses."""
        parts, every = self.job.parts(batch), []
        modules = [module for module, _ in self.learners]
        losses_of: Callable[..., Any] = self.job.losses_against if self.run.critic else self.job.losses
        for number, (part, share) in enumerate(parts):
            with ExitStack() as stack:
                for module in modules:
                    waits = self.fabric.no_backward_sync(module, enabled=number + 1 < len(parts))
                    stack.enter_context(waits)
                # Of itself Fabric casts in `forward` only, and in one process not at all.
                with self.fabric.autocast():
                    losses = losses_of(*modules, part, self.step, rng)
                if not torch.isfinite(losses.loss):
                    raise ValueError(
                        f"the loss is {losses.loss.item()} at step {self.step}: "
                        "lower learning_rate or clip_norm"
                    )
                self.fabric.backward(losses.loss * share)
            if len(parts) == 1:
                return losses
            every.append([share * value.detach() for value in losses])
        return type(losses)(*(sum(values) for values in zip(*every, strict=True)))

    def save(self) -> None:
        """Checkpoint and model. Every process calls it; the first one writes."""
        if self.fabric.is_global_zero:
            self.out.mkdir(parents=True, exist_ok=True)
            save_run(self.last, self.run, self.step, self.signature)
            self.job.save_files(self.out)
            weights = {**self.bare.state_dict(), **(self.run.average or {})}
            save_model(self.out, self.bare, weights, self.job.sections(self.step))
        self.fabric.barrier()

    def _log(self, writer: SummaryWriter, report: Reporter, losses: Any) -> None:
        values = self.job.values(losses, self.step)
        for name, value in {**values, "learning_rate": self.config.learning_rate_at(self.step)}.items():
            writer.add_scalar(f"train/{name}", value, self.step)
        report.step(self.step, self.job.progress(values))

    def _diagnose(self, writer: SummaryWriter | None, report: Reporter) -> None:
        with averaged(self.bare, self.run.average):
            found = self.job.diagnose(self.bare.eval())
        self.bare.train()
        if found is None:
            return
        for name, value in found.scalars.items():
            if writer:
                writer.add_scalar(f"valid/{name}", value, self.step)
        for name, values in (found.histograms or {}).items():
            if writer:
                writer.add_histogram(f"valid/{name}", values, self.step)
        report.diagnosis(self.step, found)


def make_job(config: RunConfig, fabric: Fabric) -> Job:
    """The job that a config describes, for this process."""
    rank, world = fabric.global_rank, fabric.world_size
    if isinstance(config, TrainConfig):
        groove = config.model.head in ("groove", "groove_mixture")
        return (GrooveJob if groove else MusicJob)(config, rank, world)
    if isinstance(config, TranslationConfig):
        return TranslationJob(config, fabric, rank, world)
    if isinstance(config, RecognitionConfig):
        return RecognitionJob(config, rank, world)
    if isinstance(config, AudioConfig):
        return AudioJob(config, rank, world)
    if isinstance(config, LanguageConfig):
        return LanguageJob(config, rank, world)
    raise TypeError(f"no job for {type(config).__name__}")


def warm_start(model: nn.Module, folder: Path) -> None:
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
def averaged(model: nn.Module, average: dict[str, Tensor] | None) -> Iterator[None]:
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


def _put(model: nn.Module, weights: dict[str, Tensor]) -> None:
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
