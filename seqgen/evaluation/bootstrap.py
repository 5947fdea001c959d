"""Percentile bootstrap over windows (Efron and Tibshirani 1993, ch. 13): how far is another test set?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.figure import Interval

DRAWS = 1000
SHARE = 0.95
AT_ONCE = 100
"""draws whose weights are in memory together"""


def bootstrap_mean(values: np.ndarray, seed: int, draws: int = DRAWS) -> Interval:
    """The mean of values [N], drawn with replacement.

    Raises:
        ValueError: for no values, or values that are not finite.
    """
    return bootstrap_ratio(values, np.ones(len(values)), seed, draws)


def bootstrap_ratio(above: np.ndarray, below: np.ndarray, seed: int, draws: int = DRAWS) -> Interval:
    """sum(above) / sum(below) of rows [N]: a share that is pooled over windows, or a ratio of two means.

    Raises:
        ValueError: for no rows, rows that are not finite, or a sum below of 0.
    """
    above, below = _rows("above", above), _rows("below", below)
    if len(above) != len(below):
        raise ValueError(f"below: expected {len(above)} rows, as above has, got {len(below)}")
    if not below.sum():
        raise ValueError("below: expected a sum that is not 0")

    def statistic(weights: Float[np.ndarray, "K N"]) -> Float[np.ndarray, " K"]:
        total = weights @ below
        return np.divide(weights @ above, total, out=np.full(len(weights), np.nan), where=total != 0)

    return bootstrap(statistic, len(above), seed, draws)


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray], rows: int, seed: int, draws: int = DRAWS
) -> Interval:
    """Of any statistic of weighted rows: `statistic` takes weights [K, N] >= 0 to values [K].

    Weights of 1 are the rows as they are. A draw that has no value (NaN) is left out.
    """
    if rows < 2:
        raise ValueError(f"rows: expected at least 2 for a bootstrap, got {rows}")
    rng = np.random.default_rng(seed)
    even = np.full(rows, 1 / rows)
    values = np.concatenate(
        [
            statistic(rng.multinomial(rows, even, size=min(AT_ONCE, draws - done)).astype(np.float64))
            for done in range(0, draws, AT_ONCE)
        ]
    )
    tail = (1 - SHARE) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return Interval(float(statistic(np.ones((1, rows)))[0]), float(low), float(high))


def bootstrap_groups(
    statistic: Callable[[np.ndarray], np.ndarray], groups: np.ndarray, seed: int, draws: int = DRAWS
) -> Interval:
    """As `bootstrap`, with whole groups of rows drawn: windows of one piece are no independent witnesses.

    Args:
        groups: of each row, numbers [N]. Where each row is a group of its own it is `bootstrap`.
    """
    names, number = np.unique(groups, return_inverse=True)
    return bootstrap(lambda weights: statistic(weights[:, number]), len(names), seed, draws)


def of_pieces(above: np.ndarray, below: np.ndarray, pieces: np.ndarray, seed: int) -> Interval:
    """As `bootstrap_ratio` of rows [N], with whole pieces drawn; of one piece alone its rows are drawn.

    pieces: the number [N] of each row's piece.
    """
    if len(np.unique(pieces)) == 1:
        return bootstrap_ratio(above, below, seed)
    _, number = np.unique(pieces, return_inverse=True)
    return bootstrap_ratio(np.bincount(number, above), np.bincount(number, below), seed)


def one_by_one(rows: int, groups: np.ndarray | None) -> np.ndarray:
    """Groups [N] as given, or each row in a group of its own.

    Raises:
        ValueError: unless there is one for each row.
    """
    if groups is None:
        return np.arange(rows)
    if groups.shape != (rows,):
        raise ValueError(f"groups: expected one for each of {rows} rows, got shape {groups.shape}")
    return groups


def side_by_side(groups: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The groups of two sets of rows, none of which is in both."""
    first, second = (np.unique(part, return_inverse=True)[1] for part in (groups, others))
    return np.concatenate([first, second + first.max(initial=-1) + 1])


def _rows(name: str, values: np.ndarray) -> np.ndarray:
    wide = np.asarray(values, np.float64)
    if wide.ndim != 1 or not len(wide) or not np.isfinite(wide).all():
        raise ValueError(f"{name}: expected finite numbers [N], N at least 1, got shape {wide.shape}")
    return wide
