"""What a training loop asks of the thing it trains: a model, batches, losses, and what to say about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from torch import Generator, Tensor, nn

from seqgen.config import to_dict
from seqgen.training.settings import RunConfig


class Group(NamedTuple):
    """Parameters that learn at a rate of their own."""

    parameters: list[nn.Parameter]
    factor: float
    """times the run's learning rate"""


class Critic(NamedTuple):
    """What learns against the model, at a rate of its own."""

    module: nn.Module
    factor: float
    """times the run's learning rate"""


class Report(NamedTuple):
    """A look at the validation split."""

    scalars: dict[str, float]
    said: str
    """one line"""
    warning: str | None = None
    histograms: dict[str, Tensor] | None = None


class Job:
    """One kind of training. The loop does the rest: optimiser, schedule, checkpoints, processes, signals."""

    config: RunConfig
    free: tuple[str, ...] = ("out", "checkpoint_every", "diagnose_every", "warm_start", "threads")
    """settings that may differ when a run goes on"""

    def build(self) -> nn.Module:
        """The model before training, from torch's global generator."""
        raise NotImplementedError

    def groups(self, model: Any) -> list[Group]:
        """All parameters, by learning rate."""
        return [Group(list(model.parameters()), 1.0)]

    def settings(self) -> dict[str, Any]:
        """The config as a run signs it and a model says where it comes from."""
        return to_dict(self.config)

    def critic(self) -> Critic | None:
        """What learns against the model, with an optimiser of its own; None for none.

        It meets the model in `losses_against`, lies in the checkpoints, and is no part of the saved model.
        """
        return None

    def batch(self, step: int) -> Any:
        """The batch of a step; a tensor, or anything with `to(device)`. It depends on the step alone."""
        raise NotImplementedError

    def parts(self, batch: Any) -> list[tuple[Any, float]]:
        """Parts of a batch that are computed one after the other, and their shares of its loss."""
        return [(batch, 1.0)]

    def losses(self, model: Any, batch: Any, step: int, rng: Generator) -> Any:
        """A NamedTuple of tensors, means over the batch, with the field `loss`. All randomness is `rng`'s."""
        raise NotImplementedError

    def losses_against(self, model: Any, critic: Any, batch: Any, step: int, rng: Generator) -> Any:
        """As `losses`, where there is a critic; `loss` is that of both, and each has gradients of its own.

        critic: Fabric's wrapper, for what the critic learns from; what it is asked else goes to its `module`.
        """
        raise NotImplementedError

    def values(self, losses: Any, step: int) -> dict[str, float]:
        """Numbers of one step for the log."""
        raise NotImplementedError

    def progress(self, values: dict[str, float]) -> str:
        """The same as a few words."""
        return ", ".join(f"{name} {value:.3g}" for name, value in values.items())

    def diagnose(self, model: Any) -> Report | None:
        """A look at the validation split, with the weights that would be saved."""
        raise NotImplementedError

    def sections(self, step: int) -> dict[str, Any]:
        """What config.yaml says beside the model's shape."""
        raise NotImplementedError

    def save_files(self, folder: Path) -> None:
        """Write what a model needs beside its weights."""
