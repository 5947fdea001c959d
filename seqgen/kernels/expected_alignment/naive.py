"""Expected monotonic alignment as it is defined (Raffel et al. 2017, equations 8 to 10)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def expected_alignment(
    p: Float[Tensor, "B U S"],
    n: Float[Tensor, "B U S"],
    previous: Float[Tensor, "B S"],
    target_lengths: Int[Tensor, "B"],
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    """Alpha and its final row, from p (0 in padding) and n = 1 - p."""
    if not p.numel():
        return p, previous
    rows, final = [], previous
    for i in range(p.shape[1]):
        alpha, passed = [], torch.zeros_like(previous[:, 0])
        for j in range(p.shape[2]):
            q = passed + previous[:, j]  # the probability that the search of row i gets to column j
            alpha.append(p[:, i, j] * q)
            passed = n[:, i, j] * q
        previous = torch.stack(alpha, 1)
        final = torch.where((i < target_lengths)[:, None], previous, final)
        rows.append(previous)
    return torch.stack(rows, 1), final
