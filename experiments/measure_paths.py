"""The interpolation figures of runs in progress, which steer a training.

python experiments/measure_paths.py RUN_OR_NAME SHARDS [--pairs 1024]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from seqgen.config import from_dict
from seqgen.evaluation.interpolation import draw_paths, measure_interpolation
from seqgen.evaluation.judge import judge
from seqgen.evaluation.latent import decode
from seqgen.evaluation.reconstruction import hit_scores, onset_accuracy
from seqgen.evaluation.windows import load_windows
from seqgen.representation.converter import RepresentationConfig
from seqgen.tasks.shipped import read_model

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("model")
parser.add_argument("shards", type=Path)
parser.add_argument("--pairs", type=int, default=1024)
asked = parser.parse_args()
with torch.no_grad():
    name, vae, _, sections, _ = read_model(asked.model)
    representation = from_dict(RepresentationConfig, sections["representation"], "representation")
    windows = load_windows(asked.shards, representation)
    token = torch.from_numpy(windows.tokens.astype(np.int64))
    posteriors = [vae.encode(piece) for piece in token.split(128)]
    mean = torch.cat([p.mean for p in posteriors])
    kl = float(torch.cat([p.kl() for p in posteriors]).sum(1).mean())
    ends = decode(vae, mean).numpy()
    lm = judge(
        windows.train_once(representation.bars),
        representation.name,
        vae.config.vocabulary_size,
        9,
        "absolute discounting",
    )
    paths = draw_paths(vae, mean, ends, asked.pairs, 1)
    section = measure_interpolation(paths, lm, name, 1)
first = vae.config.first_onset
print(
    f"{name}: free-run onset accuracy {onset_accuracy(windows.tokens, ends, first):.3f}, hit F1 "
    f"{hit_scores(windows.tokens, ends).f1:.3f} (drums), KL {kl:.1f}"
)
for figure in section.figures:
    beside = "" if figure.baseline is None else f"   (mix {figure.baseline:.3f})"
    print(f"  {figure.name:40s} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]{beside}")
for way, path in paths.items():
    print(
        f"  {way:7s} progress",
        *np.round(path.progress.mean(0), 2),
        "to A / D",
        *np.round(path.from_a.mean(0), 2),
    )
print(*section.missing)
