"""A finished run as a shipped translator: half-precision weights, and a card with the figures of those.

python data_tools/ship_translator.py RUN NAME DATA --offline RUN     writes seqgen/shipped/NAME/

DATA holds train, valid and test as .de and .en; NAME is de-en or en-de.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from string import Template
from typing import Any

from seqgen.evaluation.translation import evaluate_translator
from seqgen.evaluation.translation_report import as_text
from seqgen.models.checkpoint import load_model, save_model

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"
LANGUAGES = {"de": "German", "en": "English"}


def ship(run: Path, name: str, data: Path, offline: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run, "translator")
    folder = SHIPPED / name
    papers = {"training": sections["training"]}
    save_model(folder, model, model.state_dict(), papers, half=True)
    shutil.copy(run / "subwords.model", folder)
    source, target = (data / f"test.{side}" for side in name.split("-"))
    figures = evaluate_translator(folder, source, target)
    ceiling = evaluate_translator(offline, source, target)
    figures["offline BLEU"] = ceiling["BLEU"]
    number = sum(parameter.numel() for parameter in model.parameters())
    kind = {"milk": "MILk", "mocha": "MoChA", "hard": "hard monotonic"}[model.config.attention]
    text = card(name, kind, number, run.name, sections["training"], figures, data)
    (folder / "card.md").write_text(text, encoding="utf-8")
    (folder / "evaluation.json").write_text(
        json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return folder


def card(
    name: str,
    kind: str,
    parameters: int,
    run: str,
    training: dict[str, Any],
    figures: dict[str, Any],
    data: Path,
) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    template = Template((HERE / "data_tools" / "translator_card.md").read_text(encoding="utf-8"))
    first, second = name.split("-")
    lines = {part: (data / f"{part}.{first}").read_bytes().count(b"\n") for part in ("train", "test")}
    low, high = figures["offline BLEU"]["interval"]
    shown = as_text({key: value for key, value in figures.items() if key != "offline BLEU"})
    return template.substitute(
        name=name,
        kind=kind,
        run=run,
        from_name=LANGUAGES[first],
        into_name=LANGUAGES[second],
        parameters=f"{parameters:,}",
        train=f"{lines['train']:,}",
        test=f"{lines['test']:,}",
        tables="```\n" + shown.rsplit("\n", 1)[0].strip() + "\n```",
        offline=f"{figures['offline BLEU']['score']:.2f} ({low:.1f} to {high:.1f})",
        signature=figures["signature"],
        seed=training["seed"],
        steps=f"{training['step']:,}",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name", choices=("de-en", "en-de"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--offline", type=Path, required=True, help="the run it started from")
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.data, chosen.offline))
