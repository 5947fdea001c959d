"""A finished run as a shipped recogniser: half-precision weights, and a card with the figures of those.

python data_tools/ship_recognizer.py RUN NAME DIGITS     writes seqgen/shipped/NAME/

DIGITS is the folder of data_tools/make_digits.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from string import Template

from seqgen.evaluation.recognition import RecognitionScores, evaluate_recognition, scores_as_dict
from seqgen.models.checkpoint import load_model, save_model

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"


def ship(run: Path, name: str, digits: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run, "recognizer")
    folder = SHIPPED / name
    papers = {key: sections[key] for key in ("representation", "training")}
    save_model(folder, model, model.state_dict(), papers, half=True)
    scores = evaluate_recognition(folder, digits / "test")
    number = sum(parameter.numel() for parameter in model.parameters())
    (folder / "card.md").write_text(card(name, number, model.config.attention, scores), encoding="utf-8")
    (folder / "evaluation.json").write_text(
        json.dumps(scores_as_dict(scores), indent=1) + "\n", encoding="utf-8"
    )
    return folder


def card(name: str, parameters: int, attention: str, scores: RecognitionScores) -> str:
    """What the model is, what it was made from, what it can do and cannot, and how to make it again."""
    template = Template((HERE / "data_tools" / "recognizer_card.md").read_text(encoding="utf-8"))
    return template.substitute(
        name=name,
        attention=attention,
        parameters=f"{parameters:,}",
        words=f"{scores.words:,}",
        utterances=scores.utterances,
        rate=f"{scores.word_error_rate:.2%}",
        base_rate=f"{scores.baseline['word error rate']:.1%}",
        wrong=scores.substitutions,
        missing=scores.deletions,
        added=scores.insertions,
        delay=f"{scores.delay_ms['mean']:.0f} ms (95th percentile {scores.delay_ms['p95']:.0f} ms)",
        base_delay=f"{scores.baseline['delay']:.0f} ms",
        factor=f"{scores.real_time_factor:.3f}",
        equal=f"{scores.streamed[0]} of {scores.streamed[1]}",
        signature=scores.signature,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("digits", type=Path)
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.digits))
