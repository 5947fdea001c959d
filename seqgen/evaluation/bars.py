"""Windows of tokens as what begins in each bar, whatever the representation; and bars in another order."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from seqgen.models.music_vae import MusicVAEConfig


def why_no_bars(config: MusicVAEConfig) -> str | None:
    """A sentence if windows of a model are not bars of sixteenths; None if they are."""
    if config.code == "tracks" or config.events is not None:
        return "a window of multitrack is one bar of events, so it has no bars to compare"
    if config.head in ("groove", "groove_mixture"):
        return (
            "windows of played drums are velocities and offsets, not tokens; `drums` models have this figure"
        )
    return None


def events_of(tokens: np.ndarray, config: MusicVAEConfig) -> Int[np.ndarray, "N U T P"]:
    """What begins on each of the T steps of a bar, in P places; 0 is nothing.

    A voice is one place, with the token of an onset in it; a drum sound is one place, 1 where it is hit.

    Args:
        tokens: windows [N, bars * steps_per_bar] of a model of this config.

    Raises:
        ValueError: unless the windows have the config's size.
    """
    if tokens.ndim != 2 or tokens.shape[1] != config.steps:
        raise ValueError(f"tokens: expected windows [N, {config.steps}], got shape {tokens.shape}")
    left = tokens.astype(np.int64)
    places = []
    for size, head in config.heads:
        part, left = left % size, left // size
        if head == "categorical" and not _is_kit(config):
            places.append(np.where(part >= config.first_onset, part, 0))
        else:
            places += [part >> bit & 1 for bit in range(size.bit_length() - 1)]
    return np.stack(places, axis=-1).reshape(len(tokens), config.bars, config.steps_per_bar, len(places))


def shuffle_bars(tokens: np.ndarray, bars: int, rng: np.random.Generator) -> np.ndarray:
    """Each window [N, T, ...] with its bars in a random order of its own."""
    rows = tokens.reshape(len(tokens), bars, -1)
    order = rng.permuted(np.tile(np.arange(bars), (len(rows), 1)), axis=1)
    return np.take_along_axis(rows, order[:, :, None], axis=1).reshape(tokens.shape)


def _is_kit(config: MusicVAEConfig) -> bool:
    """Whether the one categorical part of a model is drum patterns: sounds as bits, 0 for none."""
    return config.head == "categorical" and config.first_onset == 1
