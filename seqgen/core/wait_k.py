"""Wait-k: a fixed policy that stays k words behind (Ma et al. 2019, arXiv:1810.08398)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqgen.core.attention import Attention, visible_softmax
from seqgen.core.energy import DotEnergy
from seqgen.core.memory import Memory, empty_memory, extend_memory


class WaitKState(NamedTuple):
    memory: Memory
    lag: Tensor
    """[B] k"""
    written: Tensor
    """[B] target units that are complete"""
    seen: Tensor
    """[B] source units that the last query saw"""
    waiting: Tensor
    """[B] the last query needs more source"""


class WaitK(Attention):
    """Softmax over the first k + n units of the source, where n target units are complete.

    The last number of every query is 1 where the token before it ended a target unit, else 0. k is part of
    the state, one a row, so a model can be trained on many at once (Elbayad et al. 2020).
    """

    def __init__(self, query_size: int, value_size: int, width: int, lag: int):
        super().__init__()
        self.query_size, self.input_size = query_size, query_size + 1
        self.value_size = self.output_size = value_size
        self.lag = lag
        self.content = DotEnergy(query_size, value_size, width)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"], hard: bool = False) -> WaitKState:
        memory = empty_memory(batch_size, (self.value_size, self.content.width), cond)
        none = torch.zeros_like(memory.length)
        return WaitKState(memory, none + self.lag, none, none, none.bool())

    def extend(
        self,
        state: WaitKState,
        values: Float[Tensor, "B N D"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
        unit: Int[Tensor, "B N"] | None = None,
    ) -> WaitKState:
        """A unit arrives as a whole: no `extend` ends in the middle of one."""
        tracks = (values, self.content.key(values))
        return state._replace(memory=extend_memory(state.memory, tracks, lengths, closed, unit))

    def align(
        self, x: Float[Tensor, "B T I"], state: WaitKState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], WaitKState]:
        memory = state.memory
        values, key = memory.tracks
        T = x.shape[1]
        count = x.new_full((len(x),), T, dtype=torch.long) if lengths is None else lengths
        written = state.written[:, None] + x[..., -1].long().cumsum(1)  # [B, T]
        there = (
            torch.where(memory.valid, memory.unit + 1, 0).amax(1) if memory.unit.shape[1] else memory.length
        )
        limit = state.lag[:, None] + written
        enough = (limit <= there[:, None]) | memory.closed[:, None]
        done = torch.minimum(enough.long().cumprod(1).sum(1), count)  # frames that the row advances
        visible = (memory.unit[:, None] < limit[..., None]) & memory.valid[:, None]
        weights = visible_softmax(self.content(x[..., :-1], key), visible)
        last = (done - 1).clamp(min=0)[:, None]
        seen = torch.minimum(limit.gather(1, last)[:, 0], there)
        new = WaitKState(
            memory,
            state.lag,
            torch.where(done > 0, written.gather(1, last)[:, 0], state.written),
            torch.where(done > 0, seen, state.seen),
            done < count,
        )
        return torch.bmm(weights.to(values.dtype), values), weights, new

    def waiting(self, state: WaitKState) -> Bool[Tensor, "B"]:
        return state.waiting

    def position(self, state: WaitKState) -> Int[Tensor, "B"]:
        seen = state.memory.valid & (state.memory.unit < state.seen[:, None])
        return state.memory.offset + seen.sum(1) - 1

    def move_on(self, state: WaitKState, rows: Bool[Tensor, "B"]) -> WaitKState:
        return state._replace(lag=state.lag + rows.long())
