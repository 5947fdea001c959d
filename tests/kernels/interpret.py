"""python -m tests.kernels.interpret: the Triton kernels in Triton's interpreter, against the definition.

A process of its own: TRITON_INTERPRET=1 must be set before triton is imported. The interpreter is slow, so
the shapes are tiny.
"""

from __future__ import annotations

import os
import sys

os.environ["TRITON_INTERPRET"] = "1"

import torch
from torch import Tensor, tensor

from tests.kernels.cases import align, align_logits, both_passes, milk, mocha, probabilities


def compare(name: str, function: object, inputs: tuple[Tensor, ...], **options: object) -> bool:
    """Whether both passes in float32 and float64 equal the definition."""
    wanted = both_passes(function, *inputs, backend="naive", **options)
    largest = max(float(x.abs().max()) for x in wanted)
    for dtype, tolerance in ((torch.float64, 1e-11), (torch.float32, 3e-6)):
        got = both_passes(function, *(x.to(dtype) for x in inputs), backend="triton", **options)
        for a, b in zip(got, wanted, strict=True):
            error = float((a - b).abs().max()) / largest
            if a.dtype != dtype or error > tolerance:
                print(f"{name} in {dtype}: error {error}")
                return False
    return True


def main() -> int:
    torch.manual_seed(0)
    B, U, S = 3, 2, 5
    p, previous = probabilities("mixed", B, U, S), torch.rand(B, S, dtype=torch.float64)
    e, u = 5 * torch.randn_like(p), 9 * torch.randn_like(p)
    e[0, 0, 1], e[1, 1, 2], u[0, 0, :2], u[1, 1, 3:] = torch.inf, -torch.inf, -torch.inf, -torch.inf
    padded = {"source_lengths": tensor([5, 2, 0]), "target_lengths": tensor([1, 2, 0])}
    good = compare("p", align, (p, previous))
    good &= compare("p, padded", align, (p, previous), **padded)
    good &= compare("e, padded", align_logits, (e, previous), **padded)
    good &= compare("look-back", milk, (p, u))
    good &= all(compare(f"chunk {chunk}", mocha(chunk), (p, u)) for chunk in (1, 3, 9))
    half = both_passes(align, p.bfloat16(), previous.float(), backend="triton")
    wide = both_passes(align, p.bfloat16().float(), previous.float(), backend="naive")
    good &= torch.allclose(half[0], wide[0], atol=1e-6) and half[2].dtype == torch.bfloat16
    print("equal" if good else "not equal")
    return not good


if __name__ == "__main__":
    sys.exit(main())
