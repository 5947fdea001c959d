"""Does each number of the code tell of one factor, and is each factor told by one number?

With codes z [N, Z] of examples whose factors v [N, K] are known and independent:

    MIG         mean over k of (I(z_a; v_k) - I(z_b; v_k)) / H(v_k), a and b the two numbers that tell most of
                v_k (Chen et al. 2018, arXiv:1802.04942), with z_j in 20 bins of equal width
    SAP         mean over k of s_ak - s_bk, s_jk the share of the variance of z_j that lies between the values
                of v_k, R^2 of z_j on v_k (Kumar et al. 2018, arXiv:1711.00848, whose score of a factor
                without order is a classifier's)
    modularity  mean over the active j of 1 - sum over k other than k* of I(z_j; v_k)^2 /
                (I(z_j; v_k*)^2 (K - 1)), k* the factor that z_j tells most of (Ridgeway and Mozer 2018,
                arXiv:1802.05312)

All lie in 0 .. 1, and are 1 for a code that is the factors. Information is estimated from counts, which finds
some where there is none: a code that tells nothing has a modularity well above 0. So the same figures of the
same codes, dealt to other examples, belong beside them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

BINS = 20
ACTIVE = 0.01
"""variance above which a number of the code counts for modularity (Burda et al. 2016)"""


class Scores(NamedTuple):
    """Each in 0 .. 1."""

    mig: float
    sap: float
    modularity: float


class Tables(NamedTuple):
    """Codes and factors as indicators, so that weighted counts are a product."""

    bins: np.ndarray
    """[N, Z, BINS] float32: which bin each number is in"""
    values: np.ndarray
    """[N, V] float32: which value each factor has, the factors side by side"""
    sizes: list[int]
    """V of each factor"""
    codes: np.ndarray
    """[N, Z]"""


def tabulate(codes: Float[np.ndarray, "N Z"], factors: Int[np.ndarray, "N K"]) -> Tables:
    """Raises ValueError for codes that are not finite, or as many factors as examples or more."""
    if len(codes) <= factors.shape[1] or not np.isfinite(codes).all():
        raise ValueError(f"codes: expected finite numbers of more than {factors.shape[1]} examples")
    low, high = codes.min(axis=0), codes.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    place = np.minimum(((codes - low) / width * BINS).astype(np.int64), BINS - 1)
    parts = []
    for column in factors.T:
        _, number = np.unique(column, return_inverse=True)
        parts.append(np.eye(number.max() + 1, dtype=np.float32)[number])
    values = np.concatenate(parts, axis=1)
    return Tables(np.eye(BINS, dtype=np.float32)[place], values, [part.shape[1] for part in parts], codes)


def scores(tables: Tables, weights: Float[np.ndarray, " N"] | None = None) -> Scores:
    """All three; `weights` count examples several times."""
    count = np.ones(len(tables.codes)) if weights is None else weights
    info, entropy = information(tables, count)
    share = between(tables, count)
    active = tables.codes.var(axis=0) > ACTIVE
    return Scores(float((_gap(info) / entropy).mean()), float(_gap(share).mean()), _modularity(info[active]))


def information(
    tables: Tables, weights: Float[np.ndarray, " N"]
) -> tuple[Float[np.ndarray, "Z K"], Float[np.ndarray, " K"]]:
    """I(z_j; v_k) and H(v_k), in nats."""
    count, size, bins = tables.bins.shape
    weighted = (tables.values * weights[:, None]).astype(np.float32)
    joint = (tables.bins.reshape(count, -1).T @ weighted).reshape(size, bins, -1) / weights.sum()
    info, entropy, start = [], [], 0
    for values in tables.sizes:
        part = joint[..., start : start + values].astype(np.float64)
        start += values
        h_v = _entropy(part.sum(axis=1)[:1])[0]
        info.append(_entropy(part.sum(axis=2)) + h_v - _entropy(part.reshape(size, -1)))
        entropy.append(h_v)
    return np.maximum(np.stack(info, axis=1), 0), np.array(entropy)


def between(tables: Tables, weights: Float[np.ndarray, " N"]) -> Float[np.ndarray, "Z K"]:
    """The share of the variance of each number that lies between the values of each factor."""
    weighted = tables.values * weights[:, None]
    total = weights.sum()
    centred = tables.codes - weights @ tables.codes / total
    variance = weights @ centred**2 / total
    sums, masses = centred.T @ weighted, weighted.sum(axis=0)
    explained = sums**2 / np.maximum(masses, 1e-12) / total
    edges = np.cumsum([0, *tables.sizes])
    parts = [explained[:, a:b].sum(axis=1) for a, b in pairwise(edges)]
    return np.stack(parts, axis=1) / np.where(variance > 1e-12, variance, np.inf)[:, None]


def _gap(score: Float[np.ndarray, "Z K"]) -> Float[np.ndarray, " K"]:
    """How far the best number is above the next, for each factor; a single number is alone."""
    ordered = np.sort(np.concatenate([np.zeros_like(score[:1]), score]), axis=0)
    return ordered[-1] - ordered[-2]


def _modularity(info: Float[np.ndarray, "Z K"]) -> float:
    squares = info**2
    best = squares.max(axis=1, initial=0)
    told = best > 0
    if not told.any() or info.shape[1] < 2:
        return 0.0
    rest = (squares.sum(axis=1) - best)[told] / (best[told] * (info.shape[1] - 1))
    return float((1 - rest).sum() / len(info))


def _entropy(p: Float[np.ndarray, "R C"]) -> Float[np.ndarray, " R"]:
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)
