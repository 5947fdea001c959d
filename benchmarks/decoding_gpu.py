"""LSTM decoding on a GPU, a token at a time: microseconds a step, the call of `generate` included.

The floor is the bytes of the weights over the bandwidth of a copy, measured in this run. Weights that fit the
second-level cache may be read faster than that.
"""

from __future__ import annotations

import torch

from benchmarks.alignment import best
from benchmarks.decoding import BYTES, CODE, EMBEDDING, VOCABULARY
from benchmarks.harness import Row
from benchmarks.lstm_peers import folded
from seqgen.core import GREEDY, LSTM, Categorical, Decoder
from seqgen.kernels.packing import Precision

TARGETS = {1024: 10.0, 256: 5.0}
"""microseconds a step of two layers of this width, in bfloat16"""
ROWS = (1, 16)
STEPS = 256
PRECISION: Precision = "bfloat16"
COPIED = 1 << 28
"""numbers of a copy"""


@torch.no_grad()
def rows() -> list[Row]:
    bandwidth = of_copy("cuda", COPIED)
    return [of_shape(width, batch, STEPS, bandwidth, "cuda") for width in TARGETS for batch in ROWS]


def of_copy(device: str, size: int) -> float:
    """Bytes a second that a copy of `size` bytes reads and writes."""
    x = torch.empty(size, dtype=torch.uint8, device=device)
    return 2 * size / best(lambda: x.clone(), device=device)


def of_shape(width: int, batch: int, steps: int, bandwidth: float, device: str) -> Row:
    torch.manual_seed(1)
    core = LSTM(EMBEDDING, width, CODE, layers=2)
    decoder = Decoder(core, Categorical(width, VOCABULARY, EMBEDDING)).eval().requires_grad_(False).to(device)
    must_serve(decoder, PRECISION)
    cond = torch.randn(batch, CODE).to(device)
    state = decoder.init_state(batch, cond)
    mine = best(lambda: decoder.generate(state, steps, GREEDY, precision=PRECISION), device=device) / steps
    eager = folded(decoder, cond, steps)
    peer = best(eager, device=device) / steps
    same = float((decoder.generate(state, steps, GREEDY)[0] == eager()).float().mean())
    size = BYTES[PRECISION] * (width * 4 * width * 3 + VOCABULARY * width)
    compared = (
        f"{size / bandwidth / mine:.0%} of the floor; {peer / mine:.1f} x hand-folded eager in float32, "
        f"which has {same:.1%} of our float32 tokens"
    )
    target = TARGETS.get(width)
    return Row(f"2x{width}, {batch} rows, {PRECISION}: a step", 1e6 * mine, "µs", target, ratio=compared)


def must_serve(decoder: Decoder, precision: Precision) -> None:
    if decoder.backend(GREEDY, precision) != f"triton {precision}":
        raise RuntimeError("the Triton kernels do not serve: there is nothing to measure")
