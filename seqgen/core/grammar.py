"""Grammars: which tokens may follow, so that what is drawn is well formed and not merely likely to be.

A grammar follows a decoder with a state of its own, an argument and a result as every state is. A token that
it does not allow has no probability; those that it allows keep their proportions.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from seqgen.core.state import State, tree_map


@runtime_checkable
class Grammar(Protocol):
    """Rows side by side, without a loop over them. In every state it reaches some token is allowed."""

    def init_state(self, batch_size: int, device: torch.device) -> State:
        """The state before the first token."""
        ...

    def allowed(self, state: State) -> Bool[Tensor, "B V"]:
        """The tokens that may come next."""
        ...

    def advance(self, state: State, token: Int[Tensor, "B"]) -> State:
        """The state after a token that was allowed."""
        ...

    def filling(self, state: State) -> Bool[Tensor, "B"]:
        """Rows in which the next token only fills up what has ended: a decoder reads it as blank."""
        ...

    def split(self, state: State, steps: int, lanes: int) -> State | None:
        """The next `steps` tokens as `lanes` rows a row that know nothing of each other, row-major; None if
        they do."""
        ...

    def join(self, state: State, lanes: State, steps: int) -> State:
        """The state after `steps` tokens, from lanes that have run to their end."""
        ...


def follow(grammar: Grammar, state: State, token: Int[Tensor, "B T"]) -> State:
    """The state after tokens that were drawn, or given, elsewhere."""
    for one in token.unbind(1):
        state = grammar.advance(state, one)
    return state


class UntilEndState(NamedTuple):
    position: Tensor
    """[B] tokens since the segment began"""
    ended: Tensor
    """[B] bool"""


class UntilEnd:
    """Segments of `segment` tokens in which nothing follows an `end` but more of it."""

    def __init__(self, vocabulary_size: int, end: int, segment: int):
        self.vocabulary_size, self.end, self.segment = vocabulary_size, end, segment

    def init_state(self, batch_size: int, device: torch.device) -> UntilEndState:
        zero = torch.zeros(batch_size, dtype=torch.long, device=device)
        return UntilEndState(zero, zero.bool())

    def allowed(self, state: UntilEndState) -> Bool[Tensor, "B V"]:
        token = torch.arange(self.vocabulary_size, device=state.ended.device)
        return ~state.ended[:, None] | (token == self.end)

    def advance(self, state: UntilEndState, token: Int[Tensor, "B"]) -> UntilEndState:
        position = (state.position + 1) % self.segment
        return UntilEndState(position, (state.ended | (token == self.end)) & (position > 0))

    def filling(self, state: UntilEndState) -> Bool[Tensor, "B"]:
        return state.ended

    def split(self, state: UntilEndState, steps: int, lanes: int) -> UntilEndState | None:
        if steps != lanes * self.segment or bool(state.position.any()):
            return None
        return tree_map(lambda leaf: leaf.repeat_interleave(lanes, 0), state)

    def join(self, state: UntilEndState, lanes: UntilEndState, steps: int) -> UntilEndState:
        return last_lanes(lanes, len(state.position))


def last_lanes(lanes: State, batch_size: int) -> State:
    """The state of each row's last lane."""
    return tree_map(lambda leaf: leaf.unflatten(0, (batch_size, -1))[:, -1], lanes)
