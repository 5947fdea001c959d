"""docs/evaluation/shipped.md: every figure of the kit for every shipped model of music.

python data_tools/shipped_tables.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
MODELS = ("mel-2bar", "mel-16bar", "drums-2bar", "drums-16bar")
HEAD = """# The kit on the shipped models

Made by `python data_tools/shipped_tables.py` from the models' evaluation.json: what `seqgen evaluate`
said of them. Each cell: the figure [95% bootstrap interval], and in brackets its baseline, which is named in
the row.
"""


def page() -> str:
    """All sections, and the signatures."""
    found = {name: read(name) for name in MODELS}
    parts = [HEAD]
    for section in found[MODELS[0]]:
        parts.append(f"## {section.capitalize()}\n\n{table(section, found)}")
        said = {
            f"* `{name}`: {sentence}."
            for name, sections in found.items()
            for sentence in sections[section]["missing"]
        }
        parts.append("\n".join(sorted(said)))
    lines = [f"* `{sections['structure']['signature']}`" for sections in found.values()]
    parts.append("## Signatures\n\n" + "\n".join(lines))
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def read(name: str) -> dict[str, Any]:
    path = HERE / "seqgen" / "shipped" / name / "evaluation.json"
    sections: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["sections"]
    return sections


def table(section: str, found: dict[str, dict[str, Any]]) -> str:
    """A row a figure, a column a model."""
    rows: dict[str, str] = {}
    for sections in found.values():
        for figure, entry in sections[section]["figures"].items():
            rows.setdefault(figure, entry.get("against", ""))
    lines = [["", *MODELS], ["---"] * (1 + len(MODELS))]
    for figure, against in rows.items():
        cells = [cell(found[name][section]["figures"].get(figure)) for name in MODELS]
        lines.append([f"{figure} ({against})" if against else figure, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return ""
    text = short(entry["value"])
    if "low" in entry:
        text += f" [{short(entry['low'])}, {short(entry['high'])}]"
    return f"{text} ({short(entry['baseline'])})" if "baseline" in entry else text


def short(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.3f}"


if __name__ == "__main__":
    (HERE / "docs" / "evaluation" / "shipped.md").write_text(page(), encoding="utf-8")
