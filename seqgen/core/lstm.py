"""LSTM core (Hochreiter and Schmidhuber 1997), by the fused kernels of torch.nn.LSTM."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import where
from seqgen.kernels import thin


class LSTMState(NamedTuple):
    h: Tensor
    """[B, N, D] hidden state of each of N layers"""
    c: Tensor
    """[B, N, D] cell state"""
    cond: Tensor
    """[B, Z] what is fed at every frame beside x; Z = 0 when nothing is"""


class LSTM(SequenceModule):
    """A stack of LSTM layers whose initial state is tanh(W cond + b), as in MusicVAE's decoder.

    With `feed_cond` the conditioning is also concatenated to the input of every frame. With nothing to
    condition on (`cond_size` 0) the initial state is zero.
    """

    def __init__(self, input_size: int, width: int, cond_size: int, layers: int = 1, feed_cond: bool = True):
        super().__init__()
        self.input_size, self.output_size = input_size, width
        self.layers, self.feed_cond = layers, feed_cond
        self.rnn = nn.LSTM(input_size + cond_size * feed_cond, width, layers, batch_first=True)
        self.bridge = nn.Linear(cond_size, 2 * layers * width) if cond_size else None

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> LSTMState:
        shape = (batch_size, 2, self.layers, self.output_size)
        both = cond.new_zeros(shape) if self.bridge is None else self.bridge(cond).tanh().view(shape)
        h, c = both.unbind(1)
        return LSTMState(h, c, cond if self.feed_cond else cond[:, :0])

    def forward(
        self, x: Float[Tensor, "B T I"], state: LSTMState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], LSTMState]:
        if self.feed_cond:
            x = torch.cat([x, state.cond[:, None].expand(-1, x.shape[1], -1).to(x.dtype)], -1)
        if (
            lengths is None
            and x.shape[1] <= thin.MOST_FRAMES
            and thin.serves(x, len(x), *self.rnn.parameters())
        ):
            return self._frames(x, state)
        if x.shape[1] == 1 and lengths is None and x.device.type == "cpu":
            return self._step(x[:, 0], state)
        hc = (state.h.transpose(0, 1).contiguous(), state.c.transpose(0, 1).contiguous())
        if lengths is None:
            y, hc = self.rnn(x, hc)
        else:  # a packed sequence may not be empty: run one frame of such a row and hold its state below
            some = lengths.clamp(min=1).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(x, some, batch_first=True, enforce_sorted=False)
            packed, hc = self.rnn(packed, hc)
            y = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]
        new = LSTMState(hc[0].transpose(0, 1), hc[1].transpose(0, 1), state.cond)
        return y, new if lengths is None else where(lengths > 0, new, state)

    def _frames(
        self, x: Float[Tensor, "B T J"], state: LSTMState
    ) -> tuple[Float[Tensor, "B T D"], LSTMState]:
        """A few frames of a few rows, by the step kernel."""
        h, c = [], []
        for layer, weights in enumerate(self.rnn.all_weights):
            x, hidden, cell = thin.lstm(x, state.h[:, layer], state.c[:, layer], *weights)
            h.append(hidden[:, None])
            c.append(cell[:, None])
        if len(h) == 1:
            return x, LSTMState(h[0], c[0], state.cond)
        return x, LSTMState(torch.cat(h, 1), torch.cat(c, 1), state.cond)

    def _step(self, x: Float[Tensor, "B J"], state: LSTMState) -> tuple[Float[Tensor, "B 1 D"], LSTMState]:
        """One frame. torch.nn.LSTM has oneDNN repack all weights at every call: 3 times the work here."""
        h, c = [], []
        for layer, weights in enumerate(self.rnn.all_weights):
            x, cell = torch.lstm_cell(x, (state.h[:, layer], state.c[:, layer]), *weights)
            h.append(x)
            c.append(cell)
        return x[:, None], LSTMState(torch.stack(h, 1), torch.stack(c, 1), state.cond)
