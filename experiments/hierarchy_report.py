"""The table and the picture of bars against no bars, as a page of the docs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.hierarchy_measure import WAYS
from experiments.hierarchy_systems import System, Twins
from seqgen.evaluation.bootstrap import bootstrap_ratio
from seqgen.evaluation.curve import STYLES
from seqgen.evaluation.figure import Interval
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]
LAGS = (1, 2, 4, 8, 12)
PER_FILE = ("right steps", "right onsets")
READING = (
    "All systems have one encoder, code, objective, data, batches, optimiser, schedule and seeds; the "
    "decoders of the flat ones are as wide as it takes to have as many parameters. All start from "
    "`{start}` as far as names and shapes agree: the embeddings and the LSTM of the encoder; of a decoder "
    "only the vectors of tokens (and of places in a bar, where there are such) and the bias of the "
    "output. The code is a row of one code a bar for all, as in the shipped model: a direct plan feeds "
    "each bar from its own part, the classical flat decoder reads the whole row at every step and has to "
    "find out by itself which part is due. These are short trainings: they say which decoder learns "
    "faster, and not where each would end. Accuracies are shares of the test windows' steps and onsets "
    "that have exactly the true token, decoded greedily from the posterior mean. Means are over seeds; "
    "intervals hold 95% of 1,000 bootstrap draws of whole tunes, since windows of a tune overlap: they "
    "say what other tunes would change, and the seeds beside them what another seed would. Likeness: the "
    "share of the onsets of two bars so far apart that they have in common, of test windows, greedy "
    "reconstructions, and as many samples from the prior at temperature 1."
)


def write_report(twins: Twins, runs: Path, docs: Path) -> None:
    """Write `docs/hierarchy.md`, `.png` and `.json` from the figures of the seeds that all systems have."""
    rows = read_rows(twins, runs)
    if not rows:
        raise ValueError(f"{runs}: no seed has been measured for all systems yet")
    docs.mkdir(parents=True, exist_ok=True)
    seconds = sum(row["core seconds"] for row in rows)
    parts = [
        "# Bars against no bars at sixteen bars",
        "Made by `python -m experiments.hierarchy --data DIR --runs DIR --docs DIR`.",
        "![Onset accuracy and lag profiles](hierarchy.png)",
        table(twins, rows),
        differences(twins, rows),
        described(twins, rows),
        lags(twins, rows),
        READING.format(start=rows[0]["start"]),
        f"Device: {rows[0]['device']}; {seconds / 60:.0f} core minutes of training.",
        "Signatures:\n\n" + "\n".join(f"* `{row['signature']}`" for row in rows),
    ]
    write_bytes(docs / "hierarchy.md", ("\n\n".join(parts) + "\n").encode())
    write_bytes(docs / "hierarchy.png", picture(twins, rows))
    write_bytes(docs / "hierarchy.json", (json.dumps([short(row) for row in rows], indent=1) + "\n").encode())


def read_rows(twins: Twins, runs: Path) -> list[Row]:
    """The figures of each seed that all systems have, seed after seed."""
    rows = []
    first = f"{twins.systems[0].name}-seed"
    for seed in sorted(int(path.name.removeprefix(first)) for path in runs.glob(f"{first}*")):
        paths = [runs / f"{system.name}-seed{seed}" / "figures.json" for system in twins.systems]
        if all(path.is_file() for path in paths):
            rows += [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return rows


def short(row: Row) -> Row:
    """Without the sums of each file."""
    ways = {way: {k: v for k, v in row[way].items() if k not in PER_FILE} for way in WAYS}
    return {k: v for k, v in row.items() if k not in ("steps", "onsets", "held steps")} | ways


def of(rows: Sequence[Row], system: System) -> list[Row]:
    return [row for row in rows if row["system"] == system.name]


def accuracy(rows: Sequence[Row], way: str, what: str) -> Interval:
    """Of one system, over its seeds and over draws of files. what: steps or onsets."""
    right = np.mean([row[way][f"right {what}"] for row in rows], axis=0)
    return bootstrap_ratio(right, np.array(rows[0][what]), seed=0)


def apart(first: Sequence[Row], second: Sequence[Row], way: str, what: str) -> Interval:
    """How much more the first has, on the same files and seeds."""
    more = [
        np.subtract(a[way][f"right {what}"], b[way][f"right {what}"])
        for a, b in zip(first, second, strict=True)
    ]
    return bootstrap_ratio(np.mean(more, axis=0), np.array(first[0][what]), seed=0)


def table(twins: Twins, rows: Sequence[Row]) -> str:
    head = [
        "decoder", "LSTM units", "parameters", "of the decoder", "free run, onsets (95%)", "by seed",
        "teacher-forced, onsets", "free run, steps", "teacher-forced, steps", "sampled z, onsets", "KL, nats",
        "nats a step", "with another z", "training, core seconds",
    ]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for system in twins.systems:
        mine = of(rows, system)
        free = [f"{row['free run']['onset accuracy']:.3f}" for row in mine]
        lines.append(
            [
                system.title,
                f"{mine[0]['width']}",
                f"{mine[0]['parameters']:,}",
                f"{mine[0]['decoder parameters']:,}",
                interval(accuracy(mine, "free run", "onsets")),
                ", ".join(free),
                interval(accuracy(mine, "teacher forced", "onsets")),
                interval(accuracy(mine, "free run", "steps")),
                interval(accuracy(mine, "teacher forced", "steps")),
                f"{mean(mine, 'onset accuracy, sampled z'):.3f}",
                f"{mean(mine, 'kl'):.0f}",
                f"{mean(mine, 'cross-entropy'):.3f}",
                f"{mean(mine, 'cross-entropy, random z'):.3f}",
                f"{mean(mine, 'core seconds'):.0f}",
            ]
        )
    hold = f"{np.sum(rows[0]['held steps']) / np.sum(rows[0]['steps']):.3f}"
    lines.append(["always hold", "", "", "", "0", "", "0", hold, hold, *[""] * 5])
    return grid(lines)


def differences(twins: Twins, rows: Sequence[Row]) -> str:
    """In points: hundredths of a share."""
    lines = [["points of accuracy (95%)", "free run, onsets", "by seed", "free run, steps"], ["---"] * 4]
    first = twins.systems[0]
    for system in twins.systems[1:]:
        mine, others = of(rows, first), of(rows, system)
        seeds = [apart([a], [b], "free run", "onsets") for a, b in zip(mine, others, strict=True)]
        lines.append(
            [
                f"{first.name} less {system.name}",
                points(apart(mine, others, "free run", "onsets")),
                ", ".join(f"{100 * seed.value:+.1f}" for seed in seeds),
                points(apart(mine, others, "free run", "steps")),
            ]
        )
    return grid(lines)


def described(twins: Twins, rows: Sequence[Row]) -> str:
    names = ", ".join(f"{system.name} ({system.title})" for system in twins.systems)
    steps, batch = twins.settings["steps"], twins.settings["batch_size"]
    read = f"{twins.tokens:,} ({steps:,} steps of {batch} windows)"
    seeds = ", ".join(str(row["seed"]) for row in of(rows, twins.systems[0]))
    return f"Systems: {names}. Tokens read in training by each: {read}. Seeds: {seeds}."


def lags(twins: Twins, rows: Sequence[Row]) -> str:
    bars = len(rows[0]["lags"]["real"]) + 1
    shown = [lag for lag in LAGS if lag < bars]
    lines = [["likeness of bars so far apart", *map(str, shown)], ["---"] * (1 + len(shown))]
    for name, profile in profiles(twins, rows).items():
        lines.append([name, *(f"{profile[lag - 1]:.3f}" for lag in shown)])
    return grid(lines)


def profiles(twins: Twins, rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Lag 1, 2, ..: of real windows, of these with shuffled bars, and of what each system made."""
    result = {
        "test windows": np.mean([row["lags"]["real"] for row in rows], axis=0),
        "test windows, bars shuffled": np.mean([row["lags"]["bars shuffled"] for row in rows], axis=0),
    }
    for what, key in (("reconstructions", "free run"), ("samples", "prior")):
        for system in twins.systems:
            mine = [row["lags"][key] for row in of(rows, system)]
            result[f"{what}, {system.name}"] = np.mean(mine, axis=0)
    return result


