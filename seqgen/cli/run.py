"""What `seqgen train` does with a config, whatever is trained."""

from __future__ import annotations

import sys
import time

from seqgen.training.settings import RunConfig

INTERRUPTED = 130


def run(
    settings: RunConfig,
    max_minutes: float | None,
    max_steps: int | None,
    accelerator: str,
    devices: int | str,
) -> int:
    """Train, or go on, and say where the model is; the exit code."""
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
