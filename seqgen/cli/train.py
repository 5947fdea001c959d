"""`seqgen train`: a run from a config, or the rest of one."""

from __future__ import annotations

import sys
import time

from seqgen.training.config import TrainConfig

INTERRUPTED = 130


def train(
    settings: TrainConfig,
    max_minutes: float | None = None,
    max_steps: int | None = None,
    accelerator: str = "auto",
    devices: int | str = 1,
) -> int:
    """Train a model on shards. The same command goes on with a run that was stopped. Works under torchrun.

    Exit code: 0 at the end of the run, or when --max-minutes are over; 130 when it was interrupted (a
    checkpoint is written first).

    Args:
        settings: the run.
        max_minutes: stop after this time, with a checkpoint.
        max_steps: stop after this many steps in all, with a checkpoint; the schedules stay those of the whole
            run.
        accelerator: cpu, cuda or auto.
        devices: how many, or auto.
    """
    try:
        from lightning_fabric import Fabric

        from seqgen.training.loop import Trainer
    except ImportError as error:
        raise ValueError(f"training needs more packages: pip install 'seqgen[train]' ({error})") from None
    for name, most in (("max_minutes", max_minutes), ("max_steps", max_steps)):
        if most is not None and not most > 0:
            raise ValueError(f"{name} must be above 0, got {most}")
    fabric = Fabric(accelerator=accelerator, devices=devices, precision=settings.precision)
    fabric.launch()
    trainer = Trainer(settings, fabric)
    begin = time.monotonic()
    done = trainer.fit(max_minutes, max_steps)
    late = max_minutes is not None and time.monotonic() - begin >= 60 * max_minutes
    late = late or trainer.step == max_steps
    if fabric.is_global_zero:
        print(f"The model is in {settings.out}, after {trainer.step} of {settings.steps} steps.")
        if not done:
            print("The run is not at its end: the same command goes on with it.", file=sys.stderr)
    return 0 if done or late else INTERRUPTED
