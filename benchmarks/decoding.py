"""LSTM decoding, a token at a time: our kernel at three precisions, the other ways, and the floor.

The floor is the bytes of the weights over the bandwidth at which one core reads as many bytes.
"""

from __future__ import annotations

import statistics

import torch

from benchmarks.floors import bandwidth
from benchmarks.harness import Row, interleaved, spread
from benchmarks.lstm_peers import Run, by_module, eager_cells, folded
from seqgen.core import GREEDY, LSTM, Categorical, Decoder

SHAPES = ((1024, 1, 32), (256, 1, 256), (1024, 16, 16))
"""width, rows, steps; two layers, a code of 256 numbers, 90 tokens"""
CODE, VOCABULARY, EMBEDDING = 256, 90, 64
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}
TARGETS = {"bfloat16": 5.0, "int8": 10.0}
"""times as fast as hand-folded eager, at one row"""


def rows(compiled: bool = True, rounds: int = 15) -> list[Row]:
    """On one core; those on a GPU are of `benchmarks.decoding_gpu`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():  # weights made in inference mode would not say when they change, and go by torch
        result = [row for shape in SHAPES for row in of_shape(*shape, compiled, rounds)]
    torch.set_num_threads(threads)
    return result


def of_shape(width: int, batch: int, steps: int, compiled: bool, rounds: int) -> list[Row]:
    torch.manual_seed(1)
    core = LSTM(EMBEDDING, width, CODE, layers=2)
    decoder = Decoder(core, Categorical(width, VOCABULARY, EMBEDDING)).eval().requires_grad_(False)
    cond = torch.randn(batch, CODE)
    works = {**ours(decoder, cond, steps), **peers(decoder, cond, steps, compiled)}
    exact = works["hand-folded eager"]()
    for name in ("float32", "eager cells", "torch.nn.LSTM"):
        if not torch.equal(works[name](), exact):
            raise RuntimeError(f"{name} gives other tokens: there is nothing to compare")
    seconds = interleaved(works, rounds)
    return [figures(name, seconds, decoder, batch, steps) for name in ours(decoder, cond, steps)]


def ours(decoder: Decoder, cond: torch.Tensor, steps: int) -> dict[str, Run]:
    state = decoder.init_state(len(cond), cond)
    return {
        precision: lambda p=precision: decoder.generate(state, steps, GREEDY, precision=p)[0]  # type: ignore[misc]
        for precision in BYTES
    }


def peers(decoder: Decoder, cond: torch.Tensor, steps: int, compiled: bool) -> dict[str, Run]:
    found = {
        "hand-folded eager": folded(decoder, cond, steps),
        "eager cells": eager_cells(decoder, cond, steps),
        "torch.nn.LSTM": by_module(decoder, cond, steps),
        "torch dynamic int8": by_module(decoder, cond, steps, int8=True),
    }
    if compiled:
        found["torch.compile"] = folded(decoder, cond, steps, compiled=True)
    return found


def figures(precision: str, seconds: dict[str, list[float]], decoder: Decoder, batch: int, steps: int) -> Row:
    mine = statistics.median(seconds[precision])
    width = decoder.core.output_size
    size = BYTES[precision] * (width * 4 * width * 3 + VOCABULARY * width)  # what a step reads of two layers
    floor = size / bandwidth(size)
    beside = [
        f"{statistics.median(s) / mine:.1f} x {name}" for name, s in seconds.items() if name not in BYTES
    ]
    compared = (
        f"{spread(seconds[precision], 1e6 / steps)} µs a step, {100 * floor * steps / mine:.0f}% of floor; "
        f"{', '.join(beside)}"
    )
    gain = statistics.median(seconds["hand-folded eager"]) / mine
    target = TARGETS.get(precision) if batch == 1 else None
    name = f"2x{width}, {batch} rows, {precision}: times as fast as hand-folded eager"
    return Row(name, gain, "", target, True, compared)
