"""Interpolation with a loaded model: what a musician waits for."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

import seqgen
from benchmarks.harness import Row, p95, times
from seqgen.core import GREEDY
from seqgen.io import read_midi
from seqgen.models.music_vae import MusicVAE

EXAMPLES = Path(__file__).parents[1] / "examples"
TARGETS = {"mel-2bar": 25.0, "drums-2bar": 25.0, "mel-16bar": 100.0}


def rows(device: str) -> list[Row]:
    """p95 of a 5-way interpolation, MIDI notes in and out, and what folding bars into the batch gains."""
    result = []
    logging.getLogger("seqgen").setLevel(logging.ERROR)  # which bars were read is said once a call
    for name, target in TARGETS.items():
        model = seqgen.load(name, device)
        kind = "drums" if name.startswith("drums") else "melody"
        a, b = (read_midi(EXAMPLES / f"{kind}_{x}.mid") for x in "ab")
        seconds = times(lambda m=model, a=a, b=b: m.interpolate(a, b, num_steps=5), 100)
        ratio = f"{fold_gain(model.vae):.1f} times faster than one bar after another" if "16" in name else ""
        target = target if device == "cpu" else None
        result.append(Row(f"{name}: 5-way interpolation, p95", 1e3 * p95(seconds), "ms", target, ratio=ratio))
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
