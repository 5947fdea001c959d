"""`seqgen fit-prior`: a density of a model's codes, to draw samples from in place of N(0, 1)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal


def fit_prior(
    model: str,
    data: Path,
    kind: Literal["auto", "gaussian", "copying"] = "auto",
    noise: float = 0.8,
    temperature: float | None = None,
    width: int = 128,
    fresh: int = 8,
    epochs: int = 12,
    windows: int = 12000,
    transposed: bool = True,
    seed: int = 1,
) -> None:
    """Learn what codes of real music look like, and write it into the model's folder (prior.safetensors).

    From then on `seqgen sample` draws from it, unless told `--prior standard`. The same command makes the
    same prior again, in place of the one that is there.

    Args:
        model: folder of a trained model, or name of a shipped one.
        data: the shards it was trained on.
        kind: copying goes bar by bar and can repeat earlier bars, for a model whose code is one of bars;
            gaussian is one Gaussian with all covariances; auto takes copying where it can.
        noise: the share of a code's uncertainty that is learned with it, above 0 and up to 1.
        temperature: that samples are drawn with: 1 is the density itself, less keeps to what is likely.
        width: copying: LSTM units.
        fresh: copying: Gaussians for bars that repeat nothing.
        epochs: copying: at most so many times through the windows.
        windows: at most so many windows of train are read.
        transposed: melodies are read in other keys than their own.
        seed: of everything that is drawn.
    """
    from seqgen.data.shards import Shards
    from seqgen.models.checkpoint import load_model, save_prior
    from seqgen.models.music_vae.prior import PriorConfig
    from seqgen.tasks.shipped import find_folder
    from seqgen.training.prior import FitSettings
    from seqgen.training.prior import fit_prior as fit

    for name, value in (("epochs", epochs), ("windows", windows)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    folder = find_folder(model)
    vae, _ = load_model(folder)
    bars = vae.config.code == "bars" and vae.config.bars > 1
    chosen = ("copying" if bars else "gaussian") if kind == "auto" else kind
    if temperature is None:
        temperature = 0.4 if chosen == "copying" else 1.0
    lags = min(15, max(1, vae.config.bars - 1))
    config = PriorConfig(chosen, width, lags, fresh=fresh, noise=noise, temperature=temperature)
    settings = FitSettings(epochs=epochs, windows=windows, transposed=transposed, seed=seed)
    fitted = fit(vae, Shards(data), config, settings, tell)
    save_prior(folder, fitted.prior)
    print(
        f"{folder / 'prior.safetensors'}: {fitted.nats:.1f} nats a window ({fitted.windows} held-out ones), "
        f"{fitted.gaussian:.1f} by one Gaussian, {fitted.standard:.1f} by N(0, 1)"
    )


def tell(text: str) -> None:
    """Progress on a terminal, one line that is written over; elsewhere only lines that are complete."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text.endswith("\n"):
        print(text, end="", file=sys.stderr, flush=True)
