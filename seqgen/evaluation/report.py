"""An evaluation for people (a table whose last line is the signature) and for machines (JSON)."""

from __future__ import annotations

import json
from typing import Any

from seqgen.evaluation.evaluate import Evaluation
from seqgen.evaluation.figure import Figure, Section
from seqgen.evaluation.paths import ENDS, WARMLY, ratio
from seqgen.evaluation.table import table
from seqgen.evaluation.trio import NAMES


def as_json(result: Evaluation) -> str:
    """One object: `reconstruction` (metric, then who), `latent`, `paths`, `sections` and `signature`."""
    data: dict[str, Any] = {
        "reconstruction": result.reconstruction,
        "latent": {**result.latent, "latent size": result.latent_size},
        "paths": {name: value._asdict() for name, value in result.paths.items()},
        "ratio to reconstructed ends": _ratios(result),
        "sections": {name: section.as_dict() for name, section in result.sections.items()},
        "signature": result.signature,
    }
    return json.dumps(data, indent=1, allow_nan=False)


def as_text(result: Evaluation) -> str:
    """Tables, and the signature as the last line."""
    who = list(next(iter(result.reconstruction.values())))
    shares = [
        [metric, *(_number(row[name]) for name in who)] for metric, row in result.reconstruction.items()
    ]
    latent = result.latent
    codes = [
        [
            "cross-entropy, nats a step",
            _number(latent["cross-entropy"]),
            _number(latent["cross-entropy, random z"]),
        ],
        ["KL, nats a window", f"{latent['KL']:.1f}", ""],
        ["active units", f"{latent['active units']} of {result.latent_size}", ""],
    ]
    parts = [table(["reconstruction", *who], shares), table(["code", "own z", "random z"], codes)]
    if by_part := _by_part(latent):
        parts.append(table(["cross-entropy, nats a step", "own z", "random z", "other tracks"], by_part))
    if result.paths:
        ratios = _ratios(result)
        paths = [
            [name, _number(value.nll), _number(ratios[name]) if name in ratios else "", _number(value.onsets)]
            for name, value in result.paths.items()
        ]
        parts.append(table(["likelihood (n-gram)", "nats a step", "to recon. ends", "onsets a step"], paths))
    else:
        parts.append(
            "Paths and samples: not judged, since no train windows are known (give them with --train), or "
            "their tokens are too many for n-grams (drums_full)."
        )
    parts.extend(section_text(section) for section in result.sections.values())
    return "\n\n".join([*parts, result.signature])


def section_text(section: Section) -> str:
    """A table with an interval and what stands beside each figure, what is missing, and the signature."""
    rows = [
        [figure.name, _any(figure.value), _interval(figure), _beside(figure)] for figure in section.figures
    ]
    lines = [table([section.title, "figure", "95% interval", "beside"], rows)] if rows else []
    return "\n".join(
        [*lines, *(f"Not measured: {sentence}." for sentence in section.missing), section.signature]
    )


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{_any(figure.low)} .. {_any(figure.high)}"


def _beside(figure: Figure) -> str:
    return "" if figure.baseline is None else f"{figure.against} {_any(figure.baseline)}".strip()


def _any(value: float | int) -> str:
    """Three decimals, or none for a whole number such as a count."""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _by_part(latent: dict[str, float]) -> list[list[str]]:
    """A row for each part of a trio; none for other music."""
    rows = []
    for name in NAMES:
        key = f"cross-entropy, {name}"
        if key in latent:
            row = (latent[key + which] for which in ("", ", random z", ", other tracks"))
            rows.append([name, *map(_number, row)])
    return rows


def _ratios(result: Evaluation) -> dict[str, float]:
    """Everything against the reconstructed ends."""
    return {name: ratio(result.paths, name) for name in result.paths if name not in (ENDS, ENDS + WARMLY)}


def _number(value: float) -> str:
    return f"{value:.3f}"
