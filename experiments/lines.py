"""The lines of Berthelot et al. 2019: an autoencoder, a VAE and ACAI, and how well each turns a line.

    python -m experiments.lines --runs runs/ --docs docs/experiments

A few minutes of one core. It checks that ours is the paper's ACAI: interpolations of an autoencoder lie
farthest from lines, those of a VAE nearer, those of ACAI nearest. What is in `--runs` already is not made
again, so a run that was stopped goes on. `experiments.line_images` has the images and the metrics,
`experiments.line_models` the networks and their training, `experiments.line_report` the page.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from experiments.line_images import draw_ends, measure
from experiments.line_models import NAMES, Name, interpolate, train
from experiments.line_report import IMAGES, PAIRS, signature, write_report
from seqgen.evaluation.bootstrap import bootstrap_mean
from seqgen.io.atomic import write_bytes

STEPS = 5000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder for what was measured")
    parser.add_argument("--docs", type=Path, help="folder for the table and the picture")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training, default {STEPS}")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.runs.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in chosen.seeds:
        for name in NAMES:
            path = chosen.runs / f"lines-{name}-seed{seed}.json"
            if not is_done(path, name, chosen.steps, seed):
                write_bytes(path, make(name, chosen.steps, seed))
            rows.append(json.loads(path.read_text(encoding="utf-8")))
    if chosen.docs:
        write_report(rows, chosen.docs, chosen.steps)


def is_done(path: Path, name: Name, steps: int, seed: int) -> bool:
    """Whether `path` has what the settings of now would make."""
    if not path.is_file():
        return False
    found = json.loads(path.read_text(encoding="utf-8"))
    return bool(found["signature"] == signature(name, steps, seed))


def make(name: Name, steps: int, seed: int) -> bytes:
    """Train a model and measure it: one row of the table, as JSON."""
    begin = time.process_time()
    model = train(name, steps, seed)
    spent = time.process_time() - begin
    images = interpolate(model, *draw_ends(PAIRS, seed=0), IMAGES)
    found = np.array(measure(images))
    turned = found[np.isfinite(found[:, 1]), 1]
    row = {
        "name": name,
        "seed": seed,
        "distance": list(bootstrap_mean(found[:, 0], 1)),
        "smoothness": list(bootstrap_mean(turned, 1)) if len(turned) > 1 else None,
        "turned": len(turned),
        "error": model.error,
        "core seconds": spent,
        "signature": signature(name, steps, seed),
        "images": np.round(images[0], 2).tolist(),
    }
    print(f"{name}, seed {seed}: distance {found[:, 0].mean():.5f}, error {model.error:.5f}", flush=True)
    return (json.dumps(row) + "\n").encode()


if __name__ == "__main__":
    main()
