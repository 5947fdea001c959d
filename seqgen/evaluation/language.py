"""What a language model of music is worth: nats a step on the test split, beside n-gram models of train."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqgen import __version__
from seqgen.config import from_dict
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.judge import SHIFTS
from seqgen.evaluation.latent import in_batches
from seqgen.evaluation.ngram import NGram, fit_ngram
from seqgen.evaluation.table import table
from seqgen.evaluation.windows import WindowSet, array_hash, load_windows
from seqgen.models.checkpoint import load_model
from seqgen.models.language_model import LanguageModel
from seqgen.representation.converter import RepresentationConfig
from seqgen.tasks.shipped import find_folder

ORDERS = (1, 2, 3, 6)
"""of the n-gram models that stand beside"""
WHOLE, ONSETS, LATER = "all steps", "where something begins", "second half of a window"


@dataclass(frozen=True)
class LanguageEvaluation:
    """The figures of one model on one set of windows."""

    signature: str
    nll: dict[str, dict[str, float]]
    """which steps -> who ("model", then the n-gram models, if train is known) -> nats a step"""


def evaluate_language(
    model: str | Path,
    data: Path,
    split: str = "test",
    train: Path | None = None,
    limit: int | None = None,
    seed: int = 1,
) -> LanguageEvaluation:
    """Measure a language model on shards or MIDI. `data`, `split`, `train`, `limit`: see `load_windows`.

    Raises:
        ValueError: for a bad model, bad data, or data that does not fit the model.
    """
    folder = find_folder(model)
    lm, sections = load_model(folder, "language_model")
    where = f"{folder / 'config.yaml'}: representation"
    representation = from_dict(RepresentationConfig, sections.get("representation"), where)
    windows = load_windows(data, representation, split, train, limit, seed)
    nats = {"model": nll(lm, windows.tokens)}
    if windows.train is not None:
        shifts = SHIFTS if representation.name == "melody" else (0,)
        longest = fit_ngram(windows.train, lm.config.vocabulary_size, ORDERS[-1], shifts)
        for order in ORDERS:  # a shorter model is the lower levels of the longest
            name = "unigram" if order == 1 else f"{order}-gram"
            nats[name] = NGram(longest.vocabulary_size, longest.levels[:order]).nll(windows.tokens)
    sign = signature(folder.resolve().name, weights_hash(folder), representation, windows, seed)
    return LanguageEvaluation(sign, summarise(nats, windows.tokens >= lm.config.first_onset))


@torch.no_grad()
def nll(model: LanguageModel, tokens: np.ndarray, batch: int = 32) -> np.ndarray:
    """-log p of each token given those before it in its window, in nats: [N, T]."""
    return -in_batches(model.log_prob, batch, torch.from_numpy(tokens.astype(np.int64))).numpy()


def summarise(nats: dict[str, np.ndarray], onset: np.ndarray) -> dict[str, dict[str, float]]:
    """Means over all steps, over those on which something begins, and over the later half of each window."""
    later = np.zeros_like(onset)
    later[:, onset.shape[1] // 2 :] = True
    if not onset.any():
        warnings.warn(
            "nothing begins in any window: there are no figures of onsets", UserWarning, stacklevel=2
        )
    steps = {WHOLE: np.ones_like(onset), ONSETS: onset, LATER: later}
    return {
        name: {who: float(values[mask].mean()) for who, values in nats.items()}
        for name, mask in steps.items()
        if mask.any()
    }


def signature(
    name: str, weights: str, representation: RepresentationConfig, windows: WindowSet, seed: int
) -> str:
    """One line that says what was measured, so that two figures can be compared."""
    parts = {
        "model": f"{name}@{weights}",
        "representation": f"{representation.name}, {representation.bars} bars",
        "data": f"{windows.name}@{windows.hash}",
        "windows": windows.describe_dropped(),
        "decoding": "teacher forced",
    }
    if windows.train is not None:
        shifts = f", {SHIFTS[0]} to +{SHIFTS[-1]} semitones" if representation.name == "melody" else ""
        parts["lm"] = f"Witten-Bell n-grams of {windows.train_name}@{array_hash(windows.train)}{shifts}"
    parts |= {"seed": str(seed), "seqgen": __version__, "torch": torch.__version__}
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def as_json(result: LanguageEvaluation) -> str:
    """One object: `nats a step` (which steps, then who) and `signature`."""
    data: dict[str, Any] = {"nats a step": result.nll, "signature": result.signature}
    return json.dumps(data, indent=1, allow_nan=False)


def as_text(result: LanguageEvaluation) -> str:
    """A table, and the signature as the last line."""
    who = list(next(iter(result.nll.values())))
    rows = [[steps, *(f"{row[name]:.3f}" for name in who)] for steps, row in result.nll.items()]
    known = len(who) > 1
    note = (
        "" if known else "n-gram models: none, since no train windows are known (give them with --train).\n\n"
    )
    return f"{table(['nats a step', *who], rows)}\n\n{note}{result.signature}"
