"""A finished run as a shipped language model: half-precision weights, and a card with the figures of those.

python data_tools/ship_language_model.py RUN NAME SHARDS     writes seqgen/shipped/NAME/
"""

from __future__ import annotations

import argparse
from pathlib import Path
from string import Template
from typing import Any

from ship_model import HERE, LIMITS, SHIPPED, SPLITS, attribution

from seqgen.evaluation.language import LanguageEvaluation, as_json, evaluate_language
from seqgen.models.checkpoint import load_model, save_model

VOICES = {"lstm": "an LSTM", "wavenet": "a WaveNet"}


def ship(run: Path, name: str, shards: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run, "language_model")
    folder = SHIPPED / name
    papers = {key: sections[key] for key in ("representation", "training")}
    papers["training"].pop("warm_start", None)
    save_model(folder, model, model.state_dict(), papers, half=True)
    figures = evaluate_language(folder, shards)
    number = sum(parameter.numel() for parameter in model.parameters())
    text = card(name, number, model.config.voice, sections, figures)
    (folder / "card.md").write_text(text, encoding="utf-8")
    (folder / "evaluation.json").write_text(as_json(figures) + "\n", encoding="utf-8")
    return folder


def card(
    name: str, parameters: int, voice: str, sections: dict[str, Any], figures: LanguageEvaluation
) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    representation, training = sections["representation"], sections["training"]
    template = Template((HERE / "data_tools" / "language_card.md").read_text(encoding="utf-8"))
    kind = representation["name"]
    return template.substitute(
        name=name,
        kind=kind,
        voice=VOICES[voice],
        config=f"configs/melody_lm_{voice}.yaml",
        shards={"melody": "mel-16bar", "drums": "drums-2bar"}[kind],
        bars=representation["bars"],
        parameters=f"{parameters:,}",
        limits=LIMITS[kind],
        attribution=attribution(kind),
        splits=SPLITS[kind],
        table=table(figures.nll),
        signature=figures.signature,
        seed=training["seed"],
        steps=f"{training['step']:,}",
        batch=training["batch_size"],
        precision=training["precision"],
    )


def table(rows: dict[str, dict[str, float]]) -> str:
    head = ["nats a step, test", *next(iter(rows.values()))]
    lines = [[steps, *(f"{value:.3f}" for value in row.values())] for steps, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("shards", type=Path)
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.shards))
