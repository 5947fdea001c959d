"""A training run as one step of an experiment: made once, taken up again, with the time that it took."""

from __future__ import annotations

import json
import time
from pathlib import Path

from lightning_fabric import Fabric

from seqgen.evaluation.evaluate import weights_hash
from seqgen.training.loop import Trainer
from seqgen.training.settings import RunConfig

SECONDS = "seconds.json"
START = "start"
"""file with the hash of the weights that a run began with"""


def run(config: RunConfig) -> Path:
    """The folder of a finished run, which is trained as far as it is not.

    Its CPU time is added up in `seconds.json`; that of a run that was killed, and not asked to stop, is lost.

    Raises:
        ValueError: where the run began with other weights than those that `warm_start` has now.
    """
    folder = Path(config.out)
    if config.warm_start:
        check_start(folder, Path(config.warm_start))
    if (folder / "done").is_file():
        return folder
    fabric = Fabric(accelerator="auto", devices=1, precision=config.precision)
    fabric.launch()
    trainer = Trainer(config, fabric)
    begin = time.process_time()
    done = trainer.fit()
    spent = seconds(folder) + time.process_time() - begin
    (folder / SECONDS).write_text(json.dumps(spent), encoding="utf-8")
    if not done:
        raise SystemExit(f"{folder.name}: stopped; the same command goes on")
    (folder / "done").write_text("")
    return folder


def check_start(folder: Path, start: Path) -> None:
    """Remember what a run starts from, and refuse to take up one that started from something else."""
    path, now = folder / START, weights_hash(start)
    if path.is_file() and path.read_text(encoding="utf-8") != now:
        raise ValueError(
            f"{folder}: began with other weights than {start} has now ({now}): delete it to start again"
        )
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8")


def seconds(folder: Path) -> float:
    """CPU time that training has taken so far."""
    path = folder / SECONDS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else 0.0
