"""A stack of LSTMs with residual paths: a causal encoder."""

from __future__ import annotations

from typing import cast

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.dropout import LockedDropout
from seqgen.core.lstm import LSTM, LSTMState
from seqgen.core.sequence import SequenceModule


class ResidualLSTM(SequenceModule):
    """y_1 = LSTM(x), y_n = y_{n-1} + LSTM(y_{n-1}); dropout in training on what a recurrence reads."""

    def __init__(self, input_size: int, width: int, layers: int, dropout: float = 0.0):
        super().__init__()
        self.input_size, self.output_size = input_size, width
        sizes = [input_size] + [width] * (layers - 1)
        self.stack = nn.ModuleList(LSTM(size, width, 0) for size in sizes)
        self.dropout = LockedDropout(dropout)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> tuple[LSTMState, ...]:
        return tuple(cast(LSTM, layer).init_state(batch_size, cond[:, :0]) for layer in self.stack)

    def forward(
        self, x: Float[Tensor, "B T I"], state: tuple[LSTMState, ...], lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], tuple[LSTMState, ...]]:
        y, new = x, []
        for number, (layer, part) in enumerate(zip(self.stack, state, strict=True)):
            out, part = layer(self.dropout(y), part, lengths)
            y = out + y if number else out
            new.append(part)
        return y, tuple(new)
