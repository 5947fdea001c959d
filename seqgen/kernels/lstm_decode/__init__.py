"""Blocks of tokens from stacked LSTM layers and a head, each token drawn and read again.

    packed = pack(Weights(...), "bfloat16", lanes=16)
    token, state = lstm_decode(packed, state, uniform)

README.md has the maths.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from seqgen.kernels import checks
from seqgen.kernels.lstm_decode import naive, op  # noqa: F401  # the op is registered by importing it
from seqgen.kernels.lstm_decode.packed import Packed, pack
from seqgen.kernels.lstm_decode.weights import Layer, State, Weights

__all__ = ["Layer", "Packed", "State", "Weights", "lstm_decode", "pack"]


def lstm_decode(
    packed: Packed,
    state: State,
    uniform: Tensor,
    temperature: float = 1.0,
    plan: Tensor | None = None,
    hold: int = 1,
    place: int = 0,
    end: int | None = None,
    backend: str | None = None,
) -> tuple[Int[Tensor, "B T"], State]:
    """Draw T tokens a row. How a stretch is cut into calls changes nothing, nor who else is in the batch.

    uniform: [B, T, K] in [0, 1), one number a token, or one a bit. They are not read at temperature 0.
    temperature: divides the logits; 0 takes the likeliest token.
    plan: [B, S, 4 D] what is added to the first layer's gates for `hold` frames each.
    place: of the first frame; frame t reads row place + t of the position table, modulo its length, and
        segment (place + t) // hold of the plan.
    end: a token at which a row is finished: its state is held, and it goes on with `end`.
    backend: native, or None for that where it is built and else torch.

    Raises ValueError at a uniform number outside [0, 1), with its index, and at a state, plan or token that
    does not go with the weights.
    """
    checks.check_backend(backend)
    _check(packed, state, uniform, plan, hold, place)
    if not (temperature >= 0 and temperature < torch.inf):
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature}")
    if end is not None and not 0 <= end < len(packed.table):
        raise ValueError(f"end must be a token of 0 .. {len(packed.table) - 1}, got {end}")
    token, h, c = torch.ops.seqgen.lstm_decode.default(
        packed.stream, packed.table, packed.position, [packed.layers, packed.width, packed.outputs],
        packed.bits, packed.precision, packed.lanes, state.h, state.c, state.previous, uniform, plan,
        temperature, hold, place, -1 if end is None else end, backend or "",
    )  # fmt: skip
    return token, State(h, c, token[:, -1].clone() if token.shape[1] else state.previous.clone())


def _check(packed: Packed, state: State, uniform: Tensor, plan: Tensor | None, hold: int, place: int) -> None:
    checks.check_floats("uniform", uniform, "[B, T, K]", 3)
    B, T, _ = uniform.shape
    checks.check_same("uniform", uniform, (B, T, packed.draws), "the head, which draws K numbers a token")
    shape = (B, packed.layers, packed.width)
    for name, x in (("state.h", state.h), ("state.c", state.c)):
        checks.check_same(name, x, shape, "the rows of uniform and the weights")
        checks.check_float32(name, x)
    checks.check_float32("uniform", uniform)
    checks.check_lengths("state.previous", state.previous, B)
    checks.check_rows("state.previous", state.previous, len(packed.table))
    if hold < 1 or place < 0:
        raise ValueError(f"hold must be at least 1 and place at least 0, got {hold} and {place}")
    if plan is not None:
        checks.check_floats("plan", plan, "[B, S, 4 D]", 3)
        checks.check_float32("plan", plan)
        segments = max(-(-(place + T) // hold), plan.shape[1])
        checks.check_same("plan", plan, (B, segments, 4 * packed.width), "place, frames, hold and weights")
