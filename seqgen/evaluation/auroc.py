"""Area under the receiver operating characteristic: how often does a score put the one above the other?

AUROC = P(a > b) + P(a = b) / 2 for a and b drawn from two sets (the Mann-Whitney statistic; Hanley and McNeil
1982). 1 tells them apart, 0.5 does not.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.bootstrap import bootstrap_groups, one_by_one, side_by_side
from seqgen.evaluation.figure import Interval


def auroc(above: np.ndarray, below: np.ndarray, seed: int, groups: np.ndarray | None = None) -> Interval:
    """How often scores `above` [N] exceed scores `below` [M], drawn apart.

    Rows of one of the `groups` [N] of the first are drawn together.

    Raises:
        ValueError: for fewer than 2 scores in either, or scores that are not finite.
    """
    scores = _scores(above, below)
    real = np.arange(len(scores)) < len(above)

    def statistic(weights: Float[np.ndarray, "K R"]) -> Float[np.ndarray, " K"]:
        return weighted_auroc(scores, weights * real, weights * ~real)

    together = side_by_side(one_by_one(len(above), groups), np.arange(len(below)))
    return bootstrap_groups(statistic, together, seed)


def auroc_of_pairs(
    above: np.ndarray, below: np.ndarray, seed: int, groups: np.ndarray | None = None
) -> Interval:
    """The same of rows [N] that belong and are drawn together, such as a window and its shuffled self.

    The comparison itself is of every `above` with every `below`.
    """
    if len(above) != len(below):
        raise ValueError(f"below: expected {len(above)} scores, as above has, got {len(below)}")
    scores, none = _scores(above, below), np.zeros(len(above))

    def statistic(weights: Float[np.ndarray, "K N"]) -> Float[np.ndarray, " K"]:
        empty = np.broadcast_to(none, weights.shape)
        return weighted_auroc(
            scores, np.concatenate([weights, empty], axis=1), np.concatenate([empty, weights], axis=1)
        )

    return bootstrap_groups(statistic, one_by_one(len(above), groups), seed)


def weighted_auroc(
    scores: Float[np.ndarray, " R"], above: Float[np.ndarray, "K R"], below: Float[np.ndarray, "K R"]
) -> Float[np.ndarray, " K"]:
    """Of all scores, of which row r counts above[k, r] times to the one set and below[k, r] to the other.

    NaN where one of the sets is empty.
    """
    order = np.argsort(scores, kind="stable")
    first = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)
    up, down = (np.add.reduceat(weights[:, order], first, axis=1) for weights in (above, below))
    under = np.cumsum(down, axis=1) - down / 2
    pairs = up.sum(axis=1) * down.sum(axis=1)
    wins = (up * under).sum(axis=1)
    return np.divide(wins, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _scores(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    for name, part in (("above", above), ("below", below)):
        if part.ndim != 1 or len(part) < 2 or not np.isfinite(part).all():
            raise ValueError(f"{name}: expected finite scores [N], N at least 2, got shape {part.shape}")
    return np.concatenate([above, below]).astype(np.float64)
