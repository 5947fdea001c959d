"""Training at Magenta's sizes: sequences a second, and the memory that it takes.

Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks.harness import Row, peak_gigabytes, wait
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.config import DecoderConfig, EncoderConfig
from seqgen.models.music_vae.model import Objective

HERE = Path(__file__).parents[1]


class Size(NamedTuple):
    name: str
    batch: int
    at_once: int
    """sequences computed together"""
    steps: int
    """that are timed"""
    least: float | None = None
    """sequences a second"""
    most: float | None = None
    """GB"""


SIZES = {
    # Magenta on two cores of such a machine: 421 sequences a second, and out of memory (0.43 when patched).
    "cpu": (Size("cat-mel_2bar_small", 512, 512, 3, 600.0), Size("hierdec-mel_16bar", 32, 32, 1, 1.0, 5.0)),
    "cuda": (
        Size("cat-mel_2bar_small", 512, 512, 20),
        Size("hierdec-mel_16bar", 32, 32, 10),
        Size("hierdec-mel_16bar", 512, 512, 5),
    ),
}
PRECISIONS = {"cpu": ("bfloat16",), "cuda": ("bfloat16", "float32")}
WARM = {"cpu": 1, "cuda": 3}
"""steps before those that are timed"""


def config(name: str) -> MusicVAEConfig:
    """The sizes of Magenta's configs of these names."""
    if name == "cat-mel_2bar_small":
        decoder = DecoderConfig(kind="flat", plan="recurrent", width=256, layers=2)
        encoder = EncoderConfig(kind="flat", readout="final", width=512)
        return MusicVAEConfig(bars=2, latent=256, embedding=90, encoder=encoder, decoder=decoder)
    encoder = EncoderConfig(kind="flat", readout="final", width=2048, layers=2)
    decoder = DecoderConfig(
        kind="hierarchical", plan="recurrent", width=1024, layers=2, conductor_width=1024, conductor_layers=2
    )
    return MusicVAEConfig(bars=16, latent=512, embedding=90, encoder=encoder, decoder=decoder)


def measure(shape: MusicVAEConfig, size: Size, precision: str, device: str) -> dict[str, Any]:
    """Sequences a second of the fastest step and the peak memory of this process."""
    torch.manual_seed(1)
    model = MusicVAE(shape).to(device)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    token = torch.randint(90, (size.batch, model.config.steps)).to(device)
    seconds, loss = [], torch.zeros(())
    for _ in range(WARM[device] + size.steps):
        wait(device)
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=device)
        for part in token.split(size.at_once):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                share = model.losses(part, Objective(0.2)).loss * (len(part) / size.batch)
            share.backward()
            loss += share.detach()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wait(device)
        seconds.append(time.perf_counter() - start)
    rate, peak = size.batch / min(seconds[WARM[device] :]), peak_gigabytes(device)
    said = f"{lstms(model, token, precision)}; loss {float(loss):.4g} nats"
    threads = f"; {torch.get_num_threads()} threads" if device == "cpu" else ""
    return {"rate": rate, "peak": peak, "said": said + threads}


@torch.no_grad()
def lstms(model: MusicVAE, token: Tensor, precision: str) -> str:
    """What torch computes LSTMs in: on a GPU autocast may take another format than the one asked for."""
    with torch.autocast(token.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        y, _ = model.encoder.rnn(model.encoder.embedding(token[:1]))
    tf32 = y.is_cuda and y.dtype == torch.float32 and torch.backends.cudnn.allow_tf32
    return f"LSTMs in {str(y.dtype).removeprefix('torch.')}{', products in TF32' if tf32 else ''}"


def rows(device: str = "cpu") -> list[Row]:
    return [row for size in SIZES[device] for p in PRECISIONS[device] for row in of_size(size, p, device)]


def of_size(size: Size, precision: str, device: str) -> list[Row]:
    if device == "cuda":
        torch.cuda.empty_cache()  # what this process keeps of earlier subjects would be missing in that one
    command = [sys.executable, "-m", "benchmarks.training", size.name, str(size.batch), precision, device]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{size.name}: {done.stderr.strip()[-500:]}")
    return figures(size, precision, device, json.loads(done.stdout.splitlines()[-1]))


def figures(size: Size, precision: str, device: str, found: dict[str, Any] | None) -> list[Row]:
    """found: None where the GPU's memory was too small."""
    label = f"{size.name}, batch {size.batch} ({size.at_once} at once), {precision}"
    if found is None:
        return [Row(f"{label}: training", 0.0, "sequences/s", size.least, True, "does not fit the memory")]
    memory = "peak memory" if device == "cpu" else "peak GPU memory"
    return [
        Row(f"{label}: training", found["rate"], "sequences/s", size.least, True, found["said"]),
        Row(f"{label}: {memory}", found["peak"], "GB", size.most),
    ]


def measured(shape: MusicVAEConfig, size: Size, precision: str, device: str) -> dict[str, Any] | None:
    """None where the GPU's memory is too small."""
    try:
        return measure(shape, size, precision, device)
    except torch.OutOfMemoryError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure one size in this process.")
    parser.add_argument("name")
    parser.add_argument("batch", type=int)
    parser.add_argument("precision", choices=("float32", "bfloat16"))
    parser.add_argument("device", choices=SIZES)
    chosen = parser.parse_args()
    sizes = {(size.name, size.batch): size for size in SIZES[chosen.device]}
    size = sizes.get((chosen.name, chosen.batch))
    if size is None:
        parser.error(f"name and batch must be one of {', '.join(f'{n} {b}' for n, b in sizes)}")
    print(json.dumps(measured(config(size.name), size, chosen.precision, chosen.device)))


if __name__ == "__main__":
    main()
