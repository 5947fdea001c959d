"""The definition: frame after frame, the second direction from the last frame to the first."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from seqgen.kernels.lstm_sequence.weights import Direction


def lstm_sequence(
    directions: Sequence[Direction],
    x: Float[Tensor, "B T J"],
    h: Float[Tensor, "B G D"],
    c: Float[Tensor, "B G D"],
) -> tuple[Float[Tensor, "B T GD"], Float[Tensor, "B G D"], Float[Tensor, "B G D"]]:
    y = x.new_empty(*x.shape[:2], *h.shape[1:])
    h, c = h.clone(), c.clone()
    for g, (read, own, bias) in enumerate(directions):
        for t in reversed(range(x.shape[1])) if g else range(x.shape[1]):
            i, f, new, o = (x[:, t] @ read.T + h[:, g] @ own.T + bias).chunk(4, 1)
            c[:, g] = f.sigmoid() * c[:, g] + i.sigmoid() * new.tanh()
            h[:, g] = y[:, t, g] = o.sigmoid() * c[:, g].tanh()
    return y.flatten(2), h, c
