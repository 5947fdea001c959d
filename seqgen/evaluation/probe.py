"""Linear probe: what of a label can be read off the code by a linear map? (Alain and Bengio 2016)

Multinomial logistic regression on the standardised code with an L2 penalty, fitted to four fifths of the
pieces and judged on the rest, five times over. Its accuracy is told beside that of the most frequent class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.evaluation.bootstrap import bootstrap_groups
from seqgen.evaluation.figure import Interval
from seqgen.evaluation.two_sample import FOLDS, folds_of

PENALTY = 1e-2
"""times |W|^2 / 2, beside the mean cross-entropy"""
ITERATIONS = 60


class Probe(NamedTuple):
    """Accuracies on pieces that were not learnt from."""

    accuracy: Interval
    majority: float
    """of always naming the class that is most frequent among the pieces that were learnt from"""


def linear_probe(codes: np.ndarray, label: np.ndarray, groups: np.ndarray, seed: int) -> Probe:
    """Predict label [N] (any values) from codes [N, Z]; windows of one of the groups [N] stay together.

    Raises:
        ValueError: for fewer than 2 classes, or fewer groups than folds.
    """
    names, target = np.unique(label, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"label: expected at least 2 classes, got {len(names)}")
    if len(np.unique(groups)) < FOLDS:
        raise ValueError(f"groups: expected at least {FOLDS} pieces, got {len(np.unique(groups))}")
    fold = folds_of(groups, np.random.default_rng(seed))
    guess, common = np.zeros_like(target), np.zeros_like(target)
    for number in range(FOLDS):
        seen, judged = fold != number, fold == number
        if not judged.any():
            continue
        common[judged] = np.bincount(target[seen], minlength=len(names)).argmax()
        guess[judged] = fit(codes[seen], target[seen], len(names))(codes[judged])
    right = (guess == target).astype(np.float64)

    def statistic(weights: Float[np.ndarray, "K N"]) -> Float[np.ndarray, " K"]:
        return weights @ right / weights.sum(axis=1)

    return Probe(bootstrap_groups(statistic, groups, seed), float((common == target).mean()))


class LinearMap(NamedTuple):
    """Codes to classes."""

    mean: np.ndarray
    spread: np.ndarray
    weight: Tensor
    """[Z + 1, C], the last row is the bias"""

    def __call__(self, codes: np.ndarray) -> Int[np.ndarray, " N"]:
        return (_augmented((codes - self.mean) / self.spread) @ self.weight).argmax(1).numpy()


def fit(codes: np.ndarray, target: np.ndarray, classes: int) -> LinearMap:
    """To the classes target [N], 0 .. classes - 1, by L-BFGS from 0; the loss is convex, nothing is drawn."""
    spread = codes.std(axis=0)
    mean, spread = codes.mean(axis=0), np.where(spread > 1e-6, spread, 1.0)
    x, y = _augmented((codes - mean) / spread), torch.from_numpy(target.astype(np.int64))
    weight = torch.zeros(x.shape[1], classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ weight, y) + PENALTY / 2 * (weight[:-1] ** 2).sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return LinearMap(mean, spread, weight.detach())


def _augmented(codes: np.ndarray) -> Tensor:
    x = torch.from_numpy(np.asarray(codes, np.float32))
    return torch.cat([x, torch.ones(len(x), 1)], dim=1)
