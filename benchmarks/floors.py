"""What this machine can do at best: how fast one core reads memory, and multiplies."""

from __future__ import annotations

import torch

from benchmarks.harness import times


def bandwidth(size: int) -> float:
    """Bytes a second at which one pass over `size` bytes reads them, by torch's sum on the present threads.

    Small sizes stay in a cache between the passes, as weights do between the steps of a decoder.
    """
    x = torch.ones(max(1, size // 4))
    return size / min(times(lambda: x.sum(), 50, 5))


def flops(dtype: torch.dtype = torch.float32, size: int = 1024) -> float:
    """Floating-point operations a second of a square matrix product on the present threads."""
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    return 2 * size**3 / min(times(lambda: a @ b, 5, 2))
