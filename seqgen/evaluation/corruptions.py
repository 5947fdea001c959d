"""Real windows, spoilt in one way each: what a metric does not tell from the real ones it does not hear."""

from __future__ import annotations

import numpy as np

from seqgen.evaluation.bars import shuffle_bars
from seqgen.representation.drum_map import DRUM_CLASSES
from seqgen.representation.melody import FIRST_ONSET, MAX_PITCH, MIN_PITCH
from seqgen.representation.timeline import STEPS_PER_BAR


def permute_pitches(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Melodies [N, T] with the pitches of each window in another order: its rhythm and its pitches stay."""
    result = tokens.copy()
    for row in result:
        onset = row >= FIRST_ONSET
        row[onset] = rng.permutation(row[onset])
    return result


def random_pitches(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Melodies [N, T] with any pitch of the piano at every onset: the rhythm stays."""
    drawn = rng.integers(FIRST_ONSET, FIRST_ONSET + MAX_PITCH - MIN_PITCH + 1, tokens.shape)
    return np.where(tokens >= FIRST_ONSET, drawn, tokens).astype(tokens.dtype)


def shuffle_onsets(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Windows [N, T] with the steps of each bar drawn into another order, but for the order of what begins.

    As many onsets a bar and the same pitches one after another as before, in another rhythm; of drums, the
    same patterns one after another.
    """
    bars = tokens.reshape(-1, STEPS_PER_BAR)
    order = rng.permuted(np.tile(np.arange(STEPS_PER_BAR), (len(bars), 1)), axis=1)
    mixed = np.take_along_axis(bars, order, axis=1)
    for before, after in zip(bars, mixed, strict=True):
        after[after > 0] = before[before > 0]
    return mixed.reshape(tokens.shape)


def exchange_sounds(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beats [N, T] of nine sounds with the sounds of each window exchanged for one another."""
    sounds = len(DRUM_CLASSES)
    bits = np.stack([tokens >> bit & 1 for bit in range(sounds)], axis=-1)
    order = rng.permuted(np.tile(np.arange(sounds), (len(tokens), 1)), axis=1)
    moved = np.take_along_axis(bits, order[:, None, :], axis=2)
    return (moved << np.arange(sounds)).sum(axis=-1).astype(tokens.dtype)


def corruptions(drums: bool, tokens: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The corruptions of melodies, or of drums, by name; that of bars only where there are several."""
    rng = np.random.default_rng(seed)
    bars = tokens.shape[1] // STEPS_PER_BAR
    found = {"bars shuffled": shuffle_bars(tokens, bars, rng)} if bars > 1 else {}
    if drums:
        return {**found, "sounds exchanged": exchange_sounds(tokens, rng), **_shuffled(tokens, rng)}
    return {
        **found,
        "pitches permuted": permute_pitches(tokens, rng),
        **_shuffled(tokens, rng),
        "random pitches": random_pitches(tokens, rng),
    }


def _shuffled(tokens: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"onsets shuffled": shuffle_onsets(tokens, rng)}
