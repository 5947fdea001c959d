"""An LSTM layer over a whole sequence, one way or both, from weights packed once. For inference on a CPU.

    packed = pack([Direction(...), Direction(...)], "bfloat16", lanes=16)
    y, h, c = lstm_sequence(packed, x)

README.md has the maths.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels import checks
from seqgen.kernels.lstm_sequence import op  # noqa: F401  # the op is registered by importing it
from seqgen.kernels.lstm_sequence.weights import Direction, Packed, pack

__all__ = ["Direction", "Packed", "lstm_sequence", "pack"]


def lstm_sequence(
    packed: Packed,
    x: Tensor,
    h: Tensor | None = None,
    c: Tensor | None = None,
    backend: str | None = None,
) -> tuple[Float[Tensor, "B T GD"], Float[Tensor, "B G D"], Float[Tensor, "B G D"]]:
    """Outputs of the G directions side by side, and each direction's h and c after its last frame.

    x: [B, T, J] float32 on the CPU.
    h, c: [B, G, D] what each direction begins with; zero by default.
    backend: native, or None for that where it is built and else torch.

    Raises ValueError at an x or a state that does not go with the weights.
    """
    checks.check_backend(backend)
    checks.check_floats("x", x, "[B, T, J]", 3)
    checks.check_same("x", x, (*x.shape[:2], packed.inputs), "the weights")
    checks.check_float32("x", x)
    shape = (len(x), packed.directions, packed.width)
    h, c = (x.new_zeros(shape) if s is None else s for s in (h, c))
    for name, state in (("h", h), ("c", c)):
        checks.check_same(name, state, shape, "the rows of x and the weights")
        checks.check_float32(name, state)
    sizes = [packed.inputs, packed.width, packed.directions]
    return torch.ops.seqgen.lstm_sequence.default(
        packed.stream, sizes, packed.precision, packed.lanes, x, h, c, backend or ""
    )
