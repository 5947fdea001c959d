"""Attribute vectors fitted to what a model decodes, not to what it has read.

A regression from codes to attributes says where windows with more of something lie, but a decoder that was
trained with noisy codes ignores small moves and distorts large ones. So codes of train windows are moved at
random, K attributes of the decoded windows are measured, and their mean gradient J [D, K] over the moves is
what counts. The vectors are its dual basis J (J^T J)^-1: each keeps, of its own gradient, what is orthogonal
to the gradients of all others. What holds for random moves need not hold far along a vector, so each is then
improved where it ends: Gauss-Newton steps towards an effect of one deviation on its own attribute and of none
on the others, the gradient renewed at every step. At last each is as long as has an effect of one deviation.

Moves are coordinates D in a basis where codes have unit variance (Z latent). Where bars have codes of their
own, a move is the same in all bars, plus one that grows from the first bar to the last.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Integer

from seqgen.core import GREEDY
from seqgen.models.attribute_vectors import AttributeVectors, fingerprint_of
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.attributes import attributes_of, measure
from seqgen.tasks.chords import decode, encode
from seqgen.tasks.settings import Drawing
from seqgen.tasks.slider_search import codes_in_a_row

BATCH = 256
CODES, FEWEST_CODES = 4000, 500
"""windows that are encoded, times their bars; and their least number"""
PAIRS = 24
"""pairs of opposite random moves for each dimension of the basis"""
SPREAD = 0.7
"""standard deviation of a random move, in those of the codes"""
ROUNDS = 8
"""Gauss-Newton steps for each vector"""
NEAR = 0.35
"""standard deviation of random moves about a vector's end"""
NEAR_PAIRS, FEWEST_NEAR = 512, 48
"""pairs of those for a step, times the bars of a window, which say the more; and their least number"""
TRUST = 0.1
"""weight of the squared length of a step"""
OWN = 4.0
"""weight of the attribute that a vector is for, where another has 1"""
KEPT = 0.98
"""share of the codes' variance that the basis has"""
LARGEST = 2.0
"""deviations of an attribute beyond which a change counts no more: one odd window is no direction"""
LONGEST = 7.0
"""that a vector may be, in standard deviations of the codes: beyond it music falls apart"""
TRIED, FEWEST_TRIED = 128, 16
"""windows for each step of the search for a vector's length, times their bars; and their least number"""
LENGTHS = (1.5, 3.0, 5.0, LONGEST)
AMOUNTS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""of a slider, that are tried for its reach"""
FEWEST = 100
TINY = 1e-12
Look = Callable[[np.ndarray], np.ndarray]
"""the attributes [B, K] of what codes [B, Z] decode to, in deviations"""


def fit(
    vae: MusicVAE,
    representation: str,
    windows: Integer[np.ndarray, "N T"],
    seed: int = 1,
    progress: Callable[[str], None] = lambda stage: None,
) -> AttributeVectors:
    """The vectors of a model, from its train windows.

    Raises:
        ValueError: for a representation without attributes, or too few windows.
    """
    names = attributes_of(representation)
    if len(windows) < FEWEST:
        raise ValueError(f"shards: expected at least {FEWEST} train windows, got {len(windows)}")
    rng = np.random.default_rng(seed)
    values = measure(representation, windows)
    means, deviations = np.nanmean(values, 0), np.nanstd(values, 0)
    if not (np.isfinite(deviations).all() and (deviations > 0).all()):
        odd = names[int(np.argmin(np.nan_to_num(deviations)))]
        raise ValueError(f"shards: {odd} is the same in all train windows: nothing can be learnt of it")
    progress("encoding")
    z = encoded(vae, windows[rng.permutation(len(windows))[: max(FEWEST_CODES, CODES // vae.config.bars)]])

    def look(codes: np.ndarray) -> np.ndarray:
        return (measure(representation, decoded(vae, codes)) - means) / deviations

    basis = moves(z, codes_in_a_row(vae))
    progress("measuring")
    gradient = mean_gradient(look, z, basis, rng)
    pairs = max(FEWEST_NEAR, NEAR_PAIRS // vae.config.bars)
    tried = max(FEWEST_TRIED, TRIED // vae.config.bars)
    ends = dual(gradient)
    for k in range(len(names)):
        progress(names[k])
        ends[:, k] *= length(look, some(z, tried, rng), basis @ ends[:, k], k)
        end = improved(look, z, basis, gradient, ends[:, k], k, pairs, rng)
        end = unit(end)
        ends[:, k] = end * length(look, some(z, tried, rng), basis @ end, k)
    vectors = basis @ ends
    reach = [extent(look, some(z, tried, rng), v, k) for k, v in enumerate(vectors.T)]
    rows = (torch.from_numpy(x).float() for x in (vectors.T.copy(), means, deviations, np.array(reach)))
    numbers = dict(zip(("vectors", "means", "deviations", "reach"), rows, strict=True))
    return AttributeVectors(names, **numbers, fingerprint=fingerprint_of(vae))


def encoded(vae: MusicVAE, windows: Integer[np.ndarray, "N T"]) -> Float[np.ndarray, "N Z"]:
    """Posterior means, in float64."""
    return read(vae, windows)[0]


def read(
    vae: MusicVAE, windows: Integer[np.ndarray, "N T"]
) -> tuple[Float[np.ndarray, "N Z"], Float[np.ndarray, "N Z"]]:
    """Posterior means and standard deviations, in float64."""
    with torch.inference_mode():
        parts = [
            encode(vae, part.to(next(vae.parameters()).device), "float32")
            for part in torch.from_numpy(windows.astype(np.int64)).split(BATCH)
        ]
    mean, std = (torch.cat(rows).double().cpu().numpy() for rows in zip(*parts, strict=True))
    return mean, std


def decoded(vae: MusicVAE, z: Float[np.ndarray, "N Z"]) -> Integer[np.ndarray, "N T"]:
    """The most likely windows."""
    wanted, device = Drawing(GREEDY, 0, "float32"), next(vae.parameters()).device
    draws = (vae.config.steps, vae.decoder.head.draws)
    with torch.inference_mode():
        parts = [
            decode(vae, part.to(device), wanted, torch.full((len(part), *draws), 0.5)).cpu()
            for part in torch.from_numpy(z).float().split(BATCH)
        ]
    return torch.cat(parts).numpy()


def moves(z: Float[np.ndarray, "N Z"], bars: int) -> Float[np.ndarray, "Z D"]:
    """A basis of moves: the principal axes of the codes, as long as their standard deviations.

    bars: codes in a row; with more than one, the axes are those of one code, once in all bars alike and once
    from -1.7 in the first bar to +1.7 in the last (of unit variance over bars).
    """
    one = z.reshape(-1, z.shape[1] // bars)
    variance, axes = np.linalg.eigh(np.cov(one.T))  # the least first
    first = int((np.cumsum(variance) < (1 - KEPT) * variance.sum()).sum())
    axes = axes[:, first:] * np.sqrt(variance[first:])
    if bars == 1:
        return axes
    rising = np.linspace(-np.sqrt(3), np.sqrt(3), bars)[:, None]
    return np.concatenate([np.kron(np.ones((bars, 1)), axes), np.kron(rising, axes)], 1)


def mean_gradient(
    look: Look, z: Float[np.ndarray, "N Z"], basis: Float[np.ndarray, "Z D"], rng: np.random.Generator
) -> Float[np.ndarray, "D K"]:
    """How much of each attribute a move in each dimension gives, by least squares over pairs of moves."""
    size = PAIRS * basis.shape[1]
    step = rng.normal(size=(size, basis.shape[1])) * SPREAD
    start = some(z, size, rng)
    change = clipped(look(start + step @ basis.T) - look(start - step @ basis.T))
    return np.linalg.lstsq(step, change, rcond=None)[0]


def dual(gradient: Float[np.ndarray, "D K"]) -> Float[np.ndarray, "D K"]:
    """Directions of length 1, each orthogonal to the gradients of all attributes but its own."""
    return unit(gradient @ np.linalg.pinv(gradient.T @ gradient))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Columns of length 1; 0 where no move changes an attribute."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=0), TINY)


def improved(
    look: Look,
    z: Float[np.ndarray, "N Z"],
    basis: Float[np.ndarray, "Z D"],
    gradient: Float[np.ndarray, "D K"],
    end: Float[np.ndarray, " D"],
    number: int,
    count: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, " D"]:
    """The end of a vector after some steps towards an effect of 1 on attribute `number`, of 0 on others.

    count: pairs of moves that are measured for each step.
    """
    size, K = gradient.shape
    target = np.eye(K)[number]
    weight = np.where(target == 1, OWN, 1.0)
    for _ in range(ROUNDS):
        step = rng.normal(size=(count, size)) * NEAR
        start, moved = some(z, count, rng), (end + step) @ basis.T
        change = clipped(look(start + moved) - look(start - moved))
        new = change - change.mean(0) - step @ gradient
        # What is known of the gradient counts as much as what is measured now.
        prior = count * NEAR**2 * np.eye(size)
        gradient = gradient + np.linalg.solve(step.T @ step + prior, step.T @ new)
        normal = (gradient * weight) @ gradient.T + TRUST * np.eye(size)
        end = end + np.linalg.solve(normal, gradient @ (weight * (target - change.mean(0))))
        end = end * min(1.0, LONGEST / max(float(np.linalg.norm(end)), TINY))
    return end


def clipped(difference: Float[np.ndarray, "B K"]) -> Float[np.ndarray, "B K"]:
    """Changes from differences between two ends; none where one of them is undefined."""
    return np.clip(np.nan_to_num(difference / 2), -LARGEST, LARGEST)


def some(z: Float[np.ndarray, "N Z"], count: int, rng: np.random.Generator) -> Float[np.ndarray, "B Z"]:
    return z[rng.integers(len(z), size=count)]


def effect(look: Look, z: Float[np.ndarray, "N Z"], vector: Float[np.ndarray, " Z"], number: int) -> float:
    """Half the mean difference of an attribute between the two ends of a vector, in deviations."""
    return float(clipped(look(z + vector) - look(z - vector))[:, number].mean())


def length(look: Look, z: Float[np.ndarray, "N Z"], vector: Float[np.ndarray, " Z"], number: int) -> float:
    """By what a vector is to be multiplied to have an effect of 1; the longest, if it never has."""
    before = 0.0
    for shorter, longer in zip((0.0, *LENGTHS[:-1]), LENGTHS, strict=True):
        after = effect(look, z, longer * vector, number)
        if after >= 1:
            return float(shorter + (longer - shorter) * (1 - before) / (after - before))
        before = after
    return LONGEST


def extent(
    look: Look, z: Float[np.ndarray, "N Z"], vector: Float[np.ndarray, " Z"], number: int
) -> tuple[float, float]:
    """How far a slider goes either way: as long as a further half of a deviation still adds to the effect."""
    base = look(z)[:, number]
    ends = []
    for sign in (-1, 1):
        best, end = 0.0, 1.0
        for amount in AMOUNTS:
            gain = sign * float(np.nanmean(look(z + sign * amount * vector)[:, number] - base))
            if amount > 1 and gain <= best:
                break
            best, end = gain, max(amount, 1.0)
        ends.append(sign * end)
    return ends[0], ends[1]
