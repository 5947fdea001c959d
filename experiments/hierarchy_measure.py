"""The figures of one trained twin: what comes back of the test windows, and what it makes of nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from benchmarks.harness import device_name
from experiments.hierarchy_systems import System, Twins
from experiments.running import seconds
from experiments.unseen import by_file, sign, unseen_windows
from seqgen.core import Sampling
from seqgen.data.shards import Shards
from seqgen.evaluation.bars import shuffle_bars
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.latent import decode, read
from seqgen.evaluation.structure import bar_similarity, lag_sums
from seqgen.models.checkpoint import load_model
from seqgen.models.music_vae import MusicVAEConfig

WAYS = ("free run", "teacher forced")


@torch.no_grad()
def measure(twins: Twins, system: System, folder: Path, data: Path, seed: int) -> dict[str, Any]:
    """Accuracies with the sums of each file, latent figures and lag profiles.

    `data` holds the folder of shards. Codes and samples are drawn with `seed`, which trained the model.
    """
    torch.set_num_threads(1)
    model, sections = load_model(folder)
    start = Path(sections["training"]["warm_start"])
    shards = Shards(data / twins.shards)
    windows, files = unseen_windows(shards)
    token = torch.from_numpy(windows.astype(np.int64))
    rng = Generator().manual_seed(seed)
    readings = read(model, token, rng)
    z = torch.randn(len(token), model.config.latent, generator=rng)
    prior = decode(model, z, Sampling(), rng)
    onset = windows >= model.config.first_onset
    row: dict[str, Any] = {"system": system.name, "title": system.title, "seed": seed}
    for way, made in zip(WAYS, (readings.free_run, readings.teacher_forced), strict=True):
        right = made.numpy() == windows
        row[way] = {
            "step accuracy": float(right.mean()),
            "onset accuracy": float(right[onset].mean()),
            "right steps": by_file(files, right).tolist(),
            "right onsets": by_file(files, right & onset).tolist(),
        }
    shuffled = shuffle_bars(windows, model.config.bars, np.random.default_rng(seed))
    heard = {"real": windows, "bars shuffled": shuffled}
    heard |= {"free run": readings.free_run.numpy(), "prior": prior.numpy()}
    row["lags"] = {what: lag_profile(tokens, model.config) for what, tokens in heard.items()}
    sampled = readings.sampled.numpy() == windows
    return row | {
        "steps": by_file(files, np.ones_like(windows)).tolist(),
        "onsets": by_file(files, onset).tolist(),
        "held steps": by_file(files, windows == 0).tolist(),
        "onset accuracy, sampled z": float(sampled[onset].mean()),
        "kl": readings.kl,
        "cross-entropy": readings.cross_entropy,
        "cross-entropy, random z": readings.cross_entropy_random,
        "width": model.config.decoder.width,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "decoder parameters": sum(parameter.numel() for parameter in model.decoder.parameters()),
        "start": f"{start.name}@{weights_hash(start)}",
        "core seconds": seconds(folder),
        "device": device_name("cpu"),
        "signature": sign(folder, shards, windows, seed),
    }


def lag_profile(tokens: np.ndarray, config: MusicVAEConfig) -> list[float]:
    """How alike bars are that are 1, 2, .. bars apart, pooled over windows [N, T]."""
    above, below = lag_sums(bar_similarity(tokens, config))
    return (above.sum(0) / below.sum(0)).tolist()
