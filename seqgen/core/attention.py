"""What all attentions share, and soft attention over a whole source."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqgen.core.energy import DotEnergy
from seqgen.core.memory import Memory, empty_memory, extend_memory
from seqgen.core.sequence import SequenceModule


class Attention(SequenceModule):
    """A sequence module from queries to contexts, whose state holds a memory that may grow.

    A query that needs more source than there is makes its row wait: the row does not advance, and `waiting`
    says so until `extend` brings what it needs.
    """

    query_size: int
    value_size: int

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"], hard: bool = False) -> Any:
        """Before any source. cond: only its dtype and device count.

        hard: make the decisions of streaming; otherwise expectations over them, which can be trained.
        """
        raise NotImplementedError

    def extend(
        self,
        state: Any,
        values: Float[Tensor, "B N D"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
        unit: Int[Tensor, "B N"] | None = None,
    ) -> Any:
        """READ: source frames arrive. Arguments as in `extend_memory`; a closed row gets no more."""
        raise NotImplementedError

    def align(
        self, x: Float[Tensor, "B T I"], state: Any, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], Any]:
        """`forward`, and the probability that each query stops at each column of the memory."""
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "B T I"], state: Any, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Any]:
        y, _, state = self.align(x, state, lengths)
        return y, state

    def waiting(self, state: Any) -> Bool[Tensor, "B"]:
        """Rows whose last query needs more source."""
        raise NotImplementedError

    def position(self, state: Any) -> Int[Tensor, "B"]:
        """The last frame, counted from the start of the source, that the last query could see."""
        raise NotImplementedError

    def move_on(self, state: Any, rows: Bool[Tensor, "B"]) -> Any:
        """READ on purpose: in these rows the next query looks beyond `position`."""
        raise NotImplementedError


class SoftState(NamedTuple):
    memory: Memory


class SoftAttention(Attention):
    """Softmax over the whole source (Bahdanau et al. 2015): it can only begin when the source has ended."""

    def __init__(self, query_size: int, value_size: int, width: int):
        super().__init__()
        self.query_size = self.input_size = query_size
        self.value_size = self.output_size = value_size
        self.content = DotEnergy(query_size, value_size, width)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"], hard: bool = False) -> SoftState:
        return SoftState(empty_memory(batch_size, (self.value_size, self.content.width), cond))

    def extend(
        self,
        state: SoftState,
        values: Float[Tensor, "B N D"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
        unit: Int[Tensor, "B N"] | None = None,
    ) -> SoftState:
        tracks = (values, self.content.key(values))
        return SoftState(extend_memory(state.memory, tracks, lengths, closed, unit))

    def align(
        self, x: Float[Tensor, "B T I"], state: SoftState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], SoftState]:
        values, key = state.memory.tracks
        weights = visible_softmax(self.content(x, key), state.memory.valid[:, None])
        return torch.bmm(weights.to(values.dtype), values), weights, state

    def waiting(self, state: SoftState) -> Bool[Tensor, "B"]:
        return ~state.memory.closed

    def position(self, state: SoftState) -> Int[Tensor, "B"]:
        return state.memory.offset + state.memory.length - 1

    def move_on(self, state: SoftState, rows: Bool[Tensor, "B"]) -> SoftState:
        return state


def visible_softmax(
    energy: Float[Tensor, "B T S"], visible: Bool[Tensor, "B #T S"]
) -> Float[Tensor, "B T S"]:
    """Softmax over what is visible; zeros where nothing is."""
    some = visible.any(-1, keepdim=True)
    return energy.masked_fill(~visible & some, -math.inf).softmax(-1) * some
