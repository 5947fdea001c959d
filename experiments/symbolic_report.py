"""The table and the picture of WaveNet against LSTM, as a page of the docs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.symbolic_systems import NAMES, Place
from seqgen.evaluation.curve import STYLES
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]
DRAWS = 2000
READING = (
    "Both voices of a place have the same data, steps, batches, optimiser, schedule and seed. Nats are of "
    "the test split, teacher-forced, for a MusicVAE from the posterior mean; 'at onsets' is of the steps on "
    "which a note begins. Onset accuracy is that of the free run from the posterior mean. The difference is "
    "WaveNet less LSTM, with the 95% of 2,000 bootstrap draws of whole tunes, since windows of a tune "
    "overlap: it says what other tunes would change, not what another seed would. Tokens a second are of the "
    "CPU time of one thread, drawn at temperature 1, the best of three, by what `Decoder.backend` names; "
    "where it is not the same for both, the speeds compare the implementations, not the voices. 16 bars of "
    "a hierarchical decoder run side by side, so one piece is a batch of 16 there. 600 steps are a short "
    "training: neither model of 16 bars has learned to reconstruct by then, so only their likelihoods say "
    "something. One seed, and settings found for the LSTM; not measured on a GPU."
)


def write_report(places: Sequence[Place], runs: Path, docs: Path, seed: int) -> None:
    """Write `docs/symbolic.md`, `.png` and `.json` from the figures that are there."""
    rows = read_rows(places, runs, seed)
    if not rows:
        raise ValueError(f"{runs}: nothing has been measured yet")
    docs.mkdir(parents=True, exist_ok=True)
    parts = [
        "# WaveNet against LSTM on melodies",
        "Made by `python -m experiments.symbolic --data DIR --runs DIR --docs DIR`.",
        "![Nats a step, onset accuracy and tokens a second](symbolic.png)",
        table(rows),
        differences(rows),
        READING,
        f"Device: {rows[0]['device']}.",
        "Signatures:\n\n" + "\n".join(f"* `{row['signature']}`" for row in rows),
    ]
    write_bytes(docs / "symbolic.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "symbolic.png", picture(rows))
    kept = [{k: v for k, v in row.items() if k not in ("nll of windows", "files")} for row in rows]
    write_bytes(docs / "symbolic.json", (json.dumps(kept, indent=1) + "\n").encode())


def read_rows(places: Sequence[Place], runs: Path, seed: int) -> list[Row]:
    """The figures of each place that has both voices."""
    rows = []
    for place in places:
        paths = [runs / f"{place.name}-{voice}-seed{seed}" / "figures.json" for voice in NAMES]
        if all(path.is_file() for path in paths):
            title = {"title": place.title, "steps": place.settings["steps"]}
            rows += [{**title, **json.loads(path.read_text(encoding="utf-8"))} for path in paths]
    return rows


def table(rows: Sequence[Row]) -> str:
    head = [
        "place", "voice", "parameters", "steps", "nats a step", "at onsets", "onset accuracy",
        "tokens a second, batch 1", "batch 16", "decoded by", "training, core seconds",
    ]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for row in rows:
        free = row.get("onset accuracy")
        speeds = [f"{row['tokens a second'][batch]:,.0f}" for batch in ("1", "16")]
        lines.append(
            [
                row["title"],
                row["name"],
                f"{row['parameters']:,}",
                f"{row['steps']:,}",
                f"{row['nll']:.4f}",
                f"{row['nll at onsets']:.3f}",
                "" if free is None else f"{free:.3f}",
                *speeds,
                row["decoded by"],
                f"{row['core seconds']:,.0f}",
            ]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def differences(rows: Sequence[Row]) -> str:
    lines = ["| place | WaveNet less LSTM, nats a step (95%) |", "|---|---|"]
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        mean, low, high = difference(first, second)
        lines.append(f"| {first['title']} | {mean:+.4f} ({low:+.4f} to {high:+.4f}) |")
    return "\n".join(lines)


def difference(first: Row, second: Row, seed: int = 0) -> tuple[float, float, float]:
    """How much more nats the second has, and the 95% interval over draws of files."""
    apart = np.array(second["nll of windows"]) - np.array(first["nll of windows"])
    _, file = np.unique(first["files"], return_inverse=True)
    sums, counts = np.bincount(file, apart), np.bincount(file)
    draw = np.random.default_rng(seed).integers(len(counts), size=(DRAWS, len(counts)))
    low, high = np.quantile(sums[draw].sum(1) / counts[draw].sum(1), (0.025, 0.975))
    return float(apart.mean()), float(low), float(high)


def picture(rows: Sequence[Row]) -> bytes:
    """Three panels of bars, a pair for each place."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=(3, 2, 5))
    places = list(dict.fromkeys(row["title"] for row in rows))
    cells: dict[str, list[tuple[str, list[float]]]] = {"nats a step": [], "onset accuracy, free run": []}
    speeds = []
    for place in places:
        pair = [row for row in rows if row["title"] == place]
        label = place.replace(", ", "\n").replace(" model", "\nmodel")
        cells["nats a step"].append((label, [row["nll"] for row in pair]))
        if "onset accuracy" in pair[0]:
            cells["onset accuracy, free run"].append((label, [row["onset accuracy"] for row in pair]))
        for batch in ("1", "16"):
            speeds.append((f"{label}\nbatch {batch}", [row["tokens a second"][batch] for row in pair]))
    cells["tokens a second, one core"] = speeds
    for axis, (title, bars) in zip(panels, cells.items(), strict=True):
        draw_bars(axis, title, bars)
    panels[2].set_yscale("log")
    panels[0].legend(frameon=False, fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()


def draw_bars(axis: Any, title: str, bars: Sequence[tuple[str, list[float]]]) -> None:
    for number, (name, (colour, _)) in enumerate(zip(NAMES.values(), STYLES, strict=False)):
        values = [pair[number] for _, pair in bars]
        drawn = axis.bar(np.arange(len(bars)) + 0.4 * number, values, 0.38, label=name, color=colour)
        written = [f"{v:,.0f}" if v > 100 else f"{v:.3f}" for v in values]
        axis.bar_label(drawn, written, fontsize=7, padding=1)
    axis.set_xticks(np.arange(len(bars)) + 0.2, [label for label, _ in bars], fontsize=7)
    axis.set_title(title, fontsize=9, loc="left")
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(y=0.15)
