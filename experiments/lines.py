"""The lines of Berthelot et al. 2019: an autoencoder, a VAE and ACAI, and how well each turns a line.

    python -m experiments.lines --docs docs/experiments

A few minutes of one core. It checks that ours is the paper's ACAI: interpolations of an autoencoder lie
farthest from lines, those of a VAE nearer, those of ACAI nearest. `experiments.line_images` has the images
and the metrics, `experiments.line_models` the networks and their training.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.line_images import SIZE, draw_ends, measure
from experiments.line_models import LATENT, NAMES, WEIGHT, Name, interpolate, train
from seqgen.evaluation.bootstrap import bootstrap_mean
from seqgen.io.atomic import write_bytes

STEPS = 4000
PAIRS = 256
IMAGES = 16
"""images of an interpolation, its ends included"""
PAPER = {"ae": (0.00688, 0.44), "vae": (0.00121, 0.49), "acai": (0.00024, 0.10)}
"""mean distance and smoothness in table 1 of the paper"""
READING = (
    "Mean distance is the cosine distance of each image of an interpolation to the nearest of 4,096 lines, "
    "smoothness the largest turn between two neighbours over the whole turn, less that of even steps; 0 is "
    "best for both. With the 95% of 1,000 bootstrap draws of the pairs. The paper's networks are deeper and "
    "were trained for much longer, so the order is to be compared and not the figures."
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=Path, required=True, help="folder for the table and the picture")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training, default {STEPS}")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    ends = draw_ends(PAIRS, seed=0)
    rows, pictures = [], {}
    for name in NAMES:
        begin = time.process_time()
        model = train(name, chosen.steps, chosen.seed)
        spent = time.process_time() - begin
        images = interpolate(model, *ends, IMAGES)
        found = np.array(measure(images))
        rows.append({"name": name, "error": model.error, "core seconds": spent, **figures(found)})
        pictures[name] = images[0]
        print(f"{name}: distance {rows[-1]['distance'][0]:.5f}, error {model.error:.5f}", flush=True)
    write_report(rows, pictures, chosen.docs, chosen.steps, chosen.seed)


def figures(found: np.ndarray) -> dict[str, Any]:
    """Means over interpolations [N, 2] with their intervals; where both ends look alike there is no turn."""
    turned = found[np.isfinite(found[:, 1]), 1]
    smoothness = list(bootstrap_mean(turned, 1)) if len(turned) > 1 else None
    return {"distance": list(bootstrap_mean(found[:, 0], 1)), "smoothness": smoothness, "turned": len(turned)}


def write_report(
    rows: list[dict[str, Any]], pictures: dict[Name, np.ndarray], docs: Path, steps: int, seed: int
) -> None:
    """Write `docs/lines.md`, `.json` and `.png`."""
    docs.mkdir(parents=True, exist_ok=True)
    head = "| | mean distance | smoothness | the paper's | squared error a pixel | training, core seconds |"
    lines = [head, "|" + "---|" * 6]
    for row in rows:
        distance, smoothness = PAPER[row["name"]]
        cells = [
            NAMES[row["name"]],
            interval(row["distance"], 5),
            "no turn" if row["smoothness"] is None else interval(row["smoothness"], 3),
            f"{distance:.5f}, {smoothness:.2f}",
            f"{row['error']:.5f}",
            f"{row['core seconds']:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    order = " > ".join(NAMES[row["name"]] for row in sorted(rows, key=lambda row: -row["distance"][0]))
    signature = (
        f"lines|steps:{steps}|latent:{LATENT}|lambda:{WEIGHT}|pairs:{PAIRS}|images:{IMAGES}|seed:{seed}"
    )
    parts = [
        "# Lines: interpolations whose truth is known",
        "Made by `python -m experiments.lines --docs docs/experiments` (Berthelot et al. 2019, section 3.1).",
        "![One interpolation by each model](lines.png)",
        "\n".join(lines),
        f"Order of the mean distance: {order}.",
        READING,
        f"`{signature}`",
    ]
    write_bytes(docs / "lines.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "lines.json", (json.dumps(rows, indent=1) + "\n").encode())
    write_bytes(docs / "lines.png", picture(pictures))


def interval(found: list[float], digits: int) -> str:
    value, low, high = (f"{number:.{digits}f}" for number in found)
    return f"{value} ({low} to {high})"


def picture(pictures: dict[Name, np.ndarray]) -> bytes:
    """A row of images for each model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.1), layout="constrained")
    for axis, (name, images) in zip(figure.subplots(len(pictures), 1), pictures.items(), strict=True):
        axis.imshow(np.hstack(list(images.reshape(-1, SIZE, SIZE))), cmap="gray_r", vmin=0, vmax=1)
        axis.set_ylabel(NAMES[name], rotation=0, ha="right", va="center", fontsize=8)
        axis.set_xticks([])
        axis.set_yticks([])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()


if __name__ == "__main__":
    main()
