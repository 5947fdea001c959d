"""Monotonic attention: each query stops at one frame at or after the stop of the query before it.

At frame j query i stops with probability p_ij = sigmoid(energy); otherwise it looks at frame j + 1. In
training the stop is a random variable, and its distribution alpha is exact
(`seqgen.kernels.expected_alignment`); in streaming a frame is a stop where p is above a threshold. What is
read then:

* hard: the frame of the stop (Raffel et al. 2017, arXiv:1704.00784);
* mocha: a softmax over the `chunk` frames that end there (Chiu and Raffel 2018, arXiv:1712.05382);
* milk: a softmax over all frames up to there (Arivazhagan et al. 2019, arXiv:1906.05218).

The end of a source: with `stop_at_end` the last frame of a closed source is a stop for every query, so no
probability is lost, and a hard row always finds a frame. Without it a query that stops nowhere reads zeros.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqgen.core.attention import Attention, visible_softmax
from seqgen.core.energy import DotEnergy, MonotonicEnergy
from seqgen.core.memory import Memory, columns, empty_memory, extend_memory
from seqgen.core.state import where
from seqgen.kernels import (
    chunkwise_attention,
    expected_alignment,
    expected_alignment_from_logits,
    lookback_attention,
)

Kind = Literal["hard", "mocha", "milk"]


class ExpectedState(NamedTuple):
    """Where the last query stopped, as a distribution."""

    memory: Memory
    alignment: Tensor
    """[B, S]"""
    sharp: Tensor
    """[B] rows whose p are 0 or 1 in the forward pass, with the gradient of the p below (straight-through;
    Bengio et al. 2013): the alignment's gradient is exact there too"""


class HardState(NamedTuple):
    """Where the last query stopped."""

    memory: Memory
    start: Tensor
    """[B] frame at which the next look begins, counted from the start of the source"""
    stop: Tensor
    """[B] frame at which the last query stopped; -1 before the first stop"""
    threshold: Tensor
    """[B] energy from which on a frame is a stop; 0 is a probability of one half"""
    waiting: Tensor
    """[B] the last query found no stop, and more source may come"""


