"""A finished run as a shipped model: half-precision weights, and a card with the figures of those weights.

    python data_tools/ship_model.py RUN NAME SHARDS     writes seqgen/shipped/NAME/
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from seqgen.models.checkpoint import load_model, save_model

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"
CORPORA = {"melody": "## Melodies", "drums": "## Drums"}
CONFIGS = {"mel-2bar": "mel_2bar.yaml", "mel-16bar": "mel_16bar.yaml", "drums-2bar": "drums_2bar.yaml"}


def ship(run: Path, name: str, shards: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run)
    folder = SHIPPED / name
    training = {key: value for key, value in sections["training"].items() if key not in ("data", "warm_start")}
    papers = {"representation": sections["representation"], "training": training}
    save_model(folder, model, model.state_dict(), papers, half=True)
    command = [sys.executable, "-m", "seqgen.cli.main", "evaluate", str(folder), str(shards), "--json", "true"]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    number = sum(parameter.numel() for parameter in model.parameters())
    (folder / "card.md").write_text(card(name, number, sections, figures), encoding="utf-8")
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return folder


def card(name: str, parameters: int, sections: dict[str, Any], figures: dict[str, Any]) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    representation, training = sections["representation"], sections["training"]
    kind, bars = representation["name"], representation["bars"]
    tables = "\n\n".join(
        [
            _table(figures["reconstruction"], "reconstruction, test"),
            _table({key: {"": value} for key, value in figures["latent"].items()}, "code"),
            _table(figures["paths"], "likelihood under a 6-gram model of the train split"),
            _table({k: {"": v} for k, v in figures["ratio to reconstructed ends"].items()}, "against the ends"),
        ]
    )
    warm = f" --warm-start {training['warm_start']}" if training.get("warm_start") else ""
    return f"""# {name}

A variational autoencoder of {bars} bars of {kind} in 4/4 on a grid of sixteenths ({parameters:,} parameters, stored
as float16). It blends, samples and reconstructs. It knows no triplets, no other metres, no dynamics and no timing; of a
melody it hears one voice. It has learned from the corpora below and sounds like them.

## Data

{attribution(kind)}

Splits are fixed and made so that no tune, transposed or not, is in two of them; windows of the test split that also
occur in train (transposed, for melodies) are dropped.

## Figures

{tables}

Signature: `{figures["signature"]}`

## Made by

    data_tools/prepare_shipped.sh DATA shards
    seqgen train --config configs/{CONFIGS[name]} --data shards/{name} --out runs/{name}{warm}
    python data_tools/ship_model.py runs/{name} {name} shards/{name}

Seed {training["seed"]}, {training["step"]:,} steps of {training["batch_size"]} windows, {training["precision"]}, on a CPU.
"""


def attribution(kind: str) -> str:
    """The paragraphs of data_tools/attribution.md for one kind of music."""
    text = (HERE / "data_tools" / "attribution.md").read_text(encoding="utf-8")
    part = text.split(CORPORA[kind], 1)[1].split("\n", 1)[1]
    return part.split("\n## ", 1)[0].strip()


def _table(rows: dict[str, dict[str, float]], corner: str) -> str:
    head = [corner, *next(iter(rows.values()))]
    lines = [[name, *(f"{value:.3f}" for value in row.values())] for name, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name", choices=sorted(CONFIGS))
    parser.add_argument("shards", type=Path)
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.shards))
