"""An LSTM and a head, folded for the decoding kernel: what layer 0 reads are looked-up rows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.core.head import Bernoulli, Categorical
from seqgen.core.lstm import LSTM, LSTMState
from seqgen.core.sampling import Sampling
from seqgen.kernels.lstm_decode import (
    Layer,
    OnDevice,
    Packed,
    State,
    Weights,
    lstm_decode,
    on_device,
    pack,
)
from seqgen.kernels.packing import Precision
from seqgen.kernels.paging import page_out


class FoldedLSTM(NamedTuple):
    packed: Packed | OnDevice
    segments: Tensor
    """[Q, 4 D] weights of a plan's segments, in float32 or bfloat16"""
    cond: Tensor
    """[Z, 4 D] weights of the conditioning that is fed at every frame"""

    def run(
        self,
        state: LSTMState,
        previous: Int[Tensor, "B"],
        uniform: Float[Tensor, "B T K"],
        how: Sampling,
        segments: Float[Tensor, "B S Q"] | None = None,
        hold: int = 1,
        place: int = 0,
        end: int | None = None,
    ) -> tuple[Int[Tensor, "B T"], LSTMState]:
        """T tokens; frame t is fed segment (place + t) // hold."""
        plan = None if segments is None or not segments.shape[2] else _product(segments, self.segments)
        if state.cond.shape[1]:
            fed = _product(state.cond, self.cond)[:, None]
            plan = fed if plan is None else plan + fed
        if plan is None or plan.shape[1] == 1:
            hold = place + uniform.shape[1]
        token, new = lstm_decode(
            self.packed,
            State(state.h, state.c, previous),
            uniform,
            how.temperature,
            plan,
            hold,
            place,
            end,
        )
        return token, LSTMState(new.h, new.c, state.cond)


def _product(x: Float[Tensor, "*B J"], weight: Float[Tensor, "J G"]) -> Float[Tensor, "*B G"]:
    return (x.to(weight.dtype) @ weight).float()


@torch.no_grad()
def fold(
    core: LSTM,
    head: Categorical | Bernoulli,
    first: Float[Tensor, "E"] | None,
    position: Float[Tensor, "P E"] | None,
    precision: Precision,
    lanes: int | None,
) -> FoldedLSTM:
    """first: what is read in place of the token before the first, as one more row of the table.

    position: added to what is read, a metre's to the controls too. lanes: of the native library; None to have
    the weights where they are, for a GPU.
    """
    read, own, *biases = core.rnn.all_weights[0]
    embedded = head.embed(torch.arange(head.vocabulary_size + 2, device=own.device))
    if first is not None:
        embedded = torch.cat([embedded, first[None]])
    E = embedded.shape[1]
    Z = read.shape[1] - core.input_size
    token, segments, cond = read.split([E, core.input_size - E, Z], 1)
    layers = tuple(Layer(r, o, b + c) for r, o, b, c in core.rnn.all_weights[1:])
    weights = Weights(
        embedded @ token.T + biases[0] + biases[1],
        None if position is None else position @ read[:, : position.shape[1]].T,
        own,
        layers,
        head.logits.weight,
        head.logits.bias,
        isinstance(head, Bernoulli),
    )
    packed = on_device(weights, precision) if lanes is None else pack(weights, precision, lanes)
    number = torch.float32 if precision == "float32" else torch.bfloat16
    folded = FoldedLSTM(packed, segments.T.to(number), cond.T.to(number))
    page_out(read)
    return folded
