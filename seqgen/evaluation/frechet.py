"""Frechet distance between two sets of feature rows, each taken as Gaussian (Dowson and Landau 1982).

    d = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)),

the squared 2-Wasserstein distance of N(m1, C1) and N(m2, C2), that Heusel et al. (2017) made popular. A few
hundred rows make a poor covariance, so it is shrunk towards a multiple of the identity by as much as Ledoit
and Wolf (2004, J. Multivariate Analysis 88) derive.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.bootstrap import SHARE, one_by_one
from seqgen.evaluation.figure import Interval

DRAWS = 200


def frechet_distance(
    rows: np.ndarray, others: np.ndarray, weights: np.ndarray | None = None, more: np.ndarray | None = None
) -> float:
    """Of rows [N, F] and [M, F]; `weights` [N] and `more` [M] count them several times."""
    (m1, c1), (m2, c2) = moments(rows, weights), moments(others, more)
    value, vector = np.linalg.eigh(c1)
    root = vector * np.sqrt(np.maximum(value, 0)) @ vector.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ c2 @ root), 0)).sum()
    return float(max(((m1 - m2) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * cross, 0.0))


def moments(
    rows: np.ndarray, weights: np.ndarray | None = None
) -> tuple[Float[np.ndarray, " F"], Float[np.ndarray, "F F"]]:
    """The mean of rows [N, F] and their Ledoit-Wolf covariance.

    Raises:
        ValueError: for fewer than 2 rows, or numbers that are not finite.
    """
    if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
        raise ValueError(f"rows: expected finite numbers [N, F], N at least 2, got shape {rows.shape}")
    count = np.ones(len(rows)) if weights is None else weights
    total, size = count.sum(), rows.shape[1]
    mean = count @ rows / total
    centred = rows - mean
    covariance = (centred * count[:, None]).T @ centred / total
    level = np.trace(covariance) / size
    spread = (covariance**2).sum() - size * level**2  # |S - level I|^2
    noise = (count @ (centred**2).sum(axis=1) ** 2 / total - (covariance**2).sum()) / total
    shrink = min(max(noise, 0.0) / spread, 1.0) if spread > 0 else 0.0
    return mean, (1 - shrink) * covariance + shrink * level * np.eye(size)


def frechet_interval(
    rows: np.ndarray, others: np.ndarray, seed: int, groups: np.ndarray | None = None, draws: int = DRAWS
) -> Interval:
    """The distance with a bootstrap interval over the rows of both; `groups` [N] of the first go together.

    A resampled set is further from any other than the set itself (the distance has no negative values to even
    that out), so the draws are shifted by how much their mean exceeds the value.
    """
    value = frechet_distance(rows, others)
    rng = np.random.default_rng(seed)

    number = np.unique(one_by_one(len(rows), groups), return_inverse=True)[1]

    def weights(number: np.ndarray) -> np.ndarray:
        count = int(number.max()) + 1
        return rng.multinomial(count, np.full(count, 1 / count))[number].astype(np.float64)

    found = np.array(
        [
            frechet_distance(rows, others, weights(number), weights(np.arange(len(others))))
            for _ in range(draws)
        ]
    )
    tail = (1 - SHARE) / 2
    low, high = np.quantile(found - (found.mean() - value), [tail, 1 - tail])
    return Interval(value, float(max(low, 0.0)), float(high))
