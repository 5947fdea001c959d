"""The README's table of music models, from the evaluation.json of each shipped model.

python data_tools/readme_table.py            writes it between its two marks in README.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"
README = HERE / "README.md"
BEGIN, END = "<!-- music figures: data_tools/readme_table.py -->", "<!-- end of music figures -->"
MODELS = ("mel-2bar", "mel-16bar", "drums-2bar", "drums-16bar")


def table() -> str:
    """A column a model."""
    columns = [column(name) for name in MODELS]
    lines = [["", *MODELS], ["---"] * (1 + len(MODELS))]
    lines += [[row, *(one[row] for one in columns)] for row in columns[0]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def column(name: str) -> dict[str, str]:
    """Of one model, row by row."""
    figures = json.loads((SHIPPED / name / "evaluation.json").read_text(encoding="utf-8"))
    main = "note F1" if "note F1" in figures["reconstruction"] else "hit F1"
    onset, shares = figures["reconstruction"]["onset accuracy"], figures["reconstruction"][main]
    latent = figures["latent"]
    baseline = "always hold" if main == "note F1" else "common bar"
    paths = figures["sections"]["interpolation"]["figures"]
    size = (SHIPPED / name / "model.safetensors").stat().st_size / 1e6
    return {
        "onset accuracy, free run from the posterior mean": f"**{onset['free run']:.3f}**",
        "note F1, drums: hit F1": f"**{shares['free run']:.3f}**",
        "the same of a baseline (always hold; drums: common bar)": f"{shares[baseline]:.3f}",
        "the same from a sampled z": f"{shares['sampled z']:.3f}",
        "KL, nats a window": f"{latent['KL']:.0f}",
        "active units": f"{latent['active units']} of {latent['latent size']}",
        "midpoint over ends, nats of a 9-gram model (drums: 6): slerp, lerp (mixing, splicing)": ratios(
            paths
        ),
        "progress along slerp: deviation from the diagonal, monotone pairs": progress(paths),
        **structure(figures["sections"]),
        "weights on disk, MB": f"{size:.1f}",
    }


def ratios(paths: dict[str, Any]) -> str:
    slerp, lerp, mix, splice = (
        value(paths, f"{way}: midpoint nats over the ends'") for way in ("slerp", "lerp", "mix", "splice")
    )
    return f"{slerp:.2f}, {lerp:.2f} ({mix:.2f}, {splice:.2f})"


def progress(paths: dict[str, Any]) -> str:
    deviation = value(paths, "slerp: deviation of progress")
    return f"{deviation:.3f}, {value(paths, 'slerp: monotone progress'):.1%}"


def structure(sections: dict[str, Any]) -> dict[str, str]:
    """Samples against real music; of two bars there is no order."""
    figures = sections["structure"]["figures"]
    alike = figures.get("lag 8 similarity, samples over real")
    order = figures.get("AUROC, samples against their bars shuffled")
    return {
        "samples: similarity of bars 8 apart, over that of real music": (
            f"{alike['value']:.2f}" if alike else ""
        ),
        "samples: AUROC against their bars shuffled (real music)": (
            f"{order['value']:.2f} ({order['baseline']:.2f})" if order else ""
        ),
    }


def value(figures: dict[str, Any], name: str) -> float:
    return float(figures[name]["value"])


def renew(text: str) -> str:
    """The README with the table of today."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(renew(README.read_text(encoding="utf-8")), encoding="utf-8")
