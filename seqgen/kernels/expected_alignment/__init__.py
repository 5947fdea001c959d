"""Expected hard-monotonic alignment: where each target row stops in the source, over all its searches.

Raffel et al. 2017, "Online and linear-time attention by enforcing monotonic alignments".
README.md has the maths.
"""

from __future__ import annotations

from typing import Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels import checks
from seqgen.kernels.expected_alignment import naive, op
from seqgen.kernels.expected_alignment.padding import probabilities, valid

Alpha = Float[Tensor, "B U S"]
AlphaAndFinal = tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]


@overload
def expected_alignment(
    p: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: Literal[False] = False,
    check: bool = False,
) -> Alpha: ...


@overload
def expected_alignment(
    p: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: Literal[True],
    check: bool = False,
) -> AlphaAndFinal: ...


def expected_alignment(
    p: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: bool = False,
    check: bool = False,
) -> Alpha | AlphaAndFinal:
    """Alpha [B, U, S]: the probability that target row u stops at source column s.

        q_us = (1 - p_u,s-1) q_u,s-1 + alpha_u-1,s        alpha_us = p_us q_us

    A row whose search passes the last column loses that probability: rows sum to at most 1.

    p: [B, U, S] probabilities to stop, float32, float64, or bfloat16 or float16 (computed in float32).
    previous: [B, S] alpha of the row before the first, such as the `final` of an earlier chunk of targets.
        None: the first search begins at column 0.
    source_lengths, target_lengths: [B] valid columns and rows, 0 and more. What lies beyond is not read,
        alpha is 0 there and so is its gradient.
    backend: naive (the definition), native (C++, CPU), triton (CUDA), or None for the fastest on p's device.
    return_final: also return [B, S], alpha of each row's last valid target (`previous` where it has none).
    check: also look at the values on a GPU, which waits for it. On the CPU they are always looked at.

    Differentiable in p and previous; only these and alpha are saved. Alpha is float32 or float64.
    Raises ValueError at a p that is NaN or outside [0, 1], with its index, and at shapes and lengths that do
    not match.
    """
    return _alignment("p", p, previous, (source_lengths, target_lengths), backend, return_final, check)


@overload
def expected_alignment_from_logits(
    e: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: Literal[False] = False,
    check: bool = False,
) -> Alpha: ...


@overload
def expected_alignment_from_logits(
    e: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: Literal[True],
    check: bool = False,
) -> AlphaAndFinal: ...


def expected_alignment_from_logits(
    e: Tensor,
    previous: Tensor | None = None,
    source_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    *,
    backend: str | None = None,
    return_final: bool = False,
    check: bool = False,
) -> Alpha | AlphaAndFinal:
    """`expected_alignment` with p = sigmoid(e), e [B, U, S], exact also where p rounds to 1.

    1 - p is computed as sigmoid(-e). e may be -inf and +inf, where p is 0 and 1 and the gradient is 0.
    Raises ValueError at a NaN.
    """
    return _alignment("e", e, previous, (source_lengths, target_lengths), backend, return_final, check)


def _alignment(
    name: str,
    x: Tensor,
    previous: Tensor | None,
    lengths: tuple[Tensor | None, Tensor | None],
    backend: str | None,
    return_final: bool,
    check: bool,
) -> Alpha | AlphaAndFinal:
    checks.check_backend(backend)
    checks.check_floats(name, x, "[B, U, S]", 3)
    B, _, S = x.shape
    dtype = torch.promote_types(x.dtype, torch.float32)
    if previous is not None:
        checks.check_floats("previous", previous, "[B, S]", 2)
        checks.check_same("previous", previous, (B, S), name)
        previous = previous.to(dtype)
    checks.check_lengths("source_lengths", lengths[0], B)
    checks.check_lengths("target_lengths", lengths[1], B)
    logits = name == "e"
    lengths = _beside(x, lengths[0]), _beside(x, lengths[1])
    if check and x.device.type != "cpu":
        checks.check_probabilities(x, valid(x, *lengths), logits)
    if backend == "naive":
        alpha, final = _naive(x.to(dtype), op.started(previous, x), lengths, logits)
    else:
        alpha, final = torch.ops.seqgen.expected_alignment.default(
            x, previous, *lengths, logits, backend or ""
        )
    return (alpha, final) if return_final else alpha


def _beside(x: Tensor, lengths: Tensor | None) -> Tensor | None:
    return None if lengths is None else lengths.to(x.device)


def _naive(
    x: Tensor, previous: Tensor, lengths: tuple[Tensor | None, Tensor | None], logits: bool
) -> tuple[Tensor, Tensor]:
    on = valid(x, *lengths)
    if x.device.type == "cpu":
        checks.check_length_values("source_lengths", lengths[0], x.shape[2])
        checks.check_length_values("target_lengths", lengths[1], x.shape[1])
        checks.check_probabilities(x, on, logits)
    p, n = probabilities(x, on, logits)
    rows = torch.full((len(x),), x.shape[1], device=x.device) if lengths[1] is None else lengths[1]
    return naive.expected_alignment(p, n, previous, rows)
