"""How well windows come back: metrics of token windows [N, T] against the true ones.

All pool over the windows, so that every step, onset or hit counts once. Shares lie in 0 .. 1; a perfect copy
scores 1. Where there is nothing to find, a metric warns and is 0; bad input raises ValueError.
Steps flatter: a melody mostly holds, so a model that always holds has about two steps in three right, and no
onset. Put a baseline beside each figure (`hold`, `common_bar`).
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from torch import Tensor

Tokens = np.ndarray | Tensor


class Scores(NamedTuple):
    """Of what was played, the share that is right; of what should be played, the share that was; both."""

    precision: float
    recall: float
    f1: float


def step_accuracy(reference: Tokens, estimate: Tokens) -> float:
    """Share of the steps with the true token.

    >>> step_accuracy(np.array([[2, 0, 1, 0]]), np.array([[2, 0, 0, 0]]))
    0.75
    """
    true, guess = check_pair(reference, estimate)
    return _share(true == guess, "windows")


def onset_accuracy(reference: Tokens, estimate: Tokens, first_onset: int) -> float:
    """Share of the steps on which something truly begins that have exactly the true token.

    For melodies (first_onset 2) that is the pitch at each true onset; for drums (1) the whole pattern hit.

    >>> onset_accuracy(np.array([[9, 0, 9, 0]]), np.array([[9, 9, 8, 0]]), first_onset=2)
    0.5
    """
    true, guess = check_pair(reference, estimate)
    onset = true >= first_onset
    return _share((true == guess)[onset], "onsets")


def exact_windows(reference: Tokens, estimate: Tokens) -> float:
    """Share of the windows that are right at every step."""
    true, guess = check_pair(reference, estimate)
    return _share((true == guess).all(axis=1), "windows")


def hit_scores(reference: Tokens, estimate: Tokens) -> Scores:
    """Drums: the hits (bits of the tokens) in both, against those in one of them.

    >>> hit_scores(np.array([[3, 0]]), np.array([[1, 1]]))
    Scores(precision=0.5, recall=0.5, f1=0.5)
    """
    true, guess = check_pair(reference, estimate)
    return scores(_bits(true & guess), _bits(true), _bits(guess), "hits")


def scores(matched: int, expected: int, played: int, noun: str) -> Scores:
    """Precision, recall and F1 from counts; warns, and is 0, where there was nothing to match."""
    if not expected or not played:
        where = "reference" if not expected else "estimate"
        warnings.warn(f"the {where} has no {noun}: the scores are 0", UserWarning, stacklevel=3)
        return Scores(0.0, 0.0, 0.0)
    return Scores(matched / played, matched / expected, 2 * matched / (expected + played))


def hold(reference: Tokens) -> np.ndarray:
    """The baseline that never plays: token 0 (hold, or silence) at every step."""
    return np.zeros_like(check_tokens(reference, "reference"))


def common_bar(train: Tokens, like: Tokens, steps_per_bar: int = 16) -> np.ndarray:
    """The baseline that plays one bar: the most frequent token of `train` at each of its steps, as windows
    like `like`."""
    rows, wanted = check_tokens(train, "train"), check_tokens(like, "like")
    if not rows.size or rows.shape[1] % steps_per_bar or wanted.shape[1] % steps_per_bar:
        raise ValueError(
            f"train, like: expected windows of whole bars of {steps_per_bar} steps, "
            f"got shapes {rows.shape} and {wanted.shape}"
        )
    columns = rows.reshape(-1, steps_per_bar).T
    counted = (np.unique(column, return_counts=True) for column in columns)
    bar = np.array([tokens[counts.argmax()] for tokens, counts in counted], rows.dtype)
    return np.tile(bar, (len(wanted), wanted.shape[1] // steps_per_bar))


def check_pair(reference: Tokens, estimate: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays [N, T]. Raises ValueError for shapes that differ, or anything that is not tokens."""
    true, guess = check_tokens(reference, "reference"), check_tokens(estimate, "estimate")
    if true.shape != guess.shape:
        raise ValueError(f"estimate: expected the shape of reference, {true.shape}, got {guess.shape}")
    return true, guess


def check_tokens(tokens: Tokens, name: str) -> np.ndarray:
    """Windows as an int64 array [N, T]. Raises ValueError for anything else, or tokens below 0."""
    array = tokens.detach().cpu().numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected whole numbers [N, T], got {array.dtype} of shape {array.shape}")
    if array.size and array.min() < 0:
        raise ValueError(f"{name}: expected tokens from 0 up, got {array.min()}")
    return array.astype(np.int64)


def _share(right: np.ndarray, noun: str) -> float:
    if not right.size:
        warnings.warn(f"the reference has no {noun}: the share is 0", UserWarning, stacklevel=3)
        return 0.0
    return float(right.mean())


def _bits(tokens: np.ndarray) -> int:
    return int(np.bitwise_count(tokens).sum())
