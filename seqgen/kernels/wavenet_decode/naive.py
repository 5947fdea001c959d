"""The definition: frame after frame, layer after layer."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.draws import draw
from seqgen.kernels.wavenet_decode.weights import State, Weights


def wavenet_decode(
    w: Weights,
    state: State,
    uniform: Float[Tensor, "B T K"],
    temperature: float = 1.0,
    plan: Float[Tensor, "B S G"] | None = None,
    hold: int = 1,
    place: int = 0,
    end: int | None = None,
) -> tuple[Int[Tensor, "B T"], State]:
    tokens = torch.empty(uniform.shape[:2], dtype=torch.int64)
    for t, u in enumerate(uniform.unbind(1)):
        x = w.table[state.previous]
        if w.position is not None:
            x = x + w.position[(place + t) % len(w.position)]
        past, skip = [], torch.zeros(())
        for n, layer in enumerate(w.layers):
            seen = torch.cat([state.past[n], x[:, None]], 1)
            gates = seen[:, :: layer.dilation].flatten(1) @ layer.taps.T + layer.bias
            if plan is not None:
                gates = gates + plan[:, (place + t) // hold].unflatten(1, (len(w.layers), -1))[:, n]
            a, b = gates.chunk(2, 1)
            out = (a.tanh() * b.sigmoid()) @ layer.leave.T + layer.leave_bias
            past.append(seen[:, 1:])
            x, skip = x + out[:, : x.shape[1]], skip + out[:, x.shape[1] :]
        y = ((skip * len(past) ** -0.5).relu() @ w.exit.T + w.exit_bias).relu()
        token = draw(y @ w.head.T + w.head_bias, u, temperature, w.bits)
        ended = state.previous == (-1 if end is None else end)
        pairs = zip(state.past, past, strict=True)
        held = tuple(torch.where(ended[:, None, None], old, new) for old, new in pairs)
        state = State(held, torch.where(ended, state.previous, token))
        tokens[:, t] = state.previous
    return tokens, state
