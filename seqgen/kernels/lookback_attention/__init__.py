"""MILk's attention: soft attention over every column up to where the hard search stopped.

Arivazhagan et al. 2019, "Monotonic infinite lookback attention for simultaneous machine translation".
README.md has the maths.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels.chunk_attention import alike, check_attention
from seqgen.kernels.lookback_attention import naive
from seqgen.kernels.lookback_attention import op as _registers_it  # noqa: F401


def lookback_attention(
    alpha: Tensor, u: Tensor, *, backend: str | None = None, check: bool = False
) -> Float[Tensor, "B U S"]:
    """beta [B, U, S]: the expected attention to each column.

        beta_j = sum_{k >= j} alpha_k softmax(u_0 .. u_k)_j

    alpha: [B, U, S] the expected alignment.
    u: [B, U, S] logits of the soft attention, of any spread; -inf at padding. Where no logit so far is
        finite, nothing is attended to, so alpha must be 0 there or its mass is lost.
    backend: naive (the definition), native (C++, CPU), triton (CUDA), or None for the fastest on u's device.
    check: also look at the values on a GPU, which waits for it. On the CPU they are always looked at.

    Linear in S. Differentiable in alpha and u, which alone are saved. Half precision is computed in float32,
    and beta has that type. Raises ValueError at a u that is NaN or +inf, with its index, and at shapes that
    do not match.
    """
    check_attention(alpha, u, backend, check)
    if backend == "naive":
        return naive.lookback_attention(*alike(alpha, u))
    return torch.ops.seqgen.lookback_attention.default(alpha, u, backend or "")
