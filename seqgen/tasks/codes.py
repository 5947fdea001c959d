"""Codes of music, and codes of nothing: what a model reads of sources, and draws from its prior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqgen.kernels.packing import Precision
from seqgen.models.music_vae import Posterior
from seqgen.tasks.chords import encode, tells_chords, with_chords
from seqgen.tasks.clip import Clip, choose_clip
from seqgen.tasks.latent import WAYS, Way, grid_weights, latent_grid, latent_path, path_weights
from seqgen.tasks.notices import say
from seqgen.tasks.reading import to_model
from seqgen.tasks.sources import Choice, Source, one_each, to_table

if TYPE_CHECKING:
    from seqgen.tasks.music import MusicModel

Prior = Literal["standard", "learned"]


def choose_all(
    model: MusicModel, music: Sequence[Source], track: Choice = None, start_bar: Choice = None
) -> list[Clip]:
    """See `MusicModel.clips`."""
    if isinstance(music, (str, Path)) or not len(music):
        raise ValueError("music: expected a list of at least one file or NoteSequence, got none")
    tracks, bars = one_each(track, len(music), "track"), one_each(start_bar, len(music), "start_bar")
    clips = []
    for number, (source, t, bar) in enumerate(zip(music, tracks, bars, strict=True)):
        name = "" if len(music) == 1 else "ABCD"[number : number + 1]
        clips.append(source if isinstance(source, Clip) else choose(model, source, t, bar, name))
        say(() if isinstance(source, Clip) else clips[-1].notices)
    return clips


def choose(model: MusicModel, source: Source, track: int | None, start_bar: int | None, name: str) -> Clip:
    """See `MusicModel.clip`."""
    name = Path(source).name if isinstance(source, (str, Path)) else name or "the music"
    music = to_table(source)
    clip = choose_clip(music, model.converter, name, track, start_bar)
    return with_chords(clip, source, music, model.converter) if tells_chords(model.vae) else clip


def read(model: MusicModel, clips: Sequence[Clip], precision: Precision | None = None) -> Posterior:
    """The posterior (mean [B, Z], std [B, Z]) of B clips.

    Raises:
        ValueError: for a model whose weights make a code that is not finite.
    """
    tokens = to_model(model.vae.config, np.stack([clip.tokens for clip in clips])).to(model.device)
    with torch.inference_mode():
        posterior = encode(model.vae, tokens, precision, chords=[clip.chords for clip in clips])
    if not (posterior.mean.isfinite().all() and posterior.std.isfinite().all()):
        raise ValueError(f"{model.name}: its weights are damaged (the code of {clips[0].name} is not finite)")
    return Posterior(posterior.mean.clone(), posterior.std.clone())  # free of inference mode


def between(
    means: Sequence[Float[Tensor, "Z"]], num_steps: int, way: Way
) -> tuple[Float[Tensor, "K Z"], Float[Tensor, "K C"]]:
    """Codes of a path from the first of two to the second, or of a grid of four; how much of each is in them.

    Raises:
        ValueError: for a way that there is not.
    """
    if way not in WAYS:
        raise ValueError(f"way: expected {' or '.join(WAYS)}, got {way!r}")
    if len(means) == 2:
        return latent_path(means[0], means[1], num_steps, way), path_weights(num_steps)
    grid = latent_grid(means[0], means[1], means[2], means[3], num_steps, way)
    return grid.flatten(0, 1), grid_weights(num_steps).flatten(0, 1)


def draw_codes(
    model: MusicModel, num: int, rng: Generator, prior: Prior | None = None
) -> tuple[Float[Tensor, "B Z"], str]:
    """Codes from a prior, and what a result says of it: nothing where there is no choice.

    Raises:
        ValueError: for a learned prior that the model does not have.
    """
    if prior not in (None, "standard", "learned"):
        raise ValueError(f"prior: expected standard or learned, got {prior!r}")
    learned = model.prior
    if learned is None:
        if prior == "learned":
            raise ValueError(
                f"prior: {model.name} has no learned prior: leave it out, or make one with `seqgen fit-prior`"
            )
        return torch.randn(num, model.vae.config.latent, generator=rng), ""
    if prior == "standard":
        return torch.randn(num, model.vae.config.latent, generator=rng), ", prior standard"
    said = f", prior learned at temperature {learned.config.temperature:g}"
    return learned.sample(num, rng), said
