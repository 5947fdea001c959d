"""Spectrograms of a sampled digit and of a real one, side by side.

    python data_tools/plot_digits.py docs/digits-wavenet.png CORPUS [--digit 7] [--speaker jackson] [--seed 1]

CORPUS is a folder of recordings with splits.tsv; the real one is the first such take of its test split.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from seqgen.data.takes import read_corpus
from seqgen.io.atomic import write_bytes
from seqgen.representation.mulaw import decode
from seqgen.tasks.audio import AudioModel, load_audio

FFT, HOP, QUIETEST = 256, 20, -65


def decibels(samples: np.ndarray) -> np.ndarray:
    """Power [frequencies, frames] in dB below the loudest of the recording."""
    spectrum = torch.stft(
        torch.from_numpy(samples), FFT, HOP, window=torch.hann_window(FFT), return_complex=True
    )
    power = spectrum.abs().square().clamp(min=1e-10).log10().mul(10)
    return (power - power.max()).numpy()


def draw(sounds: dict[str, np.ndarray], rate: int) -> Figure:
    """Waveform above spectrogram, a column a sound, all on one scale of time."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots(2, len(sounds), sharex=True, sharey="row", height_ratios=(1, 2.4))
    for (title, samples), wave, image in zip(sounds.items(), axes[0], axes[1], strict=True):
        seconds = len(samples) / rate
        wave.plot(np.arange(len(samples)) / rate, samples / np.abs(samples).max(), lw=0.4, color="#22262b")
        wave.set_title(title, fontsize=10)
        extent = (0, seconds, 0, rate / 2000)
        image.imshow(
            decibels(samples),
            origin="lower",
            aspect="auto",
            extent=extent,
            cmap="magma",
            vmin=QUIETEST,
            vmax=0,
        )
        image.set_xlabel("seconds")
    axes[0][0].set_xlim(0, max(len(samples) for samples in sounds.values()) / rate)
    axes[0][0].set_ylabel("amplitude")
    axes[1][0].set_ylabel("kHz")
    return figure


def real(model: AudioModel, corpus: Path, digit: str, speaker: str) -> np.ndarray:
    """The first such take of the test split, as its codes have it."""
    wanted = (model.sound.digit(digit), model.sound.speaker(speaker))
    takes = read_corpus(corpus, "test", model.sound)
    return decode(next(take.codes for take in takes if (take.digit, take.speaker) == wanted))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", default="digits-wavenet")
    parser.add_argument("--digit", default="7")
    parser.add_argument("--speaker", default="jackson")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    model = load_audio(chosen.model)
    sampled = model.sample(chosen.digit, chosen.speaker, chosen.seed)
    sounds = {
        f"“{chosen.digit}” sampled as {chosen.speaker}, seed {chosen.seed}": sampled,
        f"“{chosen.digit}” said by {chosen.speaker}": real(
            model, chosen.corpus, chosen.digit, chosen.speaker
        ),
    }
    data = io.BytesIO()
    draw(sounds, model.sample_rate).savefig(data, format="png", dpi=110, metadata={"Software": None})
    write_bytes(chosen.out, data.getbuffer())


if __name__ == "__main__":
    main()
