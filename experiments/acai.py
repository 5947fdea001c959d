"""A MusicVAE with a critic of mixtures against its twin without: paths between test windows, three seeds.

    python -m experiments.acai shards/mel2 --runs runs/ --docs docs/experiments

The shards hold 2 bars of melody. Twins have one shape, one seed, the same batches, steps, optimiser and
objective; the ACAI twins have a critic on top. What is there already is not made again, and a run that was
stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from experiments.acai_report import write_report
from seqgen.config import from_dict
from seqgen.evaluation.figure import Curve, Section
from seqgen.evaluation.interpolation import draw_paths, measure_interpolation
from seqgen.evaluation.judge import judge
from seqgen.evaluation.latent import decode
from seqgen.evaluation.reconstruction import onset_accuracy
from seqgen.evaluation.windows import load_windows
from seqgen.models.checkpoint import load_model
from seqgen.representation.converter import RepresentationConfig
from seqgen.training.config import TrainConfig
from seqgen.training.loop import Trainer

TWINS: dict[str, dict[str, Any] | None] = {
    "vae": None,
    "acai": {"weight": 5.0, "ramp": 0.2},
    "acai-1": {"weight": 1.0, "ramp": 0.3},
    "acai-tokens": {"weight": 5.0, "ramp": 0.2, "reads": "tokens"},
}
MODEL: dict[str, Any] = {
    "bars": 2,
    "latent": 64,
    "embedding": 32,
    "encoder": {"width": 64},
    "decoder": {"width": 160, "plan_size": 48},
}
SETTINGS: dict[str, Any] = {
    "model": MODEL,
    "objective": {"beta": 0.29, "input_dropout": 0.1},
    "steps": 1500,
    "batch_size": 32,
    "average": 0.99,
    "threads": 1,
    "checkpoint_every": 100,
    "diagnose_every": 1500,
}
PAIRS = 512
ORDER = 9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shards", type=Path, help="folder of shards of 2 bars of melody")
    parser.add_argument("--runs", type=Path, required=True, help="folder for models and results")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--only", nargs="*", choices=TWINS, default=list(TWINS), help="all when left out")
    chosen = parser.parse_args()
    for seed in chosen.seeds:
        for name in chosen.only:
            folder = chosen.runs / f"{name}-seed{seed}"
            train(name, folder, chosen.shards, seed)
            measure(folder, chosen.shards)
    if chosen.docs:
        write_report(list(TWINS), chosen.seeds, chosen.runs, chosen.docs)


def train(name: str, folder: Path, shards: Path, seed: int) -> None:
    """Train a twin as far as it is not."""
    if (folder / "done").is_file():
        return
    settings = {**SETTINGS, "acai": TWINS[name], "data": str(shards), "out": str(folder), "seed": seed}
    fabric = Fabric(accelerator="auto", devices=1, precision="32-true")
    fabric.launch()
    trainer = Trainer(from_dict(TrainConfig, settings, folder.name), fabric)
    begin = time.process_time()
    done = trainer.fit()
    spent = folder / "seconds.json"
    before = json.loads(spent.read_text(encoding="utf-8")) if spent.is_file() else 0.0
    spent.write_text(json.dumps(before + time.process_time() - begin), encoding="utf-8")
    if not done:
        raise SystemExit(f"{folder.name}: stopped; the same command goes on")
    (folder / "done").write_text("")


@torch.no_grad()
def measure(folder: Path, shards: Path) -> None:
    """The figures of a model on the test split, measured once and kept in its folder."""
    path = folder / "figures.json"
    if path.is_file():
        return
    model, sections = load_model(folder)
    windows = load_windows(shards, from_dict(RepresentationConfig, sections["representation"], folder.name))
    token = torch.from_numpy(windows.tokens.astype(np.int64))
    posteriors = [model.encode(piece) for piece in token.split(128)]
    mean = torch.cat([posterior.mean for posterior in posteriors])
    ends = decode(model, mean).numpy()
    vocabulary = model.config.vocabulary_size
    lm = judge(windows.train, "melody", vocabulary, ORDER, "absolute discounting")
    signature = f"{folder.name}|windows:{len(token)}|lm:absolute discounting {ORDER}"
    section = measure_interpolation(draw_paths(model, mean, ends, PAIRS, 1), lm, signature, 1)
    found = {
        "onset accuracy": onset_accuracy(windows.tokens, ends, model.config.first_onset),
        "KL": float(torch.cat([posterior.kl() for posterior in posteriors]).sum(1).mean()),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "steps": sections["training"]["step"],
        "core seconds": json.loads((folder / "seconds.json").read_text(encoding="utf-8")),
        "signature": section.signature,
        "missing": section.missing,
        "nats": {curve.name: list(map(float, curve.y)) for curve in curves_of(section)},
        "paths": {figure.name: figure._asdict() for figure in section.figures},
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{folder.name}: onset accuracy {found['onset accuracy']:.3f}, KL {found['KL']:.1f}", flush=True)


def curves_of(section: Section) -> tuple[Curve, ...]:
    """Nats a step along the paths, by way; none where there were too few of them."""
    return next((plot.curves for plot in section.plots if plot.name == "interpolation-nll"), ())


if __name__ == "__main__":
    main()
