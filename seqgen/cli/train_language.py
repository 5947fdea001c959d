"""`seqgen train --task language_model`."""

from __future__ import annotations

from seqgen.cli.run import run
from seqgen.cli.train import Task
from seqgen.training.language import LanguageConfig


def train(
    settings: LanguageConfig,
    task: Task = "language_model",
    max_minutes: float | None = None,
    max_steps: int | None = None,
    accelerator: str = "auto",
    devices: int | str = 1,
) -> int:
    """Train a language model of music on shards. The same command goes on with a run that was stopped.

    Exit code: 0 at the end of the run, or when --max-minutes are over; 130 when it was interrupted (a
    checkpoint is written first).

    Args:
        settings: the run.
        task: what is trained; it may stand in the config file.
        max_minutes: stop after this time, with a checkpoint.
        max_steps: stop after this many steps in all, with a checkpoint; the schedules stay those of the whole
            run.
        accelerator: cpu, cuda or auto.
        devices: how many, or auto.
    """
    return run(settings, max_minutes, max_steps, accelerator, devices)
