"""The table of ACAI twins against their VAE twins, as a page of the docs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.evaluation.curve import STYLES
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]
FIRST = "vae"
PATHS = (
    "slerp: deviation of progress",
    "lerp: deviation of progress",
    "slerp: midpoint nats over the ends'",
    "lerp: midpoint nats over the ends'",
    "slerp: monotone progress",
)
"""figures of `seqgen.evaluation.interpolation` that the table shows; less is better, but of the last"""
COMPARED = PATHS[:4]
READING = (
    "Twins of a seed have the same first weights, batches, draws, steps, optimiser and objective; an ACAI "
    "twin pays for its critic besides, and its step takes longer. Onset accuracy is that of the free run "
    "from the posterior mean, KL is in nats a window, both on the test split. Progress is the distance "
    "from A over the distances from A and from B, and its deviation is that from the diagonal, between "
    "the ends. Nats are those of an n-gram model of the train split. Windows are decoded greedily, and "
    "ends are reconstructions. The models are small and trained briefly: the difference is what is shown "
    "here, not how good they are."
)


def write_report(names: Sequence[str], seeds: Sequence[int], runs: Path, docs: Path) -> None:
    """Write `docs/acai.md`, `.png` and `.json` from the figures that are there."""
    rows = read_rows(names, seeds, runs)
    if not rows:
        raise ValueError(f"{runs}: nothing has been measured yet")
    docs.mkdir(parents=True, exist_ok=True)
    parts = [
        "# ACAI against its VAE twin: two bars of melody",
        "Made by `python -m experiments.acai SHARDS --runs DIR --docs DIR`.",
        "![Deviation of progress and nats at the midpoint](acai.png)",
        table(rows),
        counts(rows),
        READING,
        "Signatures:\n\n" + "\n".join(f"* `{row['signature']}`" for row in rows),
    ]
    write_bytes(docs / "acai.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "acai.json", (json.dumps(rows, indent=1) + "\n").encode())
    write_bytes(docs / "acai.png", picture(rows))


def read_rows(names: Sequence[str], seeds: Sequence[int], runs: Path) -> list[Row]:
    """The figures of each twin that was measured, by seed."""
    found = []
    for seed in seeds:
        for name in names:
            path = runs / f"{name}-seed{seed}" / "figures.json"
            if path.is_file():
                found.append({"name": name, "seed": seed, **json.loads(path.read_text(encoding="utf-8"))})
    return found


def table(rows: Sequence[Row]) -> str:
    nats = "nats a step at the ends, slerp and lerp midpoint"
    head = ["seed", "twin", "steps", "onset accuracy", "KL", *PATHS, nats, "training, core seconds"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        lines.append(
            [
                str(row["seed"]),
                row["name"],
                f"{row['steps']:,}",
                f"{row['onset accuracy']:.3f}",
                f"{row['KL']:.1f}",
                *(
                    "too few pairs" if name not in row["paths"] else f"{value(row, name):.3f}"
                    for name in PATHS
                ),
                nats_of(row),
                f"{row['core seconds']:,.0f}",
            ]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def nats_of(row: Row) -> str:
    """Beside the ratios: worse reconstructions are less likely ends, which makes for a smaller ratio."""
    curves = row.get("nats") or {}
    if not curves:
        return "too few pairs"
    ends, middle = (curves["slerp"][0] + curves["slerp"][-1]) / 2, len(curves["slerp"]) // 2
    return ", ".join(
        f"{number:.3f}" for number in (ends, *(curves[way][middle] for way in ("slerp", "lerp")))
    )


def counts(rows: Sequence[Row]) -> str:
    """In how many seeds an ACAI twin is better than its VAE twin, and by how much at the mean."""
    first = {row["seed"]: row for row in rows if row["name"] == FIRST}
    lines = ["| ACAI less VAE: mean difference, better in so many seeds | " + " | ".join(COMPARED) + " |"]
    lines.append("|" + "---|" * (len(COMPARED) + 1))
    for name in dict.fromkeys(row["name"] for row in rows if row["name"] != FIRST):
        pairs = [(row, first[row["seed"]]) for row in rows if row["name"] == name and row["seed"] in first]
        cells = []
        for figure in COMPARED:
            both = [pair for pair in pairs if all(figure in row["paths"] for row in pair)]
            apart = np.array([value(row, figure) - value(twin, figure) for row, twin in both])
            cells.append(f"{apart.mean():+.4f}, {(apart < 0).sum()} of {len(apart)}" if both else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def value(row: Row, figure: str) -> float:
    return float(row["paths"][figure]["value"])


def picture(rows: Sequence[Row]) -> bytes:
    """A panel for each compared figure, a group of bars for each seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.2), layout="constrained")
    names = list(dict.fromkeys(row["name"] for row in rows))
    seeds = sorted({row["seed"] for row in rows})
    for axis, shown in zip(figure.subplots(1, len(COMPARED)), COMPARED, strict=True):
        for number, (name, (colour, _)) in enumerate(zip(names, STYLES, strict=False)):
            found = {row["seed"]: row for row in rows if row["name"] == name and shown in row["paths"]}
            places = [seeds.index(seed) + 0.27 * number for seed in found]
            axis.bar(places, [value(row, shown) for row in found.values()], 0.25, label=name, color=colour)
        axis.set_xticks(np.arange(len(seeds)) + 0.27, [f"seed {seed}" for seed in seeds], fontsize=8)
        axis.set_title(shown, fontsize=8, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False, fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()
