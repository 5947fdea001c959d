"""MoChA's attention: soft attention over a chunk of columns that ends where the hard search stopped.

Chiu and Raffel 2018, "Monotonic chunkwise attention". README.md has the maths.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels import checks
from seqgen.kernels.chunk_attention import naive, op


def chunkwise_attention(
    alpha: Tensor, u: Tensor, chunk: int, *, backend: str | None = None, check: bool = False
) -> Float[Tensor, "B U S"]:
    """beta [B, U, S]: the expected attention to each column.

        beta_j = sum_k alpha_k softmax(u_{k-chunk+1} .. u_k)_j

    alpha: [B, U, S] the expected alignment.
    u: [B, U, S] logits of the soft attention, of any spread; -inf at padding. A window of nothing but -inf
        attends to nothing, so alpha must be 0 there or its mass is lost.
    chunk: columns in a window, at least 1; it ends at the column where the search stopped. Cost does not grow
        with it on the CPU.
    backend: naive (the definition), native (C++, CPU), triton (CUDA), or None for the fastest on u's device.
    check: also look at the values on a GPU, which waits for it. On the CPU they are always looked at.

    Differentiable in alpha and u, which alone are saved. Half precision is computed in float32, and beta has
    that type. Raises ValueError at a u that is NaN or +inf, with its index, and at shapes that do not
    match.
    """
    check_attention(alpha, u, backend, check)
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}: 1 attends to the search's column alone")
    if backend == "naive":
        return naive.window_attention(*alike(alpha, u), chunk)
    return torch.ops.seqgen.chunk_attention.default(alpha, u, chunk, backend or "")


def check_attention(alpha: Tensor, u: Tensor, backend: str | None, check: bool) -> None:
    """What chunkwise and look-back attention refuse."""
    checks.check_backend(backend)
    checks.check_floats("alpha", alpha, "[B, U, S]", 3)
    checks.check_floats("u", u, "[B, U, S]", 3)
    checks.check_same("u", u, tuple(alpha.shape), "alpha")
    if backend == "naive" or (check and u.device.type != "cpu"):
        checks.check_logits(u)


def alike(alpha: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the type that they are computed in."""
    dtype = op.computed_in(alpha, u)
    return alpha.to(dtype), u.to(dtype)
