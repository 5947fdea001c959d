"""Training at Magenta's sizes: sequences a second, and the memory that it takes.

Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch

from benchmarks.harness import Row
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.config import DecoderConfig, EncoderConfig
from seqgen.models.music_vae.model import Objective

HERE = Path(__file__).parents[1]
SIZES = {
    # Magenta on two cores of such a machine: 421 sequences a second, and out of memory (0.43 when patched).
    "cat-mel_2bar_small": (512, 512, 3, 600.0, None),
    "hierdec-mel_16bar": (32, 32, 1, 1.0, 5.0),
}
"""batch, sequences computed at once, steps to time, least sequences a second, most GB"""


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


def measure(name: str, precision: str) -> dict[str, float]:
    """Seconds of a step and the peak memory of this process."""
    batch, at_once, steps, *_ = SIZES[name]
    torch.manual_seed(1)
    model = MusicVAE(config(name))
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    token = torch.randint(90, (batch, model.config.steps))
    seconds = []
    for _ in range(steps + 1):  # the first warms up
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        for part in token.split(at_once):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                loss = model.losses(part, Objective(0.2)).loss * (len(part) / batch)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"rate": batch / min(seconds[1:]), "peak": peak, "threads": torch.get_num_threads()}


def rows(names: tuple[str, ...] = tuple(SIZES), precisions: tuple[str, ...] = ("bfloat16",)) -> list[Row]:
    result = []
    for name in names:
        batch, at_once, _, least, most = SIZES[name]
        for precision in precisions:
            command = [sys.executable, "-m", "benchmarks.training", name, precision]
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{name}: {done.stderr.strip()[-500:]}")
            found = json.loads(done.stdout.splitlines()[-1])
            label = f"{name}, batch {batch} ({at_once} at once), {precision}"
            beside = f"{found['threads']} threads"
            result.append(Row(f"{label}: training", found["rate"], "sequences/s", least, True, beside))
            result.append(Row(f"{label}: peak memory", found["peak"], "GB", most))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure one size in this process.")
    parser.add_argument("name", choices=SIZES)
    parser.add_argument("precision", choices=("float32", "bfloat16"))
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.name, chosen.precision)))


if __name__ == "__main__":
    main()
