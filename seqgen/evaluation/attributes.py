"""Do the sliders do what they say? Windows are moved along each attribute vector, decoded, and measured.

N windows, K attributes. With A the attributes of decoded windows in deviations over train, z the posterior
means and v a vector: the sign is right where A(z + v) > A(z - v); the effect is the mean of
(A(z + v) - A(z - v)) / 2; selectivity is a vector's effect on its own attribute over its largest effect, up
or down, on another (after the table of Roberts et al. 2018, section 5.3). A vector of that length in a random
direction stands beside it.

As played, a window at +1 and -1 is what the search about the vector takes (`tasks.slider_search`), and two
codes at random of the cloud that it looks at stand beside it. A search could raise anything by throwing the
music away, so what share of the steps is changed is a figure too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from seqgen.evaluation.bootstrap import bootstrap, bootstrap_mean
from seqgen.evaluation.figure import Figure, Interval, Section
from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.attributes import measure
from seqgen.tasks.attribute_fit import decoded, read
from seqgen.tasks.slider_search import Piece, bounds_of, cloud, codes_in_a_row

FEWEST = 16
MOST = 256
MOST_BARS = 1536
"""in the windows that are moved"""
PLAYED, PLAYED_BARS = 96, 512
"""of those, windows that are moved as sliders are played, and bars in them: each is searched about"""
TITLE = "attribute vectors"
RANDOM = "a random direction of the same length"
NEAR = "random codes as near as those tried"
TINY = 1e-9
Look = Callable[[np.ndarray], np.ndarray]
"""the attributes [N, K] of windows [N, T], in deviations"""


class Moved(NamedTuple):
    """Attributes of N decoded windows, in deviations, where one slider is at -1, 0 and +1."""

    down: Float[np.ndarray, "N K"]
    still: Float[np.ndarray, "N K"]
    up: Float[np.ndarray, "N K"]
    steps: Float[np.ndarray, " N"]
    """share of the steps of a window that are not what they are at 0, mean of both ends"""

    @property
    def effects(self) -> Float[np.ndarray, "N K"]:
        return (self.up - self.down) / 2


class Windows(NamedTuple):
    """N windows: their posteriors, and what they decode to with all sliders at 0."""

    mean: Float[np.ndarray, "N Z"]
    std: Float[np.ndarray, "N Z"]
    plain: Integer[np.ndarray, "N T"]


def measure_attributes(
    vae: MusicVAE,
    sliders: AttributeVectors | str,
    representation: str,
    tokens: Integer[np.ndarray, "N T"],
    seed: int = 1,
) -> Section:
    """Sign and selectivity of every vector and of every slider as it is played, on held-out windows.

    Args:
        sliders: the vectors, or why there are none (`vectors_of`), which is then what is said.
        representation: name of the model's representation.
        tokens: held-out windows; at most 256 of them, and 1,536 bars, are drawn with `seed`. Of those the
            first 96, at most 512 bars, are played.
    """
    if isinstance(sliders, str):
        return Section(TITLE, [], "", missing=[sliders])
    if len(tokens) < FEWEST:
        few = f"attributes: expected at least {FEWEST} windows, got {len(tokens)}"
        return Section(TITLE, [], "", missing=[few])
    rng = np.random.default_rng(seed)
    bars = vae.config.bars
    some = tokens[rng.permutation(len(tokens))[: min(MOST, MOST_BARS // bars)]]
    mean, std = read(vae, some)
    windows = Windows(mean, std, decoded(vae, mean))

    def look(windows: np.ndarray) -> np.ndarray:
        values = measure(representation, windows, sliders.names)
        return (values - sliders.means.numpy()) / sliders.deviations.numpy()

    vectors = sliders.vectors.double().numpy()
    other = rng.normal(size=vectors.shape)
    other *= np.linalg.norm(vectors, axis=1, keepdims=True) / np.linalg.norm(other, axis=1, keepdims=True)
    own, random = ([along(vae, look, windows, v) for v in rows] for rows in (vectors, other))
    count = min(len(some), max(FEWEST, min(PLAYED, PLAYED_BARS // bars)))
    first = Windows(*(part[:count] for part in windows))
    played, chance = as_played(vae, sliders, representation, look, first, seed)
    lowest, highest = bounds_of(sliders)
    figures: list[Figure] = []
    missing: list[str] = []
    for k, name in enumerate(sliders.names):
        bounds = float(lowest[k]), float(highest[k])
        for title, these, baseline, against in (
            (name, own[k], random[k], RANDOM),
            (f"{name}, as played", played[k], chance, NEAR),
        ):
            found, unknown = figures_of(title, k, these, baseline, bounds, seed, against)
            figures += found
            missing += unknown
    how = "slider:1 deviation|decoding:greedy from the posterior mean"
    signature = f"{how}|windows:{len(some)}|as played:{count}|seed:{seed}"
    return Section(TITLE, figures, f"{signature}|weights:{sliders.fingerprint}", missing=missing)


def along(vae: MusicVAE, look: Look, windows: Windows, vector: Float[np.ndarray, " Z"]) -> Moved:
    """Windows at either end of one vector for all."""
    down, up = (decoded(vae, windows.mean + sign * vector) for sign in (-1, 1))
    return between(look, down, windows.plain, up)


def as_played(
    vae: MusicVAE,
    sliders: AttributeVectors,
    representation: str,
    look: Look,
    windows: Windows,
    seed: int,
) -> tuple[list[Moved], Moved]:
    """Windows moved by each slider as a user moves it; and to two codes of the cloud, at random."""
    parts, K = codes_in_a_row(vae), len(sliders.names)
    ends = np.empty((K, 2, *windows.plain.shape), windows.plain.dtype)
    chance = np.empty((2, *windows.mean.shape))
    rng = np.random.default_rng(seed)

    def draw(codes: np.ndarray) -> np.ndarray:
        return decoded(vae, codes)

    for n, (mean, std) in enumerate(zip(windows.mean, windows.std, strict=True)):
        piece = Piece(draw, sliders, representation, parts, mean, std, seed)
        for k, setting in enumerate(np.eye(K)):
            ends[k, :, n] = piece.moved(-setting), piece.moved(setting)
        chance[:, n] = rng.choice(cloud(mean, std, parts, rng), 2, replace=False)
    random = between(look, decoded(vae, chance[0]), windows.plain, decoded(vae, chance[1]))
    return [between(look, down, windows.plain, up) for down, up in ends], random


def between(look: Look, down: np.ndarray, plain: np.ndarray, up: np.ndarray) -> Moved:
    """What is measured of three sets of windows [N, T]."""
    steps = ((down != plain).mean(1) + (up != plain).mean(1)) / 2
    return Moved(look(down), look(plain), look(up), steps)


def figures_of(
    name: str, number: int, own: Moved, random: Moved, bounds: tuple[float, float], seed: int, against: str
) -> tuple[list[Figure], list[str]]:
    """What is said of one slider, and what cannot be.

    bounds: the least and the greatest value of the attribute, in deviations: what is there cannot be passed.
    against: what `random` is.
    """
    down, still, up = own.down[:, number], own.still[:, number], own.up[:, number]
    chance = random.effects[:, number]
    there = np.isfinite(down) & np.isfinite(still) & np.isfinite(up)
    if there.sum() < 2:
        return [], [f"attributes: {name} is undefined in nearly all windows, and was not measured"]
    signs = bootstrap_mean((up - down)[there] > TINY, seed)
    figures = [
        Figure.of(f"{name}: right sign", signs, float((chance[np.isfinite(chance)] > TINY).mean()), against)
    ]
    for what, moved, room in (
        ("raised by +1", up - still, still < bounds[1] - TINY),
        ("lowered by -1", still - down, still > bounds[0] + TINY),
    ):
        rows = there & room
        if rows.sum() > 1:
            figures.append(Figure.of(f"{name}: {what}", bootstrap_mean(moved[rows] > TINY, seed)))
    for what, interval, baseline in (
        ("effect", bootstrap_mean(own.effects[there, number], seed), float(np.nanmean(chance))),
        (
            "selectivity",
            selectivity(own.effects, number, seed),
            selectivity(random.effects, number, seed).value,
        ),
        ("steps changed", bootstrap_mean(own.steps, seed), float(random.steps.mean())),
    ):
        figures.append(Figure.of(f"{name}: {what}", interval, baseline, against))
    return figures, []


def selectivity(effects: Float[np.ndarray, "N K"], number: int, seed: int) -> Interval:
    """The mean effect on attribute `number` over the largest on another, up or down; NaN counts nowhere."""
    there = np.isfinite(effects)
    values = np.where(there, effects, 0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        mean = weights @ values / np.maximum(weights @ there, TINY)
        others = np.abs(np.delete(mean, number, 1)).max(1)
        return mean[:, number] / np.maximum(others, TINY)

    return bootstrap(statistic, len(effects), seed)
