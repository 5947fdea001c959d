"""An evaluation for people (a table whose last line is the signature) and for machines (JSON)."""

from __future__ import annotations

import json
from typing import Any

from seqgen.evaluation.evaluate import Evaluation
from seqgen.evaluation.paths import ENDS, WARMLY, ratio
from seqgen.evaluation.table import table
from seqgen.evaluation.trio import NAMES


def as_json(result: Evaluation) -> str:
    """One object: `reconstruction` (metric, then who), `latent`, `paths`, `ratio` and `signature`."""
    data: dict[str, Any] = {
        "reconstruction": result.reconstruction,
        "latent": {**result.latent, "latent size": result.latent_size},
        "paths": {name: value._asdict() for name, value in result.paths.items()},
        "ratio to reconstructed ends": _ratios(result),
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
    return "\n\n".join([*parts, result.signature])


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
