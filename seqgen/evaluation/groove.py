"""How near a groove model comes to drummers it has not heard, beside baselines.

A model that humanises is given the hits of held-out beats and is judged by how far its velocities and times
are from those that were played: mean absolute errors over all hits. A model that makes beats of taps is given
the taps of held-out beats and is judged by the hits it finds.

The baselines for feel: the grid (every hit on its sixteenth, at the median velocity of train), and the mean
and the median of train for each drum at each place of the bar, which know the usual swing and accents. For
hits: at each tap the commonest hits of train at a tap on that place of the bar, and the beat of train whose
tap is nearest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from seqgen import __version__
from seqgen.config import from_dict
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.reconstruction import hit_scores
from seqgen.evaluation.table import table
from seqgen.evaluation.windows import WindowSet, array_hash, load_windows
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.groove import CLASSES, HALF_STEP, TEMPO, qpm_of
from seqgen.representation.timeline import STEPS_PER_BAR, STEPS_PER_QUARTER
from seqgen.tasks.groove import GrooveModel, load_groove
from seqgen.tasks.shipped import find_folder

PLACES = STEPS_PER_BAR


class FeelScores(NamedTuple):
    """Mean absolute errors over the hits of the true windows."""

    velocity: float
    """of 127"""
    sixteenths: float
    """of the time, in sixteenths"""
    milliseconds: float
    """of the time, at the tempo of each window"""


@dataclass(frozen=True)
class GrooveEvaluation:
    """Metric -> who -> figure."""

    signature: str
    figures: dict[str, dict[str, float]]


@torch.no_grad()
def evaluate_groove(
    model: str | Path,
    data: Path,
    split: str = "test",
    seed: int = 1,
    train: Path | None = None,
    limit: int | None = None,
) -> GrooveEvaluation:
    """Measure a groove model; arguments as in `evaluate`.

    Raises:
        ValueError: for a bad model or bad data, and where no train windows are known for the baselines.
    """
    loaded = load_groove(model)
    where = f"{model}: representation"
    representation = from_dict(RepresentationConfig, loaded.sections["representation"], where)
    windows = load_windows(data, representation, split, train, limit, seed)
    if windows.train is None:
        raise ValueError("train: the baselines need train windows; give the shards they are in with --train")
    known = windows.train
    if loaded.humanizes:
        who: dict[str, Callable[[], np.ndarray]] = {
            "model": lambda: loaded.play(windows.tokens, 0.0, seed),
            "model, drawn": lambda: loaded.play(windows.tokens, 1.0, seed),
            "grid": lambda: on_the_grid(known, windows.tokens),
            "mean by place": lambda: by_place(known, windows.tokens, np.mean),
            "median by place": lambda: by_place(known, windows.tokens, np.median),
        }
        scores = {name: feel_scores(windows.tokens, played())._asdict() for name, played in who.items()}
    else:
        who = {
            "model": lambda: loaded.play(windows.tokens, 0.0, seed),
            "model, drawn": lambda: loaded.play(windows.tokens, 1.0, seed),
            "commonest at a tap": lambda: commonest(known, windows.tokens),
            "nearest tap of train": lambda: nearest(known, windows.tokens),
        }
        scores = {name: _hits(windows.tokens, played()) for name, played in who.items()}
    metrics = next(iter(scores.values()))
    figures = {metric: {name: row[metric] for name, row in scores.items()} for metric in metrics}
    return GrooveEvaluation(sign(loaded, find_folder(model), windows, seed), figures)


def feel_scores(true: np.ndarray, played: np.ndarray) -> FeelScores:
    """Errors of `played` rows [N, T, 19] at the hits of `true` ones.

    >>> row = np.zeros((1, 1, 19), np.int16); row[..., 0], row[..., TEMPO] = 90, 1500
    >>> feel_scores(row, row)
    FeelScores(velocity=0.0, sixteenths=0.0, milliseconds=0.0)
    """
    if true.shape != played.shape:
        raise ValueError(f"played: expected the shape of true, {true.shape}, got {played.shape}")
    hit = true[..., :CLASSES] > 0
    if not hit.any():
        raise ValueError("true: expected windows with hits, there is none")
    gap = np.abs(true.astype(np.float64) - played)
    sixteenths = gap[..., CLASSES:TEMPO] / (2 * HALF_STEP)
    step = 60_000 / STEPS_PER_QUARTER / qpm_of(true)[..., None]
    return FeelScores(
        float(gap[..., :CLASSES][hit].mean()),
        float(sixteenths[hit].mean()),
        float((sixteenths * step)[hit].mean()),
    )


def on_the_grid(train: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The hits of `like` on their sixteenths, at the median velocity of train."""
    result = like.copy()
    velocity = train[..., :CLASSES]
    result[..., :CLASSES][like[..., :CLASSES] > 0] = np.median(velocity[velocity > 0])
    result[..., CLASSES:TEMPO] = 0
    return result


