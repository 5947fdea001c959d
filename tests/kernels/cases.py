"""What the kernels are tested on: versions, kinds of p, and both passes of any of them in one call."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from seqgen.kernels import (
    chunkwise_attention,
    expected_alignment,
    expected_alignment_from_logits,
    lookback_attention,
)
from seqgen.kernels.native.library import ABILITIES, load

LEVELS = ("avx512dot", "avx512", "avx2", "portable")
VERSIONS = (*LEVELS, "torch")
KINDS: dict[str, Callable[[Tensor], Tensor]] = {
    "uniform": lambda x: x.sigmoid(),
    "near-0": lambda x: 1e-3 * x.sigmoid(),
    "near-1": lambda x: 1 - 1e-3 * x.sigmoid(),
    "mixed": lambda x: (8 * x - 4).sigmoid(),
    "hard": lambda x: (x > 0.7).to(x.dtype),
    "initial": lambda x: (x - 2).sigmoid(),
}
"""the six kinds of p, from normal noise; `initial` is what a model begins with (bias -2)"""


def runs_here(level: str) -> bool:
    """Whether this processor can run a level of the native library."""
    able = ABILITIES.get(torch.backends.cpu.get_cpu_capability(), ("portable",))
    return level in able and (level != "avx512dot" or load(level) is not None)  # torch has no name for it


def probabilities(kind: str, *shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return KINDS[kind](torch.randn(shape, generator=Generator().manual_seed(seed), dtype=dtype))


def both_passes(function: Callable, *inputs: Tensor, seed: int = 7, **options: object) -> list[Tensor]:
    """The results of a kernel, then the gradients of a random weighting of them."""
    inputs = tuple(x.clone().requires_grad_() for x in inputs)
    results = function(*inputs, **options)
    results = results if isinstance(results, tuple) else (results,)
    rng = Generator().manual_seed(seed)
    weights = [torch.randn(r.shape, generator=rng, dtype=torch.float64).to(r.dtype) for r in results]
    loss = torch.stack([(r * w).sum() for r, w in zip(results, weights, strict=True)]).sum()
    return [*(r.detach() for r in results), *torch.autograd.grad(loss, inputs)]


def align(p: Tensor, previous: Tensor, **options: object) -> tuple[Tensor, Tensor]:
    return expected_alignment(p, previous, return_final=True, **options)


def align_logits(e: Tensor, previous: Tensor, **options: object) -> tuple[Tensor, Tensor]:
    return expected_alignment_from_logits(e, previous, return_final=True, **options)


def mocha(chunk: int) -> Callable:
    return lambda alpha, u, **options: chunkwise_attention(alpha, u, chunk, **options)


milk = lookback_attention
