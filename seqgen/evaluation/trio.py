"""Trios, part by part: what comes back of each track, how likely each is, and whether the code ties them.

A code that held three tracks side by side would tell each track no more than the track's own share of it.
So beside the cross-entropy of a part given its window's code stands that given the code of a window in which
the other two parts are those of other windows (`other tracks`): a code of the same rate that knows of nothing
else but the part itself. What a part gains from its fellows is the difference.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from seqgen.core import Product
from seqgen.evaluation.latent import Readings, in_batches
from seqgen.evaluation.ngram import NGram, Smoothing, fit_ngram, longest_order
from seqgen.evaluation.notes import note_scores
from seqgen.evaluation.reconstruction import (
    Tokens,
    check_pair,
    common_bar,
    exact_windows,
    hit_scores,
    onset_accuracy,
    step_accuracy,
)
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.trio import FIRST_ONSETS, PARTS, join_parts, split_parts

NAMES = ("melody", "bass", "drums")


@dataclass(frozen=True, eq=False)
class PartNGrams:
    """An n-gram model a part. It hears whether each part goes on as music does, not whether they agree."""

    models: tuple[NGram, ...]

    def nll(self, tokens: np.ndarray) -> np.ndarray:
        """-log p of every step of all parts together, in nats: [N, T] to [N, T] float64."""
        parts = zip(self.models, split_parts(tokens), strict=True)
        return np.sum([model.nll(part) for model, part in parts], axis=0)


def fit_parts(
    tokens: np.ndarray, order: int, shifts: range, smoothing: Smoothing = "Witten-Bell"
) -> PartNGrams:
    """Count the n-grams of each part of windows [N, T], up to `order` or the longest that fits a part;
    melody and bass in all transpositions."""
    each = zip(split_parts(tokens), PARTS, FIRST_ONSETS, strict=True)
    moves: Sequence[range | tuple[int, ...]] = (shifts, shifts, (0,))
    return PartNGrams(
        tuple(
            fit_ngram(part, size, min(order, longest_order(size)), move, first, smoothing)
            for (part, size, first), move in zip(each, moves, strict=True)
        )
    )


def measure_trio(reference: Tokens, estimate: Tokens) -> dict[str, float]:
    """All metrics of one set of reconstructions."""
    true, guess = check_pair(reference, estimate)
    result = {"step accuracy": step_accuracy(true, guess)}
    with warnings.catch_warnings():  # a baseline that plays nothing is there for just that
        warnings.filterwarnings("ignore", "the estimate has no", UserWarning)
        parts = zip(NAMES, split_parts(true), split_parts(guess), FIRST_ONSETS, strict=True)
        for name, own, other, first in parts:
            result[f"{name} onset accuracy"] = onset_accuracy(own, other, first)
            if name == "drums":
                result["drums hit F1"] = hit_scores(own, other).f1
            else:
                result[f"{name} note F1"] = note_scores(own, other).f1
    return result | {"exact windows": exact_windows(true, guess)}


def common_bars(train: np.ndarray, like: np.ndarray, steps_per_bar: int) -> np.ndarray:
    """The baseline that plays one bar: of each part the most frequent token at each of its steps."""
    parts = zip(split_parts(train), split_parts(like), strict=True)
    return join_parts([common_bar(part, own, steps_per_bar) for part, own in parts])


def entropies_by_part(
    model: MusicVAE, token: Int[Tensor, "N T"], readings: Readings, rng: Generator, batch: int = 128
) -> dict[str, float]:
    """Nats a step of each part: with a code drawn for its own window, for another window, and for a window
    in which only this part is its own. `rng` draws codes and says which windows are exchanged."""
    head = model.decoder.head
    if not isinstance(head, Product):
        raise ValueError(f"model: expected a product of parts, got {type(head).__name__}")
    size, z = len(token), readings.posterior.sample(rng)
    shift = [int(torch.randint(1, size, (), generator=rng)) for _ in range(3)]
    result: dict[str, float] = {}
    for number, name in enumerate(NAMES):
        mixed = exchange(token, number, shift)
        alone = in_batches(lambda x: model.encode(x).sample(rng), batch, mixed)
        codes = {"": z, ", random z": z.roll(shift[number], 0), ", other tracks": alone}
        for which, code in codes.items():
            nll = in_batches(_nll_of(model, head, number), batch, token, code)
            result[f"cross-entropy, {name}{which}"] = nll.mean().item()
    return result


def exchange(token: Int[Tensor, "N T"], part: int, shift: Sequence[int]) -> Int[Tensor, "N T"]:
    """Windows in which every part but number `part` is that of the window `shift[part]` places on."""
    radix = np.cumprod((1, *PARTS[:-1])).tolist()
    result = torch.zeros_like(token)
    for number, (size, base) in enumerate(zip(PARTS, radix, strict=True)):
        own = token // base % size
        result += base * (own if number == part else own.roll(shift[number], 0))
    return result


def _nll_of(model: MusicVAE, head: Product, part: int) -> Callable[..., Tensor]:
    def nll(token: Int[Tensor, "B T"], z: Float[Tensor, "B Z"]) -> Float[Tensor, "B T"]:
        y, _ = model.decoder.hidden(token, model.decoder.init_state(len(z), z))
        return -head.log_prob_by_part(y, token)[part]

    return nll
