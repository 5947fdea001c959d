"""State: a tree of tensors, batch first, that is an argument and a result and never an attribute.

A state is a tensor, or a NamedTuple (or tuple) of states. Every tensor in it has the batch as its first
dimension, so whole-state operations are one-line maps over the leaves: they serve beam search (`select`),
resets and finished rows (`where`), and static buffers (`copy_`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

State = Any  # a tensor or a (named) tuple of states; Python's type system cannot say "same shape of tree"


def tree_map(function: Callable[..., Tensor], state: State, *others: State) -> State:
    """Apply `function` leaf by leaf to states of one structure."""
    if isinstance(state, Tensor):
        return function(state, *others)
    parts = [tree_map(function, *branch) for branch in zip(state, *others, strict=True)]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def leaves(state: State) -> Iterator[Tensor]:
    """The tensors of a state, depth first."""
    if isinstance(state, Tensor):
        yield state
    else:
        for branch in state:
            yield from leaves(branch)


def select(state: State, index: Int[Tensor, "K"]) -> State:
    """Rows `index` of a state: reorder a beam, evict a row, repeat one."""
    return tree_map(lambda leaf: leaf.index_select(0, index), state)


def where(mask: Bool[Tensor, "B"], new: State, old: State) -> State:
    """Row by row, `new` where the mask is true and `old` elsewhere."""

    def choose(a: Tensor, b: Tensor) -> Tensor:
        if a is b:  # what a step does not touch, such as a memory, is not copied
            return a
        return torch.where(mask.view(-1, *[1] * (a.dim() - 1)), a, b)

    return tree_map(choose, new, old)


def clone(state: State) -> State:
    """A copy that shares no memory."""
    return tree_map(torch.clone, state)


def copy_(target: State, source: State) -> None:
    """Overwrite the tensors of `target` in place (static buffers of a captured graph)."""
    for into, out_of in zip(leaves(target), leaves(source), strict=True):
        into.copy_(out_of)
