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

TARGETS = {1024: 10.0, 256: 5.0}
"""microseconds a step of two layers of this width, in bfloat16"""
ROWS = (1, 16)
STEPS = 256
PRECISION = "bfloat16"
COPIED = 1 << 28
"""numbers of a copy"""


@torch.no_grad()
def rows() -> list[Row]:
    x = torch.empty(COPIED, dtype=torch.uint8, device="cuda")
    bandwidth = 2 * COPIED / best(lambda: x.clone(), device="cuda")
    return [of_shape(width, batch, bandwidth) for width in TARGETS for batch in ROWS]


def of_shape(width: int, batch: int, bandwidth: float) -> Row:
    torch.manual_seed(1)
    core = LSTM(EMBEDDING, width, CODE, layers=2)
    decoder = Decoder(core, Categorical(width, VOCABULARY, EMBEDDING)).eval().requires_grad_(False).cuda()
    if decoder.backend(GREEDY, PRECISION) != f"triton {PRECISION}":
        raise RuntimeError("the Triton kernels do not serve: there is nothing to measure")
    cond = torch.randn(batch, CODE).cuda()
    state = decoder.init_state(batch, cond)
    mine = best(lambda: decoder.generate(state, STEPS, GREEDY, precision=PRECISION), device="cuda") / STEPS
    eager = folded(decoder, cond, STEPS)
    peer = best(eager, device="cuda") / STEPS
    same = (decoder.generate(state, STEPS, GREEDY)[0] == eager()).float().mean()
    size = BYTES[PRECISION] * (width * 4 * width * 3 + VOCABULARY * width)
    compared = (
        f"{size / bandwidth / mine:.0%} of the floor; {peer / mine:.1f} x hand-folded eager in float32, "
        f"which has {same:.1%} of our float32 tokens"
    )
    return Row(
        f"2x{width}, {batch} rows, {PRECISION}: a step", 1e6 * mine, "µs", TARGETS[width], ratio=compared
    )
