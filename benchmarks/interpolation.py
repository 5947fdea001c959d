"""Interpolation with a loaded model: what a musician waits for."""

from __future__ import annotations

import logging
import statistics
from pathlib import Path

import torch

import seqgen
from benchmarks.harness import Row, p95, times
from seqgen.core import GREEDY
from seqgen.io import read_midi
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae import MusicVAE

EXAMPLES = Path(__file__).parents[1] / "examples"
MODELS = ("mel-2bar", "drums-2bar", "mel-16bar")
TARGET = 25.0
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")


def rows(device: str) -> list[Row]:
    """p95 of a 5-way interpolation, MIDI notes in and out, and what folding bars into the batch gains."""
    logging.getLogger("seqgen").setLevel(logging.ERROR)  # which bars were read is said once a call
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [row for name in MODELS for row in of_model(name, device)]
    finally:
        torch.set_num_threads(threads)


def of_model(name: str, device: str) -> list[Row]:
    model = seqgen.load(name, device)
    kind = "drums" if name.startswith("drums") else "melody"
    a, b = (read_midi(EXAMPLES / f"{kind}_{x}.mid") for x in "ab")
    target = TARGET if device == "cpu" else None
    result = []
    for precision in PRECISIONS:
        seconds = times(lambda p=precision: model.interpolate(a, b, num_steps=5, precision=p), 100)
        said = f"median {1e3 * statistics.median(seconds):.1f} ms"
        title = f"{name}: 5-way interpolation, {precision}, one thread, p95"
        result.append(Row(title, 1e3 * p95(seconds), "ms", target, ratio=said))
    if name == "mel-16bar":
        gain = fold_gain(model.vae)
        result.append(Row(f"{name}: bars side by side in torch, times as fast", gain, "", None, True))
    return result


def fold_gain(vae: MusicVAE) -> float:
    """Time of decoding five codes step by step over that of whole bars side by side (same tokens)."""
    z = torch.randn(5, vae.config.latent, device=next(vae.parameters()).device)
    decoder, steps = vae.decoder, vae.config.steps
    uniform = torch.zeros(len(z), steps, decoder.head.draws, device=z.device)

    def one_after_another() -> None:
        with torch.inference_mode():
            state = decoder.init_state(len(z), z)
            for u in uniform.unbind(1):
                _, state = decoder.step(state, GREEDY, u)

    return min(times(one_after_another, 5, 1)) / min(times(lambda: vae.decode(z), 5, 1))
