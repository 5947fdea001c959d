"""The table, the picture and the comparisons of one corpus, as a page of the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from experiments.corpora import Corpus
from experiments.systems import System
from seqgen.evaluation.curve import Point, write_curve
from seqgen.evaluation.translation_scores import Comparison, Counts, compare, count
from seqgen.io.atomic import write_bytes

Row = dict[str, Any]


def write_report(
    name: str, corpus: Corpus, chosen: list[System], runs: Path, docs: Path, references: Path
) -> None:
    """Write `docs/NAME.md`, `.png` and `.json` from the points of every system that has been measured.

    references: the test set's target file, for the paired bootstrap.
    """
    docs.mkdir(parents=True, exist_ok=True)
    rows = read_rows(runs / name, chosen)
    if not rows:
        raise ValueError(f"{runs / name}: no system has been measured yet")
    meant = [" ".join(line.split()) for line in references.read_text(encoding="utf-8").split("\n")]
    counts = [counts_of(row, [line for line in meant if line]) for row in rows]
    offline = [row for row in rows if row["family"] == "offline"]
    points = [point(row) for row in rows if row["family"] != "offline" and row["seed"] == rows[0]["seed"]]
    if points:
        ceiling = max((row["BLEU"] for row in offline), default=None)
        write_curve(points, docs / f"{name}.png", ceiling, corpus.title)
    parts = [
        f"# {corpus.title}",
        f"Made by `python -m experiments.translation {name} --data DIR --runs DIR --docs DIR`. {corpus.note}",
        f"![BLEU against latency]({name}.png)" if points else "",
        table(rows, {system.name: later(system, chosen) for system in chosen}),
        long_table(rows),
        comparisons(rows, counts),
        f"Signatures: `{rows[0]['sacrebleu'][0]}`, `{rows[0]['sacrebleu'][1]}`, `{rows[0]['signature']}`.",
        READING,
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_bytes(docs / f"{name}.md", text.encode())
    kept = [{k: v for k, v in row.items() if k not in ("hypotheses", "delays")} for row in rows]
    write_bytes(docs / f"{name}.json", (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())


READING = (
    "Steps are those after the offline model that all start from; a batch has 1,600 padded subwords. "
    "Delays are those of streaming (hard) decoding, in words. CE is the cross-entropy of the references in "
    "nats a subword, as an expectation over stops (soft) and with the stops of streaming (hard): where the "
    "two are equal, the attention has become discrete. `p≥` marks another threshold than one half. An "
    "interval is the 95% of 1,000 bootstrap draws of sentences."
)


def read_rows(folder: Path, chosen: list[System]) -> list[Row]:
    """Points in the order of the systems, and of their seeds."""
    paths = [path for system in chosen for path in sorted(folder.glob(f"{system.name}-seed*/points.json"))]
    return [row for path in paths for row in json.loads(path.read_text(encoding="utf-8"))]


def counts_of(row: Row, meant: list[str]) -> Counts:
    return count("BLEU", row["hypotheses"], meant)


def point(row: Row) -> Point:
    latency = {key: row[key] for key in ("AL", "LAAL", "DAL")}
    return Point(row["family"], row["label"], row["BLEU"], latency, tuple(row["interval"]))


def later(system: System, chosen: list[System]) -> int:
    """Steps that a system had after the offline one it comes from."""
    every = {one.name: one for one in chosen}
    return system.steps + later(every[system.start], chosen) if system.start else 0


def table(rows: list[Row], steps: dict[str, int]) -> str:
    head = "| system | steps | BLEU (95%) | chrF | AL | LAAL | DAL | AP | CE soft | CE hard | gap | seed |"
    lines = [head, "|" + "---|" * 12]
    for row in rows:
        low, high = row["interval"]
        soft, hard = row["cross_entropy"], row.get("hard_cross_entropy")
        latency = [f"{row[key]:.2f}" for key in ("AL", "LAAL", "DAL", "AP")]
        entropy = [f"{soft:.3f}", *((f"{hard:.3f}", f"{hard - soft:.3f}") if hard is not None else ("", ""))]
        cells = [
            full(row),
            f"{steps[row['name']]:,}",
            f"{row['BLEU']:.2f} ({low:.1f} to {high:.1f})",
            f"{row['chrF']:.1f}",
            *latency,
            *entropy,
            str(row["seed"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def long_table(rows: list[Row]) -> str:
    """Sentences of ten words and more, where policies differ; empty if they are nearly all, or too few."""
    rows = [row for row in rows if row["long"]]
    if not rows or rows[0]["long"]["sentences"] > 0.6 * len(rows[0]["hypotheses"]):
        return ""
    sentences = rows[0]["long"]["sentences"]
    lines = [f"On the {sentences} sentences of ten words and more:", ""]
    lines += ["| system | BLEU | AL | LAAL | DAL |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [f"{row['long'][key]:.2f}" for key in ("BLEU", "AL", "LAAL", "DAL")]
        lines.append("| " + " | ".join([full(row), *cells]) + " |")
    return "\n".join(lines)


def comparisons(rows: list[Row], counts: list[Counts]) -> str:
    """Each learned policy against the wait-k of nearest LAAL and of nearest DAL, and against offline."""
    fixed = [i for i, row in enumerate(rows) if row["family"] == "wait-k"]
    learned = [i for i, row in enumerate(rows) if row["family"] not in ("wait-k", "offline")]
    offline = [i for i, row in enumerate(rows) if row["family"] == "offline"]
    if not learned:
        return ""
    lines = [
        "Paired bootstrap, BLEU of the first less that of the second (95%, p two-sided):",
        "",
        "| system | against | LAAL | DAL | difference | p |",
        "|---|---|---|---|---|---|",
    ]
    for i in learned:
        near = {
            min(fixed, key=lambda j, key=key: abs(rows[j][key] - rows[i][key]))  # type: ignore[misc]
            for key in ("LAAL", "DAL")
            if fixed
        }
        for j in [*sorted(near), *offline]:
            lines.append(comparison(rows[i], rows[j], compare(counts[i], counts[j])))
    return "\n".join(lines)


def comparison(one: Row, other: Row, found: Comparison) -> str:
    low, high = found.interval
    cells = [
        full(one),
        full(other),
        f"{one['LAAL']:.2f} / {other['LAAL']:.2f}",
        f"{one['DAL']:.2f} / {other['DAL']:.2f}",
        f"{found.delta:+.2f} ({low:+.1f} to {high:+.1f})",
        f"{found.p:.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


def full(row: Row) -> str:
    family, label = row["family"], row["label"]
    if label == "hard":
        return str(family)
    return str(label) if family == "offline" else f"{family} {label}"
