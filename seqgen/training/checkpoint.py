"""The state of a run as one safetensors file: weights, optimiser, average, step. Complete or not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


class Learner(NamedTuple):
    """Weights, and the optimiser that moves them."""

    module: nn.Module
    optimizer: torch.optim.Adam


class Run(NamedTuple):
    """What changes while a model trains."""

    model: nn.Module
    optimizer: torch.optim.Adam
    average: dict[str, Tensor] | None
    """moving average of the weights, by name"""
    critic: Learner | None = None
    """what learns against the model"""

    @property
    def learners(self) -> dict[str, Learner]:
        """Each with what its tensors' names begin with."""
        own = {"": Learner(self.model, self.optimizer)}
        return own if self.critic is None else {**own, "critic.": self.critic}


def save_run(path: Path, run: Run, step: int, signature: dict[str, Any]) -> None:
    """Write the state after `step` steps. `signature` is what must be equal for a run to go on from it."""
    tensors: dict[str, Tensor] = {}
    for prefix, (module, optimizer) in run.learners.items():
        tensors |= {f"{prefix}model.{name}": value for name, value in module.state_dict().items()}
        for name, parameter in module.named_parameters():
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"{prefix}adam.{key}.{name}"] = torch.as_tensor(value)
    for name, value in (run.average or {}).items():
        tensors[f"average.{name}"] = value
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        save_file(
            copies,
            temporary,
            metadata={"step": str(step), "signature": json.dumps(signature, sort_keys=True)},
        )
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_run(path: Path, run: Run, signature: dict[str, Any]) -> int:
    """Put the state of `path` into `run`; the number of steps that were done.

    Raises ValueError for a file that is cut short, or of a run with other settings.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not a complete checkpoint ({error}): delete it to start again") from None
    written = json.loads(metadata.get("signature", "{}"))
    for key in signature:
        if written.get(key) != signature[key]:
            raise ValueError(
                f"{path}: the run began with {key} = {written.get(key)}, now it is {signature[key]}: "
                "put the setting back to go on, or take another out folder"
            )
    contested = any(name.startswith("critic.") for name in tensors)
    if contested != (run.critic is not None):
        began, now = ("with a critic", "without") if contested else ("without a critic", "with one")
        raise ValueError(
            f"{path}: the run began {began}, now it is {now}: put the setting acai back to go on, or take "
            "another out folder"
        )
    for prefix, learner in run.learners.items():
        _restore(learner, tensors, prefix)
    for name, value in (run.average or {}).items():
        value.copy_(tensors[f"average.{name}"])
    return int(metadata["step"])


def _restore(learner: Learner, tensors: dict[str, Tensor], prefix: str) -> None:
    learner.module.load_state_dict(_part(tensors, f"{prefix}model."))
    for name, parameter in learner.module.named_parameters():
        moments = {key: f"{prefix}adam.{key}.{name}" for key in ("step", "exp_avg", "exp_avg_sq")}
        if moments["step"] in tensors:  # Adam keeps its count of steps on the CPU
            device = {"step": torch.device("cpu")}
            learner.optimizer.state[parameter] = {
                key: tensors[place].to(device.get(key, parameter.device)) for key, place in moments.items()
            }


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
