"""WaveNet decoding, a sample at a time: our kernel, the core step by step in torch, and everything anew."""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor

from benchmarks.floors import bandwidth
from benchmarks.harness import Row, interleaved, spread
from seqgen.core import GREEDY, Categorical, Decoder, WaveNet

WIDTH, SKIP, OUTPUT, VOCABULARY = 64, 256, 256, 256
DILATIONS = tuple(2**layer for layer in range(10)) * 3
STEPS, AGAIN = 160, 4
"""samples of a timed run, and of one that computes all of the past again"""
TARGETS = {"bfloat16": (16_000.0, 10.0)}
"""samples a second, and times as fast as cached eager"""
BYTES = {"float32": 4, "bfloat16": 2}


def rows(rounds: int = 11) -> list[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        result = measured(rounds)
    torch.set_num_threads(threads)
    return result


def measured(rounds: int) -> list[Row]:
    torch.manual_seed(1)
    core = WaveNet(OUTPUT, WIDTH, SKIP, OUTPUT, 0, DILATIONS)
    decoder = Decoder(core, Categorical(OUTPUT, VOCABULARY, OUTPUT)).eval().requires_grad_(False)
    state = decoder.init_state(1, torch.zeros(1, 0))
    uniform = torch.zeros(1, STEPS, 1)
    works = {p: lambda p=p: decoder.generate(state, STEPS, GREEDY, precision=p)[0] for p in BYTES}  # type: ignore[misc]

    def cached() -> Tensor:
        tokens, now = [], state
        for u in uniform.unbind(1):
            token, now = decoder.step(now, GREEDY, u)
            tokens.append(token)
        return torch.stack(tokens, 1)

    works["cached eager"] = cached
    if not torch.equal(works["float32"](), cached()):
        raise RuntimeError("float32 gives other tokens than the core: there is nothing to compare")
    seconds = interleaved(works, rounds)
    return [figures(p, seconds, decoder) for p in BYTES] + [anew(decoder)]


def figures(precision: str, seconds: dict[str, list[float]], decoder: Decoder) -> Row:
    mine = statistics.median(seconds[precision])
    weights = sum(p.numel() for name, p in decoder.named_parameters() if "embedding" not in name)
    floor = weights * BYTES[precision] / bandwidth(weights * BYTES[precision])
    gain = statistics.median(seconds["cached eager"]) / mine
    least, times = TARGETS.get(precision, (None, None))
    wanted = f" (target {times:g})" if times else ""
    compared = (
        f"{gain:.1f} times cached eager{wanted}; {spread(seconds[precision], 1e6 / STEPS)} µs a sample, "
        f"{100 * floor * STEPS / mine:.0f}% of the floor"
    )
    name = f"{len(DILATIONS)} layers {WIDTH}/{SKIP}/{OUTPUT}, {precision}"
    return Row(name, STEPS / mine, "samples/s", least, True, compared)


def anew(decoder: Decoder) -> Row:
    """Without a state: all that a sample can see, for every sample."""
    x = torch.randn(1, decoder.core.receptive_field, OUTPUT)  # type: ignore[arg-type]
    state = decoder.core.init_state(1, torch.zeros(1, 0))
    decoder.core(x, state)
    start = time.perf_counter()
    for _ in range(AGAIN):
        decoder.core(x, state)
    return Row("the same without a state, eager", AGAIN / (time.perf_counter() - start), "samples/s")
