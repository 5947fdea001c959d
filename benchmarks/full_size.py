"""Sixteen pieces between two melodies at the size of Magenta's largest model of them, with random weights.

In a process of its own, so that the peak memory is its own. Magenta's code on two cores: 13.1 s, 1.9 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.harness import Row, spread, times
from benchmarks.training import config
from seqgen.core import Sampling
from seqgen.kernels.packing import PRECISIONS, Precision
from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import MusicVAE
from seqgen.tasks.latent import latent_path

HERE = Path(__file__).parents[1]
MODEL, OUTPUTS, SECONDS, GIGABYTES = "hierdec-mel_16bar", 16, 1.0, 1.0
THREADS = "2"


def save(folder: Path) -> None:
    """Random weights, as a model lies on disk."""
    torch.manual_seed(1)
    model = MusicVAE(config(MODEL))
    save_model(folder, model, model.state_dict(), {"representation": {}, "training": {}})


def measure(folder: Path, precision: Precision) -> dict[str, float | str]:
    model, _ = load_model(folder)
    token = torch.randint(90, (2, model.config.steps))
    rng = torch.Generator()

    def run() -> None:
        with torch.inference_mode():
            a, b = model.encode(token, precision).mean
            path = latent_path(a, b, OUTPUTS)
            model.decode(path, Sampling(0.5), rng.manual_seed(1), precision=precision)

    def encode() -> None:
        with torch.inference_mode():
            model.encode(token, precision)

    seconds, encoding = times(run, 5, 1), times(encode, 3, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    said = f"{spread(seconds)} s, of which encoding {min(encoding):.2f} s; {torch.get_num_threads()} threads"
    return {"seconds": sorted(seconds)[2], "peak": peak, "said": said}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder))
        return [row for precision in PRECISIONS for row in of_precision(Path(folder), precision)]


def of_precision(folder: Path, precision: str) -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.full_size", str(folder), precision]
    environment = {**os.environ, "SEQGEN_THREADS": THREADS}
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{MODEL}: {done.stderr.strip()[-500:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    name = f"{MODEL}, {OUTPUTS} outputs, {precision}"
    return [
        Row(f"{name}: interpolation", found["seconds"], "s", SECONDS, ratio=found["said"]),
        Row(f"{name}: peak memory", found["peak"], "GB", GIGABYTES),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure one precision in this process.")
    parser.add_argument("folder", type=Path, help="of the model")
    parser.add_argument("precision", choices=PRECISIONS)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.folder, chosen.precision)))


if __name__ == "__main__":
    main()
