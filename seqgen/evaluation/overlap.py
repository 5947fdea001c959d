"""Overlapping areas: is a set as far from another as that is from itself? (Yang and Lerch 2020)

Of one feature, the distances of all pairs of windows within the real set have a density p, those from each
real window to each other one a density q; both are estimated with Gaussian kernels of Scott's width. The
overlapping area is the integral of min(p, q): 1 if the sets are alike, and less the less they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.bootstrap import bootstrap_groups, one_by_one, side_by_side
from seqgen.evaluation.figure import Interval

MOST = 200
"""windows of a set that are paired"""
BINS = 256
DRAWS = 100


def overlap_area(
    real: np.ndarray, others: np.ndarray, seed: int, groups: np.ndarray | None = None, draws: int = DRAWS
) -> Interval:
    """Of a feature, [N, K] and [M, K]: distances are Euclidean. Windows beyond MOST of a set are left out.

    Args:
        groups: of the real windows, [N]: those of one group are drawn together, and are no pair.

    Raises:
        ValueError: for fewer than 3 real windows, or fewer than 2 others.
    """
    for name, part, fewest in (("real", real, 3), ("others", others, 2)):
        if part.ndim != 2 or len(part) < fewest:
            raise ValueError(f"{name}: expected at least {fewest} rows [N, K], got shape {part.shape}")
    rng = np.random.default_rng(seed)
    rows, more = (np.sort(rng.permutation(len(part))[:MOST]) for part in (real, others))
    a, b, group = real[rows], others[more], one_by_one(len(real), groups)[rows]
    first, second = np.triu_indices(len(a), 1)
    apart = group[first] != group[second]
    first, second = first[apart], second[apart]
    if not len(first):
        raise ValueError("groups: expected at least 2 different ones")
    within = np.sqrt(((a[first] - a[second]) ** 2).sum(axis=1))
    across = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1)).ravel()
    axis = _axis(within, across)
    place, places = axis.place(within), axis.place(across)

    def statistic(weights: Float[np.ndarray, "K R"]) -> Float[np.ndarray, " K"]:
        areas = []
        for row in weights:
            one, two = row[: len(a)], row[len(a) :]
            pairs = one[first] * one[second]
            if not pairs.any():  # all draws are of one group
                areas.append(np.nan)
                continue
            p = axis.density(place, pairs)
            q = axis.density(places, np.outer(one, two).ravel())
            areas.append(np.minimum(p, q).sum())
        return np.array(areas)

    return bootstrap_groups(statistic, side_by_side(group, np.arange(len(b))), seed, draws)


class Axis(NamedTuple):
    """Bins of equal width over all distances, with room for the kernels on either side."""

    start: float
    width: float

    def place(self, values: np.ndarray) -> np.ndarray:
        """The bin of each."""
        return ((values - self.start) / self.width).astype(np.int64)

    def density(self, place: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Probabilities [BINS] of weighted values in their bins, smoothed."""
        counts = np.bincount(place, weights, BINS) / weights.sum()
        centre = np.arange(BINS) * self.width
        spread = np.sqrt(max(counts @ (centre - counts @ centre) ** 2, 0.0))
        effective = weights.sum() ** 2 / (weights @ weights)
        kernel = max(spread * effective**-0.2, self.width)
        offset = np.arange(-BINS + 1, BINS) * self.width / kernel
        smooth = np.convolve(counts, np.exp(-0.5 * offset**2))[BINS - 1 : 2 * BINS - 1]
        return smooth / smooth.sum()


def _axis(*values: np.ndarray) -> Axis:
    low, high = (float(edge([edge(part) for part in values])) for edge in (np.min, np.max))
    room = 0.25 * (high - low) + 1e-6
    return Axis(low - room, (high - low + 2 * room) / BINS * (1 + 1e-9))
