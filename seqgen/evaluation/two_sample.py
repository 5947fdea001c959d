"""Can a classifier tell two sets of feature rows apart? (Lopez-Paz and Oquab 2017, arXiv:1610.06545)

A network of one hidden layer is trained on four fifths of both sets and judged on the last, five times over;
its balanced accuracy on rows it has not seen is 0.5 where the sets are alike and 1 where they never mix.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqgen.evaluation.bootstrap import bootstrap_groups, one_by_one, side_by_side
from seqgen.evaluation.figure import Interval

FOLDS = 5
HIDDEN = 16
STEPS = 150
RATE = 0.02
DECAY = 0.01


def two_sample_test(
    rows: np.ndarray,
    others: np.ndarray,
    seed: int,
    groups: np.ndarray | None = None,
    other_groups: np.ndarray | None = None,
) -> Interval:
    """Balanced accuracy of telling rows [N, F] from [M, F], cross-fitted.

    Args:
        seed: of the folds, the networks and the interval.
        groups, other_groups: of the rows, [N] and [M]; one group is in one fold, and drawn together.

    Raises:
        ValueError: for fewer rows than folds.
    """
    for name, part in (("rows", rows), ("others", others)):
        if len(part) < FOLDS:
            raise ValueError(f"{name}: expected at least {FOLDS}, got {len(part)}")
    everything = np.concatenate([rows, others])
    own = np.arange(len(everything)) < len(rows)
    rng = np.random.default_rng(seed)
    number = side_by_side(one_by_one(len(rows), groups), one_by_one(len(others), other_groups))
    fold = folds_of(number, rng)
    right = (cross_fit(everything, own, fold, seed) > 0) == own

    def statistic(weights: Float[np.ndarray, "K R"]) -> Float[np.ndarray, " K"]:
        one, two = weights[:, own], weights[:, ~own]
        with np.errstate(invalid="ignore"):
            return (one @ right[own] / one.sum(axis=1) + two @ right[~own] / two.sum(axis=1)) / 2

    return bootstrap_groups(statistic, number, seed)


def folds_of(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fold 0 .. FOLDS - 1 for each row, the same for all rows of a group; groups fill them evenly."""
    names, number = np.unique(groups, return_inverse=True)
    return (rng.permutation(len(names)) % FOLDS)[number]


def cross_fit(rows: np.ndarray, own: np.ndarray, fold: np.ndarray, seed: int) -> Float[np.ndarray, " R"]:
    """The logit of being `own` [R] for each row [R, F], from the network that has not seen its fold."""
    x = torch.from_numpy(_standardised(rows)).float()
    target = torch.from_numpy(own).float()
    seen = torch.from_numpy(fold[None] != np.arange(FOLDS)[:, None]).float()
    weight = torch.stack([_balanced(target, mask) for mask in seen])
    rng = Generator().manual_seed(seed)
    parameters = [
        (torch.randn(FOLDS, x.shape[1], HIDDEN, generator=rng) * x.shape[1] ** -0.5).requires_grad_(),
        torch.zeros(FOLDS, 1, HIDDEN, requires_grad=True),
        (torch.randn(FOLDS, HIDDEN, 1, generator=rng) * HIDDEN**-0.5).requires_grad_(),
        torch.zeros(FOLDS, 1, 1, requires_grad=True),
    ]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    with torch.enable_grad():
        for _ in range(STEPS):
            optimizer.zero_grad()
            logit = _network(x, parameters)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logit, target.expand_as(logit), weight, reduction="sum"
            )
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        judged = _network(x, parameters).numpy()
    return judged[fold, np.arange(len(rows))]


def _network(x: Tensor, parameters: list[Tensor]) -> Tensor:
    into, bias, out, shift = parameters
    return ((torch.relu(x @ into + bias)) @ out + shift)[..., 0]


def _balanced(target: Tensor, mask: Tensor) -> Tensor:
    """Weights of the rows in the mask: both sets count half."""
    own, other = target * mask, (1 - target) * mask
    return 0.5 * own / own.sum().clamp(min=1) + 0.5 * other / other.sum().clamp(min=1)


def _standardised(rows: np.ndarray) -> np.ndarray:
    spread = rows.std(axis=0)
    return (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)
