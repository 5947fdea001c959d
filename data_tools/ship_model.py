"""A finished run as a shipped model: half-precision weights, and a card with the figures of those weights.

python data_tools/ship_model.py RUN NAME SHARDS [--train SHARDS]   writes seqgen/shipped/NAME/
python data_tools/ship_model.py --figures NAME SHARDS              measures it again
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import Any

from seqgen.models.checkpoint import load_model, save_model

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"
CORPORA = {
    "melody": ("## Melodies",),
    "drums": ("## Drums",),
    "trio": ("## Trios", "## Melodies", "## Drums"),
}
WORDS = {"trio": "melody, bass and drums"}
LIMITS = {
    "melody": "It knows one voice, no triplets, no metres but 4/4 (with 2/2, and 2/4 in pairs), no dynamics.",
    "drums": "It knows nine drum classes, no triplets, no metre but 4/4, no dynamics and no microtiming.",
    "trio": (
        "It knows one melody, one bass and nine drum classes, no chords, no triplets, no metre but 4/4 and\n"
        "2/2, no dynamics and no microtiming. It has learned from few pieces (60)."
    ),
}
SPLITS = {
    "melody": "The splits are fixed: tunes that share material, in any key, are in one split.",
    "drums": "The splits are those of the Groove MIDI Dataset.",
    "trio": "The splits are fixed: pieces that share material are in one split.",
}
DROPPED = "Windows of the test split that also occur in train, for melodies in any key, are dropped."
UNITS = {
    "cross-entropy": "cross-entropy, nats a step",
    "cross-entropy, random z": "cross-entropy with a random z, nats a step",
    "KL": "KL, nats a window",
}
ON_CARD = ("interpolation", "structure", "distribution", "attributes", "memorisation")
"""sections of the kit whose figures are on the card; all are in evaluation.json"""
PRIORS = {"mel-2bar": ("0.5", "0.85"), "mel-16bar": ("0.8", "0.4"), "drums-16bar": ("0.5", "0.5")}
"""noise and temperature, by the lag profile and the features of samples beside those of valid"""
NAMES = ("drums-16bar", "drums-2bar", "mel-16bar", "mel-2bar", "trio-16bar")


def ship(run: Path, name: str, shards: Path) -> None:
    """Write the weights, half as long, and what is fitted to them: a prior of codes, attribute vectors."""
    model, sections = load_model(run)
    folder, kind = SHIPPED / name, sections["representation"]["name"]
    training = {
        key: value for key, value in sections["training"].items() if key not in ("data", "warm_start")
    }
    papers = {"representation": sections["representation"], "training": training}
    save_model(folder, model, model.state_dict(), papers, half=True)
    if kind == "trio":  # sixty pieces say too little of what codes there are, and trios have no attributes
        return
    if model.config.code == "bars":
        noise, temperature = PRIORS[name]
        seqgen("fit-prior", folder, shards, "--noise", noise, "--temperature", temperature)
    seqgen("fit-attributes", folder, shards)


def measure(name: str, shards: Path) -> None:
    """Renew card and figures: those of the stored weights, on the test split."""
    folder = SHIPPED / name
    model, sections = load_model(folder)
    figures = json.loads(seqgen("evaluate", folder, shards, "--json", "true"))
    number = sum(parameter.numel() for parameter in model.parameters())
    (folder / "card.md").write_text(card(name, number, sections, figures), encoding="utf-8")
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def seqgen(*arguments: str | Path) -> str:
    """What a command prints. It is another process, as it is for users."""
    command = [sys.executable, "-m", "seqgen.cli.main", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def card(name: str, parameters: int, sections: dict[str, Any], figures: dict[str, Any]) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    representation, training = sections["representation"], sections["training"]
    kind, bars = representation["name"], representation["bars"]
    against = figures["ratio to reconstructed ends"]
    paths = {
        name: {
            "nats a step": row["nll"],
            "to reconstructed ends": against.get(name, 1.0),
            "onsets a step": row["onsets"],
        }
        for name, row in figures["paths"].items()
    }
    tables = "\n\n".join(
        [
            _table(figures["reconstruction"], "reconstruction, test"),
            _table({UNITS.get(key, key): {"": value} for key, value in figures["latent"].items()}, "code"),
            _table(paths, "likelihood under a 6-gram model of the train split"),
            *(
                (_sliders if name == "attributes" else _section)(name, part)
                for name, part in figures["sections"].items()
                if name in ON_CARD
            ),
        ]
    )
    template = Template((HERE / "data_tools" / "card.md").read_text(encoding="utf-8"))
    return template.substitute(
        name=name,
        kind=WORDS.get(kind, kind),
        bars=bars,
        parameters=f"{parameters:,}",
        limits=LIMITS[kind],
        attribution=attribution(kind),
        splits=f"{SPLITS[kind]}\n{DROPPED}",
        tables=tables,
        signature=figures["signature"],
        fitted_to=" --train shards/mel-2bar-start" if name == "mel-2bar" else "",
        seed=training["seed"],
        steps=f"{training['step']:,}",
        batch=training["batch_size"],
        precision=training["precision"],
        averaged=f" The weights are an average: {training['averaged']}." if "averaged" in training else "",
    )


def attribution(kind: str) -> str:
    """The paragraphs of data_tools/attribution.md for one kind of music."""
    text = (HERE / "data_tools" / "attribution.md").read_text(encoding="utf-8")
    parts = [text.split(heading, 1)[1].split("\n", 1)[1] for heading in CORPORA[kind]]
    return "\n\n".join(part.split("\n## ", 1)[0].strip() for part in parts)


def _table(rows: dict[str, dict[str, float]], corner: str) -> str:
    head = [corner, *next(iter(rows.values()))]
    lines = [[name, *(_number(value) for value in row.values())] for name, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def _section(name: str, section: dict[str, Any]) -> str:
    """Figures with their 95% intervals and what stands beside them."""
    lines = [[name, "", "95%", "beside it"], ["---"] * 4]
    for figure, entry in section["figures"].items():
        bounds = f"{entry['low']:.3f} to {entry['high']:.3f}" if "low" in entry else ""
        beside = f"{entry['baseline']:.3f} {entry.get('against', '')}" if "baseline" in entry else ""
        lines.append([figure, f"{entry['value']:.3f}", bounds, beside.strip()])
    rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n\n".join([rows, *section["missing"]])


def _sliders(name: str, section: dict[str, Any]) -> str:
    """A row for each attribute, of its vector and as it is played."""
    rows: dict[str, dict[str, str]] = {}
    beside: dict[str, None] = {}
    for figure, entry in section["figures"].items():
        attribute, _, what = figure.partition(": ")
        cell = f"{entry['value']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"
        if "baseline" in entry:
            cell += f" ({entry['baseline']:.3f})"
            beside[entry["against"]] = None
        rows.setdefault(attribute, {})[what] = cell
    if not rows:
        return "\n\n".join(section["missing"])
    columns = list(dict.fromkeys(what for row in rows.values() for what in row))
    lines = [[name, *columns], ["---"] * (1 + len(columns))]
    lines += [[attribute, *(row.get(what, "") for what in columns)] for attribute, row in rows.items()]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    said = f"Each cell: the figure [95% interval] (of {'; as played, of '.join(beside)})."
    return "\n\n".join([table, said, *section["missing"]])


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("shards", type=Path)
    parser.add_argument("--train", type=Path, help="shards to fit to, where those of the figures are others")
    parser.add_argument("--figures", action="store_true")
    chosen = parser.parse_args()
    if not chosen.figures:
        if chosen.run is None:
            parser.error("RUN: expected the folder of a finished run, or --figures")
        ship(chosen.run, chosen.name, chosen.train or chosen.shards)
    measure(chosen.name, chosen.shards)
