"""The figures of one trained model: likelihood and reconstruction of the test split, and a token's cost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.harness import device_name
from experiments.symbolic_systems import NAMES, Place, Voice
from seqgen import __version__
from seqgen.core import Sampling
from seqgen.data.shards import Shards
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.latent import decode, in_batches
from seqgen.evaluation.reconstruction import onset_accuracy
from seqgen.evaluation.windows import array_hash
from seqgen.models.checkpoint import load_model

BATCHES = (1, 16)
REPEATS = 3
STEPS = 256
"""tokens that a language model draws while it is timed"""


@torch.no_grad()
def measure(place: Place, voice: Voice, folder: Path, shards: Path, seed: int) -> dict[str, Any]:
    """Nats a step of every test window, teacher-forced; for a MusicVAE from the posterior mean."""
    torch.set_num_threads(1)
    model, _ = load_model(folder, "language_model" if place.language else "music_vae")
    test = Shards(shards)
    windows = np.array(test.tokens("test"))
    token = torch.from_numpy(windows.astype(np.int64))
    row: dict[str, Any] = {"place": place.name, "voice": voice, "name": NAMES[voice], "seed": seed}
    if place.language:
        log_prob = in_batches(model.log_prob, 32, token)
    else:
        mean = in_batches(lambda part: model.encode(part).mean, 64, token)
        log_prob = in_batches(model.log_prob, 64, token, mean)
        free = decode(model, mean, batch=64)
        row["onset accuracy"] = onset_accuracy(token, free, model.config.first_onset)
    onset = token >= model.config.first_onset
    row |= {
        "nll": -log_prob.mean().item(),
        "nll at onsets": -log_prob[onset].mean().item(),
        "nll of windows": [round(x, 5) for x in (-log_prob.mean(1)).tolist()],
        "files": test.origins("test")[:, 0].tolist(),
        "tokens a second": {str(batch): speed(drawing(place, model, batch)) for batch in BATCHES},
        "decoded by": model.decoder.backend(Sampling()),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "core seconds": json.loads((folder / "seconds.json").read_text(encoding="utf-8")),
        "device": device_name("cpu"),
    }
    data = f"{shards.name}/test@{array_hash(windows)}"
    papers = (f"seqgen {__version__}", f"model:{folder.name}@{weights_hash(folder)}", f"data:{data}")
    row["signature"] = "|".join([*papers, "teacher-forced", f"seed:{seed}", f"torch:{torch.__version__}"])
    return row


def drawing(place: Place, model: Any, batch: int) -> Callable[[], Tensor]:
    """What is timed: windows drawn at temperature 1."""
    how, rng = Sampling(), Generator().manual_seed(0)
    if not place.language:
        z = torch.randn(batch, model.config.latent, generator=rng)
        return lambda: model.decode(z, how, rng)
    prompt = torch.zeros(batch, 0, dtype=torch.long)
    return lambda: model.extend(prompt, STEPS, how, torch.rand(batch, STEPS, 1, generator=rng))


def speed(draw: Callable[[], Tensor]) -> float:
    """Tokens a second of CPU time, the best of a few: other work on the machine does not count."""
    tokens = draw().numel()
    seconds = []
    for _ in range(REPEATS):
        begin = time.process_time()
        draw()
        seconds.append(time.process_time() - begin)
    return tokens / min(seconds)
