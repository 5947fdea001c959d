"""Sixteen pieces between two melodies at the size of Magenta's largest model of them, with random weights.

In a process of its own, so that the peak memory is its own. Magenta's code on two cores: 13.1 s, 1.9 GB. On a
GPU torch encodes, in float32 whatever the precision, and the memory is that of the GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.harness import Row, peak_gigabytes, spread, times, wait
from benchmarks.training import config
from seqgen.core import Sampling
from seqgen.kernels.packing import PRECISIONS, Precision
from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig
from seqgen.tasks.latent import latent_path

HERE = Path(__file__).parents[1]
MODEL, OUTPUTS, SECONDS, GIGABYTES = "hierdec-mel_16bar", 16, 1.0, 1.0
"""the targets are those of two cores"""
THREADS = "2"
HOW = Sampling(0.5)


def save(folder: Path, shape: MusicVAEConfig) -> None:
    """Random weights, as a model lies on disk."""
    torch.manual_seed(1)
    model = MusicVAE(shape)
    save_model(folder, model, model.state_dict(), {"representation": {}, "training": {}})


def measure(folder: Path, precision: Precision, device: str) -> dict[str, float | str]:
    model, _ = load_model(folder)
    model.to(device)
    served = model.decoder.backend(HOW, precision)
    token = torch.randint(90, (2, model.config.steps)).to(device)
    rng = torch.Generator()

    def run() -> None:
        with torch.inference_mode():
            a, b = model.encode(token, precision).mean.cpu()
            path = latent_path(a, b, OUTPUTS).to(device)
            model.decode(path, HOW, rng.manual_seed(1), precision=precision)
            wait(device)

    def encode() -> None:
        with torch.inference_mode():
            model.encode(token, precision)
            wait(device)

    seconds, encoding = times(run, 5, 1), times(encode, 3, 0)
    peak = peak_gigabytes(device)
    said = f"{spread(seconds)} s, of which encoding {min(encoding):.2g} s; decoded by {served}"
    threads = f"; {torch.get_num_threads()} threads" if device == "cpu" else ""
    return {"seconds": sorted(seconds)[2], "peak": peak, "said": said + threads}


def rows(device: str = "cpu") -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), config(MODEL))
        return [row for precision in PRECISIONS for row in of_precision(Path(folder), precision, device)]


def of_precision(folder: Path, precision: str, device: str) -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.full_size", str(folder), precision, device]
    environment = {**os.environ, "SEQGEN_THREADS": THREADS}
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{MODEL}: {done.stderr.strip()[-500:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    name = f"{MODEL}, {OUTPUTS} outputs, {precision}"
    seconds, gigabytes = (SECONDS, GIGABYTES) if device == "cpu" else (None, None)
    memory = "peak memory" if device == "cpu" else "peak GPU memory"
    return [
        Row(f"{name}: interpolation", found["seconds"], "s", seconds, ratio=found["said"]),
        Row(f"{name}: {memory}", found["peak"], "GB", gigabytes),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure one precision in this process.")
    parser.add_argument("folder", type=Path, help="of the model")
    parser.add_argument("precision", choices=PRECISIONS)
    parser.add_argument("device", choices=("cpu", "cuda"))
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.folder, chosen.precision, chosen.device)))


if __name__ == "__main__":
    main()
