"""What padding means to every version in torch: p is 0 there, so the search passes and nothing is aligned."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def valid(
    x: Float[Tensor, "B U S"],
    source_lengths: Int[Tensor, "B"] | None,
    target_lengths: Int[Tensor, "B"] | None,
) -> Bool[Tensor, "B U S"]:
    """Where a row's source and target have not ended."""
    _, U, S = x.shape
    on = torch.ones(x.shape, dtype=torch.bool, device=x.device)
    if source_lengths is not None:
        on &= (torch.arange(S, device=x.device) < source_lengths[:, None])[:, None]
    if target_lengths is not None:
        on &= (torch.arange(U, device=x.device) < target_lengths[:, None])[:, :, None]
    return on


def probabilities(
    x: Float[Tensor, "B U S"], on: Bool[Tensor, "B U S"], logits: bool
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B U S"]]:
    """p and 1 - p. From a logit e, 1 - p is sigmoid(-e): the difference would be 0 long before it is."""
    x = torch.where(on, x, 0)  # first of all: what stands in padding may be NaN, and so would the gradient be
    p = torch.where(on, x.sigmoid(), 0) if logits else x
    return p, torch.where(on, (-x).sigmoid(), 1) if logits else 1 - p
