"""What sliders do to one piece: codes near its own are decoded, and the one that serves best is taken.

A constant vector moves all music alike, though what raises, say, the range of one melody lowers that of
another. So for the piece at hand the decoder is asked: a cloud of codes about z, as wide as the posterior is
unsure, and some along the way from z to z + sum a_k v_k and beyond, are decoded and measured. Where bars have
codes of their own, candidates then exchange bars: what each bar of each would change in the piece is measured
by itself and taken to add up, combinations of least cost are found by coordinate descent (bars that are alike
stay alike), and the best are decoded too. What is taken is always something that was decoded, and never costs
more than the piece as it is.

R candidates, U codes in a row (1 where a window has one), G groups of bars that are alike, K attributes,
Z latent, T steps. What a candidate costs, with d its change of the attributes in deviations and a the amounts
of the sliders, as far as there is room for them: OWN (d_k - a_k)^2 for a slider that it falls short of,
(d_k - a_k)^2 for one that it goes beyond, d_k^2 for an attribute without a slider, and FAR times the share of
the steps that it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Integer

from seqgen.models.attribute_vectors import AttributeVectors
from seqgen.models.music_vae import MusicVAE
from seqgen.representation.attributes import BOUNDS, measure

CLOUD = 40
"""codes about that of the piece"""
NARROWEST, WIDEST = 0.5, 2.5
"""how far they lie from it, in standard deviations of the posterior"""
WAY, WAY_ALONE = 4, 24
"""codes along the way; and where a window has one code, so that no bars can be exchanged"""
NEAREST, FURTHEST = 0.35, 1.5
"""how much of the way they have gone"""
STARTS, SWEEPS = 8, 3
"""descents, each from a good candidate, and how often one goes through all bars"""
CROSSED = 4
"""combinations that are decoded"""
OWN = 20.0
"""weight of what a slider falls short of, where a change of another attribute has 1"""
FAR = 2.0
"""weight of the share of steps that are changed"""
LARGEST = 3.0
"""deviations beyond which a change of another attribute costs no more"""
GONE = 100.0
"""deviations that are said to be lost where an attribute is no longer defined: nothing is worth silence"""
Draw = Callable[[np.ndarray], np.ndarray]
"""the windows [R, T] that codes [R, Z] decode to, each as if it were alone"""


class Candidates(NamedTuple):
    """Codes, what they decode to, and the attributes of that, in deviations."""

    codes: Float[np.ndarray, "R Z"]
    tokens: Integer[np.ndarray, "R T"]
    values: Float[np.ndarray, "R K"]

    def beside(self, other: Candidates) -> Candidates:
        return Candidates(*(np.concatenate(parts) for parts in zip(self, other, strict=True)))


class Goal(NamedTuple):
    """What one setting of the sliders asks of a piece."""

    amounts: Float[np.ndarray, " K"]
    """0: the attribute is to stay"""
    change: Float[np.ndarray, " K"]
    """as much of that as there is room for; 0 where the piece's attribute is undefined"""

    def cost(
        self, change: Float[np.ndarray, "*R K"], steps: Float[np.ndarray, "*R"]
    ) -> Float[np.ndarray, "*R"]:
        """change: of the attributes; steps: share of those that are changed."""
        moved = self.amounts != 0
        error = change - self.change
        short = moved & (error * self.amounts < 0)
        whole = moved | (error < -GONE / 2)
        error = np.where(whole, error, error.clip(-LARGEST, LARGEST))
        return np.asarray((np.where(short, OWN, 1.0) * error**2).sum(-1) + FAR * steps)


