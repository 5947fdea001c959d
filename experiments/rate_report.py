"""The curve of rate against accuracy, as a page of the docs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.rate_points import Curve
from seqgen.evaluation.curve import STYLES
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]
HEAD = (
    "windows", "model", "trained with", "KL, nats a window (95%)", "nats a bar",
    "free run, onset accuracy (95%)", "from a sampled z", "training, core seconds",
)  # fmt: skip


def write_report(curve: Curve, rows: Sequence[Row], docs: Path) -> None:
    """Write `docs/rate.md`, `.png` and `.json` from rows of the command."""
    docs.mkdir(parents=True, exist_ok=True)
    spent = sum(row.get("core seconds", 0.0) for row in rows)
    parts = [
        "# Onset accuracy against KL",
        "Made by `python -m experiments.rate --data DIR --runs DIR --docs DIR --models MODEL ..`.",
        "![Onset accuracy over KL](rate.png)",
        table(rows),
        reading(curve),
        f"Device: {rows[0]['device']}; {spent / 60:.0f} core minutes of training.",
        "Signatures:\n\n" + "\n".join(f"* `{row['signature']}`" for row in rows),
    ]
    write_bytes(docs / "rate.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "rate.png", picture(rows))
    write_bytes(docs / "rate.json", (json.dumps(list(rows), indent=1) + "\n").encode())


def reading(curve: Curve) -> str:
    s = curve.settings
    return (
        f"The points by beta and by free bits go on from `{curve.start}`, each for {s['steps']:,} steps of "
        f"{s['batch_size']} windows at one price all along, with one seed, learning rate (peak "
        f"{s['learning_rate']:g}, cosine) and order of batches: what differs is the price. They have had "
        "time to move along the curve, not to reach its end; a model trained at one price from the start "
        "may lie above it. The other models are as they were trained, each in its own way. KL and "
        "accuracy are of the same checkpoint and the same test windows, decoded from the posterior mean "
        "and, beside it, from a draw, which is what the KL pays for. A decoder that was given a share of its "
        "training windows without noise has practised on means; its encoder learned nothing from those. No "
        "flow: posterior and prior are "
        "diagonal Gaussians. Intervals hold 95% of 1,000 bootstrap draws of whole tunes. Always holding "
        "has no onset."
    )


def table(rows: Sequence[Row]) -> str:
    lines = [list(HEAD), ["---"] * len(HEAD)]
    for row in rows:
        kl, free, sampled = row["kl"], row["onset accuracy"], row["onset accuracy, sampled z"]
        lines.append(
            [
                row["family"],
                row["label"],
                row["trained"],
                f"{kl[0]:.1f} ({kl[1]:.1f} to {kl[2]:.1f})",
                f"{kl[0] / row['bars']:.1f}",
                f"{free[0]:.3f} ({free[1]:.3f} to {free[2]:.3f})",
                f"{sampled[0]:.3f}",
                f"{row['core seconds']:.0f}" if "core seconds" in row else "",
            ]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def picture(rows: Sequence[Row]) -> bytes:
    """A panel for each length, a line for each family of points; open markers are of a sampled z."""
    from matplotlib.figure import Figure

    lengths = sorted({row["bars"] for row in rows})
    figure = Figure(figsize=(5.6 * len(lengths), 4.2), layout="constrained")
    for axis, bars in zip(figure.subplots(1, len(lengths), squeeze=False)[0], lengths, strict=True):
        panel = [row for row in rows if row["bars"] == bars]
        for family, (colour, marker) in zip(
            dict.fromkeys(row["family"] for row in panel), STYLES, strict=False
        ):
            mine = sorted((row for row in panel if row["family"] == family), key=lambda row: row["kl"][0])
            line = "none" if "other" in family else "-"
            draw(axis, mine, "onset accuracy", family, colour, marker, line)
            draw(axis, mine, "onset accuracy, sampled z", None, colour, marker, line)
            for number, row in enumerate(mine):  # above and below in turn: neighbours are close
                at = (row["kl"][0], row["onset accuracy"][0])
                away = (3, -11 if number % 2 else 5)
                axis.annotate(row["label"], at, away, textcoords="offset points", fontsize=7)
        axis.set_xlabel("KL, nats a window", fontsize=9)
        title = f"{bars} bars: onset accuracy, free run (open: from a sampled z)"
        axis.set_title(title, fontsize=9, loc="left")
        axis.legend(frameon=False, fontsize=8, loc="lower right")
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.1, y=0.1)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()


def draw(
    axis: Any, rows: Sequence[Row], what: str, name: str | None, colour: str, marker: str, line: str
) -> None:
    x, y = [row["kl"][0] for row in rows], [row[what][0] for row in rows]
    sampled = what.endswith("sampled z")
    style = ":" if sampled and line != "none" else line
    axis.plot(
        x, y, color=colour, marker=marker, linestyle=style, markersize=5, linewidth=1.3, label=name,
        markerfacecolor="white" if sampled else colour, alpha=0.7 if sampled else 1,
    )  # fmt: skip
