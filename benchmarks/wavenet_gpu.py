"""WaveNet decoding on a GPU, a sample at a time: the kernels of a frame as a CUDA graph, and eager torch.

The sizes are those of the benchmark on one core, the widest that the kernels take. The floor is the bytes of
the weights over the bandwidth of a copy, as in `benchmarks.decoding_gpu`.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.alignment import best
from benchmarks.decoding import BYTES
from benchmarks.decoding_gpu import COPIED, ROWS, must_serve, of_copy
from benchmarks.harness import Row
from benchmarks.wavenet import DILATIONS, OUTPUT, SKIP, VOCABULARY, WIDTH
from seqgen.core import GREEDY, Categorical, Decoder, DecoderState, WaveNet
from seqgen.kernels.packing import Precision

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")


class Shape(NamedTuple):
    width: int
    skip: int
    output: int
    dilations: tuple[int, ...]
    steps: int
    """samples of a timed run"""
    eager: int
    """the same of eager torch, which launches some three hundred kernels for each"""


FULL = Shape(WIDTH, SKIP, OUTPUT, DILATIONS, 320, 16)


@torch.no_grad()
def rows() -> list[Row]:
    bandwidth = of_copy("cuda", COPIED)
    return [row for batch in ROWS for row in of_batch(FULL, batch, bandwidth, "cuda")]


def of_batch(shape: Shape, batch: int, bandwidth: float, device: str) -> list[Row]:
    torch.manual_seed(1)
    core = WaveNet(shape.output, shape.width, shape.skip, shape.output, 0, shape.dilations)
    head = Categorical(shape.output, VOCABULARY, shape.output)
    decoder = Decoder(core, head).eval().requires_grad_(False).to(device)
    for weight in decoder.parameters():
        if weight.ndim == 1:
            weight.zero_()  # the biases of random weights would choose one token for ever
    state = decoder.init_state(batch, torch.zeros(batch, 0, device=device))
    state = state._replace(previous=torch.randint(VOCABULARY, (batch,)).to(device))  # the rows differ
    uniform = torch.zeros(batch, shape.eager, 1, device=device)

    def cached() -> Tensor:
        tokens, now = [], state
        for u in uniform.unbind(1):
            token, now = decoder.step(now, GREEDY, u)
            tokens.append(token)
        return torch.stack(tokens, 1)

    peer = best(cached, device=device) / shape.eager
    same = float((decoder.generate(state, shape.eager, GREEDY)[0] == cached()).float().mean())
    beside = f"x cached eager in float32, which has {same:.1%} of our float32 tokens"
    return [of_precision(p, decoder, state, shape, bandwidth, peer, beside) for p in PRECISIONS]


def of_precision(
    precision: Precision,
    decoder: Decoder,
    state: DecoderState,
    shape: Shape,
    bandwidth: float,
    peer: float,
    beside: str,
) -> Row:
    must_serve(decoder, precision)
    batch, device = len(state.previous), state.previous.device.type
    work = partial(decoder.generate, state, shape.steps, GREEDY, precision=precision)
    mine = best(work, device=device) / shape.steps
    weights = sum(p.numel() for name, p in decoder.named_parameters() if "embedding" not in name)
    floor = weights * BYTES[precision] / bandwidth
    compared = (
        f"{batch / mine:.3g} samples/s in all; {floor / mine:.0%} of the floor; {peer / mine:.1f} {beside}"
    )
    sizes = f"{len(shape.dilations)} layers {shape.width}/{shape.skip}/{shape.output}"
    return Row(f"{sizes}, {batch} rows, {precision}: a step", 1e6 * mine, "µs", ratio=compared)
