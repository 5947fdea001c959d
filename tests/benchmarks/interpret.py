"""python -m tests.benchmarks.interpret: what is measured on a GPU, with tiny sizes in Triton's interpreter.

A process of its own: TRITON_INTERPRET=1 must be set before triton is imported. Its times mean nothing.
"""

from __future__ import annotations

import os
import sys

os.environ["TRITON_INTERPRET"] = "1"

import torch

from benchmarks import decoding_gpu, wavenet_gpu
from benchmarks.harness import Row, table
from seqgen.core import GREEDY, fast_decode
from seqgen.kernels.packing import Precision
from tests.core.kernel_divergence import divergence, kernel_logits
from tests.core.native_cases import BAR, B, make, uniforms

CLOSE: dict[Precision, float] = {"float32": 1e-9, "bfloat16": 1e-3, "int8": 1e-2}
"""nats a step, of decoders with random weights"""


def once(work: object, seconds: float = 0.0, device: str = "") -> float:
    """The interpreter is slow: one call, said to have taken a millisecond."""
    assert callable(work)
    work()
    return 1e-3


@torch.no_grad()
def main() -> int:
    torch.manual_seed(0)
    fast_decode.library_for = lambda decoder, how: fast_decode.Triton(torch.device("cpu"))
    decoding_gpu.best = wavenet_gpu.best = once
    shape = wavenet_gpu.Shape(16, 16, 16, (1, 2), 2, 3)
    rows = [decoding_gpu.of_shape(16, 2, 3, 1e9, "cpu")]
    rows += wavenet_gpu.of_batch(shape, 2, 1e9, "cpu")
    print(table("interpreted", rows))
    good = all(tokens_are_torchs(row) for row in rows) and len(rows) == 4
    good &= all(distributions_are_close(precision) for precision in CLOSE)
    print("good" if good else "not good")
    return not good


def tokens_are_torchs(row: Row) -> bool:
    return "which has 100.0% of our float32 tokens" in row.ratio


def distributions_are_close(precision: Precision) -> bool:
    """Those that the benchmark of precision compares: the likeliest tokens are what the kernel draws."""
    decoder, state = make("direct", "categorical")
    token, _ = decoder.generate(state, BAR, GREEDY, uniform=uniforms(decoder, B, BAR), precision=precision)
    likeliest = kernel_logits(decoder, token, state, precision).argmax(-1).view_as(token)
    kl = float(divergence(decoder, token, state, state, precision).mean())
    print(f"{precision}: {kl:.2g} nats a step")
    return torch.equal(likeliest, token) and kl < CLOSE[precision] and (precision == "float32" or kl > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
