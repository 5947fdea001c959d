"""A finished run as a shipped model of played drums: half-precision weights, and a card with their figures.

python data_tools/ship_groove.py RUN NAME SHARDS     writes seqgen/shipped/NAME/
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
DOES = {
    "groove-humanize": "gives a beat the velocities and the timing of a drummer (`seqgen humanize`)",
    "groove-drumify": "makes beats that go with a tapped rhythm, or with that of any clip (`seqgen drumify`)",
}
NAMES = {
    "velocity": "velocity error, of 127",
    "sixteenths": "time error, sixteenths",
    "milliseconds": "time error, ms",
}


def ship(run: Path, name: str, shards: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run)
    folder = SHIPPED / name
    training = {
        key: value for key, value in sections["training"].items() if key not in ("data", "warm_start")
    }
    papers = {"representation": sections["representation"], "training": training}
    save_model(folder, model, model.state_dict(), papers, half=True)
    command = [
        sys.executable,
        "-m",
        "seqgen.cli.main",
        "evaluate",
        str(folder),
        str(shards),
        "--json",
        "true",
    ]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    number = sum(parameter.numel() for parameter in model.parameters())
    (folder / "card.md").write_text(card(name, number, sections, figures), encoding="utf-8")
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return folder


def card(name: str, parameters: int, sections: dict[str, Any], figures: dict[str, Any]) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    training = sections["training"]
    attribution = (HERE / "data_tools" / "attribution.md").read_text(encoding="utf-8")
    groove = attribution.split("\n## Drums", 1)[1].split("\n", 1)[1].split("\n## ", 1)[0].strip()
    template = Template((HERE / "data_tools" / "groove_card.md").read_text(encoding="utf-8"))
    return template.substitute(
        name=name,
        does=DOES[name],
        bars=sections["representation"]["bars"],
        parameters=f"{parameters:,}",
        attribution=groove.replace(
            ", velocities and microtiming removed", "; velocities and offsets are kept"
        ),
        table=_table(figures["figures"]),
        signature=figures["signature"],
        seed=training["seed"],
        steps=f"{training['step']:,}",
        batch=training["batch_size"],
    )


def _table(rows: dict[str, dict[str, float]]) -> str:
    head = ["test", *next(iter(rows.values()))]
    lines = [[NAMES.get(key, key), *(f"{value:.3f}" for value in row.values())] for key, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name", choices=sorted(DOES))
    parser.add_argument("shards", type=Path)
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.shards))