class Piece:
    """A piece and what is near it, of which any setting of the sliders can be asked.

    Args:
        draw: decodes as the result shall be decoded.
        parts: codes in a row in one code.
        z, spread: the mean of the piece's posterior and its standard deviation.
        seed: of the cloud.
    """

    def __init__(
        self,
        draw: Draw,
        sliders: AttributeVectors,
        representation: str,
        parts: int,
        z: Float[np.ndarray, " Z"],
        spread: Float[np.ndarray, " Z"],
        seed: int,
    ):
        self._draw, self._representation, self._parts = draw, representation, parts
        self._names, self._bounds = sliders.names, bounds_of(sliders)
        self._vectors, self._means, self._deviations = (
            tensor.double().cpu().numpy() for tensor in (sliders.vectors, sliders.means, sliders.deviations)
        )
        around = cloud(z, spread, parts, np.random.default_rng(seed))
        self._near = self._heard(np.concatenate([z[None], around]))
        self.plain: Integer[np.ndarray, " T"] = self._near.tokens[0]
        self._values = self._near.values[0]
        bars = self.plain.reshape(parts, -1)
        self._groups: Int[np.ndarray, " U"] = np.unique(bars, axis=0, return_inverse=True)[1].reshape(-1)
        self._near_effects = self._effects(self._near)

    def moved(self, amounts: Float[np.ndarray, " K"]) -> Integer[np.ndarray, " T"]:
        """The piece as one setting of the sliders has it; with all at 0 it is `plain`."""
        if not amounts.any():
            return self.plain
        goal = goal_of(amounts, self._values, self._bounds)
        count = WAY if self._parts > 1 else WAY_ALONE
        way = np.outer(np.linspace(NEAREST, FURTHEST, count), amounts @ self._vectors)
        along = self._heard(self._near.codes[1 : 1 + count] + way)
        found = self._near.beside(along)
        cost = self._cost(goal, found)
        if self._parts > 1:
            effects = zip(self._near_effects, self._effects(along), strict=True)
            change, steps = (np.concatenate(parts, 1) for parts in effects)
            starts = np.argsort(cost, kind="stable")[:STARTS]
            found = found.beside(self._crossed(goal, found, settled(goal, change, steps, starts)))
            cost = self._cost(goal, found)
        return found.tokens[int(cost.argmin())]

    def _heard(self, codes: Float[np.ndarray, "R Z"]) -> Candidates:
        tokens = self._draw(codes)
        return Candidates(codes, tokens, self._measured(tokens))

    def _measured(self, tokens: Integer[np.ndarray, "R T"]) -> Float[np.ndarray, "R K"]:
        return (measure(self._representation, tokens, self._names) - self._means) / self._deviations

    def _change(self, values: Float[np.ndarray, "R K"]) -> Float[np.ndarray, "R K"]:
        """Of the attributes, from those of the piece; what the piece itself does not have cannot change."""
        change = np.where(np.isnan(values), -GONE, values - self._values)
        return np.where(np.isnan(self._values), 0, change)

    def _cost(self, goal: Goal, some: Candidates) -> Float[np.ndarray, " R"]:
        return goal.cost(self._change(some.values), (some.tokens != self.plain).mean(1))

    def _effects(self, some: Candidates) -> tuple[Float[np.ndarray, "G R K"], Float[np.ndarray, "G R"]]:
        """What each group of bars of each candidate alone would change: attributes, and share of steps."""
        G, R = int(self._groups.max()) + 1, len(some.tokens)
        mine = (self._groups == np.arange(G)[:, None])[:, None, :, None]
        bars, plain = some.tokens.reshape(R, self._parts, -1), self.plain.reshape(self._parts, -1)
        windows = np.where(mine, bars, plain).reshape(G * R, -1)
        steps = (windows != self.plain).mean(1).reshape(G, R)
        return self._change(self._measured(windows)).reshape(G, R, -1), steps

    def _crossed(self, goal: Goal, some: Candidates, picks: Int[np.ndarray, "S G"]) -> Candidates:
        """Combinations of the bars of candidates, decoded: those that promise to cost least."""
        picks = np.unique(picks, axis=0)
        from_row, bar = picks[:, self._groups], np.arange(self._parts)

        def combined(rows: np.ndarray) -> np.ndarray:
            return rows.reshape(len(rows), self._parts, -1)[from_row, bar].reshape(len(picks), -1)

        tokens, codes = combined(some.tokens), combined(some.codes)
        promised = self._cost(goal, Candidates(codes, tokens, self._measured(tokens)))
        return self._heard(codes[np.argsort(promised, kind="stable")[:CROSSED]])


def bounds_of(sliders: AttributeVectors) -> Float[np.ndarray, "2 K"]:
    """The least and the greatest value of each attribute, in deviations."""
    bounds = np.array([BOUNDS.get(name, (0.0, np.inf)) for name in sliders.names]).T
    return np.asarray((bounds - sliders.means.numpy()) / sliders.deviations.numpy())


def codes_in_a_row(vae: MusicVAE) -> int:
    """The `parts` of a model's codes."""
    return vae.config.bars if vae.config.code == "bars" else 1


def goal_of(
    amounts: Float[np.ndarray, " K"], values: Float[np.ndarray, " K"], bounds: Float[np.ndarray, "2 K"]
) -> Goal:
    """What sliders ask of a piece with such attributes, as far as their bounds leave room for it."""
    change = np.clip(values + amounts, *bounds) - values
    return Goal(amounts, np.where((amounts == 0) | np.isnan(change), 0, change))


def cloud(
    z: Float[np.ndarray, " Z"], spread: Float[np.ndarray, " Z"], parts: int, rng: np.random.Generator
) -> Float[np.ndarray, "R Z"]:
    """Codes about z, from near to far; the move is one for all bars, so that what is alike stays alike."""
    move = np.tile(rng.normal(size=(CLOUD, len(z) // parts)), (1, parts))
    return z + np.linspace(NARROWEST, WIDEST, CLOUD)[:, None] * move * spread


def settled(
    goal: Goal,
    change: Float[np.ndarray, "G R K"],
    steps: Float[np.ndarray, "G R"],
    starts: Int[np.ndarray, " S"],
) -> Int[np.ndarray, "S G"]:
    """Which candidate each group of bars is taken from, so that the sum of the changes costs little.

    Coordinate descent: one group after another is given the best candidate with the others as they are.

    Args:
        starts: the candidate that all groups are taken from at first.
    """
    picks = np.repeat(starts[:, None], len(change), 1)
    total, far = change[:, starts].sum(0), steps[:, starts].sum(0)
    for _ in range(SWEEPS):
        for group, (each, share) in enumerate(zip(change, steps, strict=True)):
            now = picks[:, group]
            rest, left = total - each[now], far - share[now]
            best = goal.cost(rest[:, None] + each, left[:, None] + share).argmin(1)
            picks[:, group], total, far = best, rest + each[best], left + share[best]
    return picks
