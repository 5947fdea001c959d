"""The definition: frame after frame, layer after layer."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.draws import draw
from seqgen.kernels.lstm_decode.weights import State, Weights


def lstm_decode(
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
        at = place + t
        gates = w.table[state.previous]
        if w.position is not None:
            gates = gates + w.position[at % len(w.position)]
        if plan is not None:
            gates = gates + plan[:, at // hold]
        h: list[Tensor] = []
        c: list[Tensor] = []
        for n, own in enumerate((w.own, *(layer.own for layer in w.layers))):
            if n:
                gates = h[-1] @ w.layers[n - 1].below.T + w.layers[n - 1].bias
            i, f, g, o = (gates + state.h[:, n] @ own.T).chunk(4, 1)
            c.append(f.sigmoid() * state.c[:, n] + i.sigmoid() * g.tanh())
            h.append(o.sigmoid() * c[-1].tanh())
        token = draw(h[-1] @ w.head.T + w.head_bias, u, temperature, w.bits)
        new = State(torch.stack(h, 1), torch.stack(c, 1), token)
        ended = state.previous == (-1 if end is None else end)
        pairs = zip(state, new, strict=True)
        state = State(*(torch.where(ended.view(-1, *[1] * (a.ndim - 1)), a, b) for a, b in pairs))
        tokens[:, t] = state.previous
    return tokens, state
