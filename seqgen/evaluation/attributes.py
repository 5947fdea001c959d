"""Do the sliders do what they say? Windows are moved along each attribute vector, decoded, and measured.

N windows, K attributes. With A the attributes of decoded windows in deviations over train, z the posterior
means and v a vector: the sign is right where A(z + v) > A(z - v); the effect is the mean of
(A(z + v) - A(z - v)) / 2; selectivity is a vector's effect on its own attribute over its largest effect, up
or down, on another (after the table of Roberts et al. 2018, section 5.3). A vector of that length in a random
direction stands beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from seqgen.evaluation.bootstrap import bootstrap, bootstrap_mean
from seqgen.evaluation.figure import Figure, Interval, Section
from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.attributes import BOUNDS, measure
from seqgen.tasks.attribute_fit import decoded, encoded

FEWEST = 16
MOST = 256
MOST_BARS = 1536
"""in the windows that are moved"""
TITLE = "attribute vectors"
RANDOM = "a random direction of the same length"
TINY = 1e-9


class Moved(NamedTuple):
    """Attributes of N decoded windows, in deviations, where one slider is at -1, 0 and +1."""

    down: Float[np.ndarray, "N K"]
    still: Float[np.ndarray, "N K"]
    up: Float[np.ndarray, "N K"]

    @property
    def effects(self) -> Float[np.ndarray, "N K"]:
        return (self.up - self.down) / 2


def measure_attributes(
    vae: MusicVAE,
    sliders: AttributeVectors | str,
    representation: str,
    tokens: Integer[np.ndarray, "N T"],
    seed: int = 1,
) -> Section:
    """Sign and selectivity of every slider of a model at one deviation, on held-out windows.

    Args:
        sliders: the vectors, or why there are none (`vectors_of`), which is then what is said.
        representation: name of the model's representation.
        tokens: held-out windows; at most 256 of them, and 1,536 bars, are drawn with `seed`.
    """
    if isinstance(sliders, str):
        return Section(TITLE, [], "", missing=[sliders])
    if len(tokens) < FEWEST:
        few = f"attributes: expected at least {FEWEST} windows, got {len(tokens)}"
        return Section(TITLE, [], "", missing=[few])
    rng = np.random.default_rng(seed)
    some = tokens[rng.permutation(len(tokens))[: min(MOST, MOST_BARS // vae.config.bars)]]
    z = encoded(vae, some)

    def look(codes: np.ndarray) -> np.ndarray:
        values = measure(representation, decoded(vae, codes), sliders.names)
        return (values - sliders.means.numpy()) / sliders.deviations.numpy()

    still = look(z)
    figures: list[Figure] = []
    missing: list[str] = []
    for number, name in enumerate(sliders.names):
        vector = sliders.vectors[number].double().numpy()
        other = rng.normal(size=len(vector))
        other *= np.linalg.norm(vector) / np.linalg.norm(other)
        own, random = (Moved(look(z - v), still, look(z + v)) for v in (vector, other))
        low, high = BOUNDS.get(name, (0.0, np.inf))
        scale = float(sliders.means[number]), float(sliders.deviations[number])
        bounds = (low - scale[0]) / scale[1], (high - scale[0]) / scale[1]
        found, unknown = figures_of(name, number, own, random, bounds, seed)
        figures += found
        missing += unknown
    signature = f"slider:1 deviation|decoding:greedy from the posterior mean|windows:{len(some)}|seed:{seed}"
    return Section(TITLE, figures, f"{signature}|weights:{sliders.fingerprint}", missing=missing)


def figures_of(
    name: str, number: int, own: Moved, random: Moved, bounds: tuple[float, float], seed: int
) -> tuple[list[Figure], list[str]]:
    """What is said of one slider, and what cannot be.

    bounds: the least and the greatest value of the attribute, in deviations: what is there cannot be passed.
    """
    down, still, up = (part[:, number] for part in own)
    against = random.effects[:, number]
    there = np.isfinite(down) & np.isfinite(still) & np.isfinite(up)
    if there.sum() < 2:
        return [], [f"attributes: {name} is undefined in nearly all windows, and was not measured"]
    signs = bootstrap_mean((up - down)[there] > TINY, seed)
    chance = float((against[np.isfinite(against)] > TINY).mean())
    figures = [Figure.of(f"{name}: right sign", signs, chance, RANDOM)]
    for what, moved, room in (
        ("raised by +1", up - still, still < bounds[1] - TINY),
        ("lowered by -1", still - down, still > bounds[0] + TINY),
    ):
        rows = there & room
        if rows.sum() > 1:
            figures.append(Figure.of(f"{name}: {what}", bootstrap_mean(moved[rows] > TINY, seed)))
    figures.append(
        Figure.of(
            f"{name}: effect",
            bootstrap_mean(own.effects[there, number], seed),
            float(np.nanmean(against)),
            RANDOM,
        )
    )
    chance = selectivity(random.effects, number, seed).value
    figures.append(Figure.of(f"{name}: selectivity", selectivity(own.effects, number, seed), chance, RANDOM))
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
