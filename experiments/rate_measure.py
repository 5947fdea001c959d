"""Rate and accuracy of one model: what its code costs, and what comes back from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from benchmarks.harness import device_name
from experiments.unseen import by_file, sign, unseen_windows
from seqgen.data.shards import Shards
from seqgen.evaluation.bootstrap import bootstrap_ratio
from seqgen.evaluation.latent import decode
from seqgen.models.checkpoint import load_model
from seqgen.models.music_vae import Posterior
from seqgen.tasks.shipped import find_folder

BATCH = 128


@torch.no_grad()
def measure(model: str | Path, data: Path, seed: int) -> dict[str, Any]:
    """KL in nats a window, and onset accuracy of what is decoded from the mean and from a draw.

    Intervals are over draws of files. `seed` draws the codes.
    """
    torch.set_num_threads(1)
    folder = find_folder(model)
    vae, _ = load_model(folder)
    shards = Shards(data)
    windows, files = unseen_windows(shards)
    if windows.shape[1] != vae.config.steps:
        raise ValueError(f"{data}: expected windows of {vae.config.steps} steps, got {windows.shape[1]}")
    token = torch.from_numpy(windows.astype(np.int64))
    parts = [vae.encode(part) for part in token.split(BATCH)]
    posterior = Posterior(torch.cat([part.mean for part in parts]), torch.cat([part.std for part in parts]))
    kl = posterior.kl().sum(1).numpy()
    z = posterior.sample(Generator().manual_seed(seed))
    onset = windows >= vae.config.first_onset
    each, onsets = by_file(files, np.ones(len(files))), by_file(files, onset)
    row: dict[str, Any] = {"bars": vae.config.bars, "kl": bootstrap_ratio(by_file(files, kl), each, seed)}
    for what, code in (("onset accuracy", posterior.mean), ("onset accuracy, sampled z", z)):
        right = (decode(vae, code, batch=BATCH).numpy() == windows) & onset
        row[what] = bootstrap_ratio(by_file(files, right), onsets, seed)
    return row | {"device": device_name("cpu"), "signature": sign(folder, shards, windows, seed)}