def mean(rows: Sequence[Row], key: str) -> float:
    return float(np.mean([row[key] for row in rows]))


def interval(value: Interval) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def points(value: Interval) -> str:
    return f"{100 * value.value:+.1f} ({100 * value.low:+.1f} to {100 * value.high:+.1f})"


def grid(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def picture(twins: Twins, rows: Sequence[Row]) -> bytes:
    """Onset accuracies with a dot a seed, and the lag profiles of reconstructions and of samples."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(3, 4, 4))
    for number, (system, (colour, _)) in enumerate(zip(twins.systems, STYLES, strict=False)):
        mine = of(rows, system)
        for place, way in enumerate(WAYS):
            at = place + 0.27 * number
            value = accuracy(mine, way, "onsets")
            spread = [[value.value - value.low], [value.high - value.value]]
            label = system.name if not place else None
            left.bar(at, value.value, 0.25, color=colour, label=label, yerr=spread, ecolor="#5b6470")
            seeds = [row[way]["onset accuracy"] for row in mine]
            left.plot([at] * len(seeds), seeds, ".", color="#22262b", markersize=4)
    left.set_xticks([0.27, 1.27], ["free run", "teacher-forced"], fontsize=8)
    left.set_title("onset accuracy", fontsize=9, loc="left")
    left.legend(frameon=False, fontsize=8)
    lines = profiles(twins, rows)
    for axis, what in ((middle, "reconstructions"), (right, "samples")):
        for name, style in (("test windows", "-"), ("test windows, bars shuffled", ":")):
            draw(axis, lines[name], name, "#5b6470", style)
        for system, (colour, _) in zip(twins.systems, STYLES, strict=False):
            draw(axis, lines[f"{what}, {system.name}"], system.name, colour, "-")
        axis.set_title(f"likeness of bars, {what}", fontsize=9, loc="left")
        axis.set_xlabel("bars apart", fontsize=8)
    right.legend(frameon=False, fontsize=8)
    for axis in (left, middle, right):
        axis.spines[["top", "right"]].set_visible(False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()


def draw(axis: Any, profile: np.ndarray, name: str, colour: str, style: str) -> None:
    axis.plot(np.arange(1, len(profile) + 1), profile, style, color=colour, label=name, linewidth=1.4)