class MonotonicAttention(Attention):
    """Hard monotonic attention, MoChA or MILk. `noise` is the standard deviation of the Gaussian noise on the
    energies in training, which makes them move away from 0: decisions become discrete.

    look_back bounds what a milk row reads in streaming, so that an endless source does not fill the memory.
    """

    def __init__(
        self,
        query_size: int,
        value_size: int,
        width: int,
        kind: Kind,
        chunk: int = 1,
        scale: float = 0.6,
        offset: float = -1.0,
        noise: float = 2.0,
        stop_at_end: bool = True,
        look_back: int = 1024,
    ):
        super().__init__()
        self.query_size = self.input_size = query_size
        self.value_size = self.output_size = value_size
        self.kind, self.noise, self.stop_at_end = kind, noise, stop_at_end
        self.chunk = chunk
        self.window = {"hard": 1, "mocha": chunk, "milk": look_back}[kind]
        self.stopping = MonotonicEnergy(query_size, value_size, width, scale, offset)
        self.content = None if kind == "hard" else DotEnergy(query_size, value_size, value_size)

    def init_state(
        self, batch_size: int, cond: Float[Tensor, "B Z"], hard: bool = False
    ) -> ExpectedState | HardState:
        sizes: tuple[int, ...] = (self.value_size, self.stopping.width)
        if self.content is not None:
            sizes = (*sizes, self.content.width)
        memory = empty_memory(batch_size, sizes, cond)
        none = torch.zeros_like(memory.length)
        if not hard:
            return ExpectedState(memory, cond.new_zeros(batch_size, 0), none.bool())
        threshold = cond.new_zeros(batch_size)
        return HardState(memory, none, none - 1, threshold, none.bool())

    def extend(
        self,
        state: ExpectedState | HardState,
        values: Float[Tensor, "B N D"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
        unit: Int[Tensor, "B N"] | None = None,
    ) -> ExpectedState | HardState:
        tracks: tuple[Tensor, ...] = (values, self.stopping.key(values))
        if self.content is not None:
            tracks = (*tracks, self.content.key(values))
        if isinstance(state, HardState):  # no stop to come lies before `start`, no window begins before this
            back = state.start - self.window + 1
            memory = extend_memory(state.memory, tracks, lengths, closed, unit, back)
            return state._replace(memory=memory)
        memory = extend_memory(state.memory, tracks, lengths, closed, unit)
        fresh = memory.unit.shape[1] - state.alignment.shape[1]
        alignment = torch.nn.functional.pad(state.alignment, (0, fresh))
        if state.alignment.shape[1] == 0:  # before the first query all mass waits at the first frame
            alignment = torch.nn.functional.one_hot(torch.zeros_like(memory.length), fresh).to(alignment)
        return state._replace(memory=memory, alignment=alignment)

    def align(
        self,
        x: Float[Tensor, "B T I"],
        state: ExpectedState | HardState,
        lengths: Int[Tensor, "B"] | None = None,
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], ExpectedState | HardState]:
        if isinstance(state, ExpectedState):
            return self._expected(x, state, lengths)
        return self._hard(x, state, lengths)

    def _expected(
        self, x: Float[Tensor, "B T I"], state: ExpectedState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], ExpectedState]:
        memory = state.memory
        energy = self.stopping(x, memory.tracks[1])
        energy = energy.to(torch.promote_types(energy.dtype, torch.float32))
        if self.training and self.noise:
            energy = energy + self.noise * torch.randn_like(energy)
        if self.stop_at_end:
            energy = energy.masked_fill(memory.end[:, None], math.inf)
        before = state.alignment.to(energy.dtype)
        if bool(state.sharp.any()):
            p = energy.sigmoid()
            sharp = state.sharp[:, None, None]
            p = torch.where(sharp, p + ((energy >= 0).to(p.dtype) - p).detach(), p)
            alpha, final = expected_alignment(p, before, memory.length, lengths, return_final=True)
        else:
            alpha, final = expected_alignment_from_logits(
                energy, before, memory.length, lengths, return_final=True
            )
        beta = alpha
        if self.content is not None:
            content = self.content(x, memory.tracks[2]).to(energy.dtype)
            content = content.masked_fill(~memory.valid[:, None], -math.inf)
            if self.kind == "milk":
                beta = lookback_attention(alpha, content)
            else:
                beta = chunkwise_attention(alpha, content, self.chunk)
        values = memory.values
        return torch.bmm(beta.to(values.dtype), values), alpha, state._replace(alignment=final)

    def _hard(
        self, x: Float[Tensor, "B T I"], state: HardState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], HardState]:
        contexts, alphas = [], []
        active = torch.ones_like(state.waiting)
        for t, query in enumerate(x.split(1, 1)):
            if lengths is not None:
                active = lengths > t
            context, alpha, new = self._look(query, state)
            moved = active & ~state.waiting if t else active  # a row that waits stays where it is
            state = where(moved, new, state)
            contexts.append(context)
            alphas.append(alpha)
        return torch.cat(contexts, 1), torch.cat(alphas, 1), state

    def _look(
        self, query: Float[Tensor, "B 1 I"], state: HardState
    ) -> tuple[Float[Tensor, "B 1 D"], Float[Tensor, "B 1 S"], HardState]:
        """One query of every row: find its stop, and read there."""
        memory = state.memory
        frame = memory.offset[:, None] + columns(memory)  # [B, S]
        ahead = memory.valid & (frame >= state.start[:, None])
        energy = self.stopping(query, memory.tracks[1])[:, 0]
        stops = ahead & (energy >= state.threshold[:, None])
        if self.stop_at_end:
            stops = stops | (ahead & memory.end)
        alpha = (stops & (stops.long().cumsum(1) == 1)).to(energy.dtype)  # [B, S] the first stop
        found = stops.any(1)
        stop = torch.where(found, (alpha * columns(memory)).sum(1).long() + memory.offset, state.stop)
        weights = alpha
        if self.content is not None:
            seen = (frame <= stop[:, None]) & (frame > stop[:, None] - self.window) & memory.valid
            scores = self.content(query, memory.tracks[2])
            weights = visible_softmax(scores, (seen & found[:, None])[:, None])[:, 0]
        context = torch.bmm(weights[:, None].to(memory.values.dtype), memory.values)
        end = memory.offset + memory.length
        new = state._replace(
            start=torch.where(found, stop, torch.maximum(state.start, end)),
            stop=stop,
            waiting=~found & ~memory.closed,
        )
        return context, alpha[:, None], new

    def waiting(self, state: ExpectedState | HardState) -> Bool[Tensor, "B"]:
        if isinstance(state, HardState):
            return state.waiting
        return torch.zeros_like(state.memory.closed)

    def position(self, state: HardState) -> Int[Tensor, "B"]:
        return state.stop

    def move_on(self, state: HardState, rows: Bool[Tensor, "B"]) -> HardState:
        return state._replace(start=torch.where(rows, state.stop + 1, state.start))
