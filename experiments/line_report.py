"""The table of the lines, as a page of the docs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from experiments.line_images import ANGLES, SIZE
from experiments.line_models import BATCH, LATENT, NAMES, RATE, WEIGHT, WIDTH, Name
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]
PAIRS = 256
IMAGES = 16
"""images of an interpolation, its ends included"""
PAPER = {"ae": (0.00688, 0.44), "vae": (0.00121, 0.49), "acai": (0.00024, 0.10)}
"""mean distance and smoothness in table 1 of the paper"""
READING = (
    f"Mean distance is the cosine distance of each image of an interpolation to the nearest of {ANGLES:,} "
    "lines, smoothness the largest turn between two neighbours over the whole turn, less that of even steps; "
    "0 is best for both. With the 95% of 1,000 bootstrap draws of the pairs, which are the same for all "
    f"models. The paper has images of 32 x 32 pixels and ours have {SIZE} x {SIZE}, it has convolutions and "
    f"we have layers of {WIDTH} units, its codes have 64 numbers and ours {LATENT}, it has some fifty times "
    "as many steps, and its autoencoder and ACAI pay the squared error where ours pay in nats: "
    "the order is to be compared and not the figures."
)


def signature(name: Name, steps: int, seed: int) -> str:
    """Of what was trained and measured how."""
    return (
        f"lines-{name}|size:{SIZE}|steps:{steps}|batch:{BATCH}|rate:{RATE}|latent:{LATENT}|width:{WIDTH}|"
        f"lambda:{WEIGHT}|pairs:{PAIRS}|images:{IMAGES}|angles:{ANGLES}|seed:{seed}"
    )


def write_report(rows: Sequence[Row], docs: Path, steps: int) -> None:
    """Write `docs/lines.md`, `.json` and `.png`."""
    docs.mkdir(parents=True, exist_ok=True)
    parts = [
        "# Lines: interpolations whose truth is known",
        "Made by `python -m experiments.lines --runs DIR --docs docs/experiments` (Berthelot et al. 2019, "
        "section 3.1).",
        "![One interpolation by each model](lines.png)",
        table(rows),
        *(order(rows, seed) for seed in sorted({row["seed"] for row in rows})),
        READING,
        "Signatures:\n\n" + "\n".join(f"* `{row['signature']}`" for row in rows),
    ]
    kept = [{name: value for name, value in row.items() if name != "images"} for row in rows]
    write_bytes(docs / "lines.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "lines.json", (json.dumps(kept, indent=1) + "\n").encode())
    write_bytes(docs / "lines.png", picture([row for row in rows if row["seed"] == rows[0]["seed"]]))


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| seed | | mean distance | smoothness | the paper's | squared error a pixel | core seconds |",
        "|" + "---|" * 7,
    ]
    for row in rows:
        distance, smoothness = PAPER[row["name"]]
        cells = [
            str(row["seed"]),
            NAMES[row["name"]],
            interval(row["distance"], 5),
            "no turn" if row["smoothness"] is None else interval(row["smoothness"], 3),
            f"{distance:.5f}, {smoothness:.2f}",
            f"{row['error']:.5f}",
            f"{row['core seconds']:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval(found: Sequence[float], digits: int) -> str:
    value, low, high = (f"{number:.{digits}f}" for number in found)
    return f"{value} ({low} to {high})"


def order(rows: Sequence[Row], seed: int) -> str:
    """From the farthest to the nearest, and whether their intervals are apart."""
    found = sorted((row for row in rows if row["seed"] == seed), key=lambda row: -float(row["distance"][0]))
    apart = all(far["distance"][1] > near["distance"][2] for far, near in pairwise(found))
    names = " > ".join(NAMES[row["name"]] for row in found)
    return f"Order of the mean distance, seed {seed}: {names}; intervals {'do not ' if apart else ''}touch."


def picture(rows: Sequence[Row]) -> bytes:
    """A row of images for each model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.1), layout="constrained")
    for axis, row in zip(figure.subplots(len(rows), 1), rows, strict=True):
        images = np.array(row["images"]).reshape(-1, SIZE, SIZE)
        axis.imshow(np.hstack(list(images)), cmap="gray_r", vmin=-1, vmax=1)
        axis.set_ylabel(NAMES[row["name"]], rotation=0, ha="right", va="center", fontsize=8)
        axis.set_xticks([])
        axis.set_yticks([])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()
