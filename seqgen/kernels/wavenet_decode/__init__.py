"""Blocks of tokens from a WaveNet and a head, each token drawn and read again.

    packed = pack(Weights(...), "bfloat16", lanes=16)
    token, state = wavenet_decode(packed, state, uniform)

README.md has the maths.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from seqgen.kernels import checks
from seqgen.kernels.choose import choose
from seqgen.kernels.wavenet_decode import naive, op  # noqa: F401  # the op is registered by importing it
from seqgen.kernels.wavenet_decode.on_device import OnDevice, on_device
from seqgen.kernels.wavenet_decode.packed import Packed, pack
from seqgen.kernels.wavenet_decode.weights import Layer, State, Weights

__all__ = ["Layer", "OnDevice", "Packed", "State", "Weights", "on_device", "pack", "wavenet_decode"]


def wavenet_decode(
    packed: Packed | OnDevice,
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
    plan: [B, S, L 2 C] what is added to the gates of each of L layers, for `hold` frames each.
    place: of the first frame; frame t reads row place + t of the position table, modulo its length, and
        segment (place + t) // hold of the plan.
    end: a token at which a row is finished: its state is held, and it goes on with `end`.
    packed: of `pack` on the CPU; of `on_device` on a GPU, where the uniform numbers are not looked at.
    backend: native, or None for that where it is built and else torch; triton, or None, for `on_device`.

    Raises ValueError at a uniform number outside [0, 1), with its index, and at a state, plan or token that
    does not go with the weights.
    """
    checks.check_backend(backend)
    C = packed.sizes.width
    rows, gates = len(packed.table), len(packed.dilations) * 2 * C
    times = temperature, hold, place, end
    device = packed.device if isinstance(packed, OnDevice) else checks.CPU
    checks.check_decoding(uniform, packed.draws, state.previous, rows, plan, gates, times, device)
    if len(state.past) != len(packed.dilations):
        raise ValueError(
            f"state.past must hold one tensor for each of {len(packed.dilations)} layers, "
            f"got {len(state.past)}"
        )
    for n, (x, reach) in enumerate(zip(state.past, packed.reach, strict=True)):
        checks.check_same(
            f"state.past[{n}]", x, (len(uniform), reach, C), "the rows of uniform and the weights"
        )
        checks.check_float32(f"state.past[{n}]", x, device)
    if isinstance(packed, OnDevice):
        return _on_device(packed, state, uniform, plan, (temperature, hold, place, end), backend)
    token, past = torch.ops.seqgen.wavenet_decode.default(
        packed.stream, packed.table, packed.position, packed.dilations, packed.sizes, packed.precision,
        packed.lanes, torch.cat(state.past, 1), state.previous, uniform, plan, temperature, hold, place,
        -1 if end is None else end, backend or "",
    )  # fmt: skip
    last = token[:, -1].clone() if token.shape[1] else state.previous.clone()
    return token, State(past.split(packed.reach, 1), last)


def _on_device(
    weights: OnDevice,
    state: State,
    uniform: Tensor,
    plan: Tensor | None,
    times: tuple[float, int, int, int | None],
    backend: str | None,
) -> tuple[Int[Tensor, "B T"], State]:
    temperature, hold, place, end = times
    version = choose(weights.device, backend or "triton")
    if version != "triton":
        raise ValueError(
            f"weights of on_device are decoded by 'triton', got backend {backend!r}: leave it out"
        )
    from seqgen.kernels.wavenet_decode import triton_kernel  # triton takes a second to import

    if not uniform.shape[1] or not len(uniform):
        copied = State(tuple(x.clone() for x in state.past), state.previous.clone())
        return state.previous.new_empty(uniform.shape[:2]), copied
    how = temperature, hold, place, -1 if end is None else end
    token, past = triton_kernel.forward(weights, state, uniform, plan, how)
    return token, State(past, token[:, -1].clone())