def by_place(train: np.ndarray, like: np.ndarray, middle: Callable[[np.ndarray], Any]) -> np.ndarray:
    """The hits of `like`, each with the middle velocity and offset of train's hits of that drum and place.

    Where train has none there, those of the drum at all places serve, or of all drums.
    """
    result = like.copy()
    place = np.arange(train.shape[1]) % PLACES
    to = np.arange(like.shape[1]) % PLACES
    every = train[..., :CLASSES] > 0
    for number in range(CLASSES):
        hit = every[..., number]
        for where in range(PLACES):
            some = hit & (place == where)
            some = some if some.any() else hit
            for column in (number, CLASSES + number):
                values = train[..., column][some]
                if not len(values):
                    shift = column - number
                    values = train[..., shift : shift + CLASSES][every]
                here = (like[..., number] > 0) & (to == where)
                result[..., column][here] = np.rint(middle(values))
    return result


def commonest(train: np.ndarray, like: np.ndarray) -> np.ndarray:
    """At each tap of `like` the commonest hits of train at a tap on that place of the bar."""
    patterns, wanted = _patterns(train), _patterns(like)
    place = np.arange(train.shape[1]) % PLACES
    usual = np.zeros(PLACES, np.int64)
    for where in range(PLACES):
        some = patterns[:, place == where]
        counts = np.bincount(some[some > 0], minlength=2)
        usual[where] = int(counts.argmax()) if counts.any() else 0
    return np.where(wanted > 0, usual[np.arange(like.shape[1]) % PLACES], 0)


def nearest(train: np.ndarray, like: np.ndarray) -> np.ndarray:
    """For each of `like` the hits of the window of train whose taps differ from its own at fewest steps."""
    patterns = _patterns(train)
    known, wanted = (patterns > 0).astype(np.float32), (_patterns(like) > 0).astype(np.float32)
    same = wanted @ known.T + (1 - wanted) @ (1 - known).T
    return patterns[same.argmax(1)]


def _patterns(rows: np.ndarray) -> np.ndarray:
    """The hits of each step as the number that a drum token is: [N, T] int64."""
    return ((rows[..., :CLASSES] > 0).astype(np.int64) << np.arange(CLASSES)).sum(-1)


def _hits(true: np.ndarray, played: np.ndarray) -> dict[str, float]:
    """played: rows [N, T, 19], or patterns of hits [N, T]."""
    scores = hit_scores(_patterns(true), played if played.ndim == 2 else _patterns(played))
    return {"hit F1": scores.f1, "hit precision": scores.precision, "hit recall": scores.recall}


def sign(model: GrooveModel, folder: Path, windows: WindowSet, seed: int) -> str:
    """One line that says what was measured."""
    assert windows.train is not None
    read = model.vae.config.reads
    parts = {
        "model": f"{model.name}@{weights_hash(folder)}",
        "representation": f"groove, {model.converter.bars} bars",
        "data": f"{windows.name}@{windows.hash}",
        "windows": windows.describe_dropped(),
        "reads": read,
        "decoding": "from the posterior mean; model: temperature 0, drawn: temperature 1",
        "train": f"{windows.train_name}@{array_hash(windows.train)}",
        "seed": str(seed),
        "seqgen": __version__,
        "torch": torch.__version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def as_json(result: GrooveEvaluation) -> str:
    return json.dumps({"figures": result.figures, "signature": result.signature}, indent=1, allow_nan=False)


def as_text(result: GrooveEvaluation) -> str:
    """A table, and the signature as the last line."""
    who = list(next(iter(result.figures.values())))
    names = {"velocity": "velocity error, of 127", "sixteenths": "time error, sixteenths"}
    names |= {"milliseconds": "time error, ms"}
    rows = [
        [names.get(metric, metric), *(f"{row[name]:.3f}" for name in who)]
        for metric, row in result.figures.items()
    ]
    return f"{table(['', *who], rows)}\n\n{result.signature}"
