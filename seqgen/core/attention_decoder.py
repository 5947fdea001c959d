"""LSTM, attention, LSTM: the core of a translator and of a recogniser."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqgen.core.attention import Attention
from seqgen.core.dropout import LockedDropout
from seqgen.core.linear import Linear
from seqgen.core.lstm import LSTM, LSTMState
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import where
from seqgen.core.wait_k import WaitK


class AttentionDecoderState(NamedTuple):
    lower: LSTMState
    attention: Any
    upper: LSTMState


class AttentionDecoder(SequenceModule):
    """A lower LSTM asks, the attention answers, an upper LSTM reads both.

    What is attended to is not fed back to the lower LSTM, so all queries of a teacher-forced sequence are
    known at once, and the attention runs over the whole of it in one call.

    The last number of each input is 1 where the previous token ended a word (a unit), else 0.
    """

    def __init__(
        self, embedding_size: int, width: int, output_size: int, attention: Attention, dropout: float = 0.0
    ):
        super().__init__()
        self.input_size, self.output_size = embedding_size + 1, output_size
        self.lower = LSTM(embedding_size, width, 0)
        self.attention = attention
        self.upper = LSTM(width + attention.value_size, width, 0)
        self.readout = Linear(width + attention.value_size, output_size)
        self.dropout = LockedDropout(dropout)

    def init_state(
        self, batch_size: int, cond: Float[Tensor, "B Z"], hard: bool = False
    ) -> AttentionDecoderState:
        none = cond[:, :0]
        return AttentionDecoderState(
            self.lower.init_state(batch_size, none),
            self.attention.init_state(batch_size, none, hard),
            self.upper.init_state(batch_size, none),
        )

    def extend(
        self,
        state: AttentionDecoderState,
        values: Float[Tensor, "B N D"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
        unit: Int[Tensor, "B N"] | None = None,
    ) -> AttentionDecoderState:
        """READ: frames of the encoded source arrive (see `Attention.extend`)."""
        values = self.dropout(values)
        return state._replace(attention=self.attention.extend(state.attention, values, lengths, closed, unit))

    def forward(
        self, x: Float[Tensor, "B T I"], state: AttentionDecoderState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], AttentionDecoderState]:
        y, _, state = self.align(x, state, lengths)
        return y, state

    def align(
        self, x: Float[Tensor, "B T I"], state: AttentionDecoderState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], AttentionDecoderState]:
        """`forward`, and the probability that each frame's query stops at each column of the memory."""
        if x.shape[1] == 1 or bool(state.attention.memory.closed.all()):
            return self._block(x, state, lengths)
        return self._stepwise(x, state, lengths)

    def _block(
        self, x: Float[Tensor, "B T I"], state: AttentionDecoderState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], AttentionDecoderState]:
        asked, lower = self.lower(self.dropout(x[..., :-1]), state.lower, lengths)
        asked = self.dropout(asked)
        query = torch.cat([asked, x[..., -1:]], -1) if isinstance(self.attention, WaitK) else asked
        context, alpha, attention = self.attention.align(query, state.attention, lengths)
        held = self.attention.waiting(attention) if x.shape[1] == 1 else None
        if held is not None and bool(held.all()):  # no row goes any further
            y = x.new_zeros(len(x), 1, self.output_size)
            return y, alpha, AttentionDecoderState(state.lower, attention, state.upper)
        context = context.to(asked.dtype)
        read, upper = self.upper(self.dropout(torch.cat([asked, context], -1)), state.upper, lengths)
        y = self.dropout(torch.tanh(self.readout(torch.cat([read, context], -1))))
        if held is not None and bool(held.any()):  # a row that waits for source has not advanced
            lower, upper = where(held, state.lower, lower), where(held, state.upper, upper)
        return y, alpha, AttentionDecoderState(lower, attention, upper)

    def _stepwise(
        self, x: Float[Tensor, "B T I"], state: AttentionDecoderState, lengths: Int[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T S"], AttentionDecoderState]:
        """Frame by frame: while source is missing, any frame may be the one that a row waits at."""
        ys, alphas = [], []
        active = torch.ones(len(x), dtype=torch.bool, device=x.device)
        for t, frame in enumerate(x.split(1, 1)):
            if lengths is not None:
                active = active & (lengths > t)
            y, alpha, new = self._block(frame, state, None)
            held = active & self.attention.waiting(new.attention)
            state = where(active, new, state)
            active = active & ~held
            ys.append(y)
            alphas.append(alpha)
        return torch.cat(ys, 1), torch.cat(alphas, 1), state
