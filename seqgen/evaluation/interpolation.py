"""Are paths between two windows smooth, and musical all along? (Roberts et al. 2018, section 5.3 and fig. 4)

A path is K windows at even shares alpha of the way from A to B; its ends are the reconstructions of the two,
whichever way is taken: through the latent space (slerp, lerp), or through the data, where each step comes
from B with probability alpha (`mix`; one draw a step for the whole path) or the first (1 - alpha) T steps
come from A and the others from B (`splice`). With Hamming distances to_a and to_b of a window from the two
ends, and D of these from one another,

    progress = to_a / (to_a + to_b),    detour = (to_a + to_b) / D >= 1.

Both data paths have a detour of 1: all that they play is from one end or the other. A latent path that plays
something new on its way has more, and its distance to A alone lies above the diagonal for that reason only,
so progress is what is held against the diagonal; `to_a / D` stands beside it. Music of fewer notes is
likelier, so the onsets of midpoints stand beside their likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from seqgen.evaluation.bootstrap import bootstrap_mean, bootstrap_ratio
from seqgen.evaluation.figure import Curve, Figure, Plot, Section
from seqgen.evaluation.latent import decode
from seqgen.evaluation.paths import Judge, random_pairs
from seqgen.models.music_vae import MusicVAE
from seqgen.tasks.latent import shares, slerp

Way = Literal["slerp", "lerp", "mix", "splice"]
WAYS: tuple[Way, ...] = get_args(Way)
STEPS = 9
"""of a path, both ends included: eighths of the way"""
ROUNDING = 1e-9
FEWEST = 20
"""pairs with different ends, below which nothing is said"""


@dataclass(frozen=True, eq=False)
class Paths:
    """P paths of K windows of T steps, all of one way."""

    tokens: Int[np.ndarray, "P K T"]

    @cached_property
    def to_a(self) -> Float[np.ndarray, "P K"]:
        """Share of the steps that differ from the first end."""
        return (self.tokens != self.tokens[:, :1]).mean(2)

    @cached_property
    def to_b(self) -> Float[np.ndarray, "P K"]:
        """Share of the steps that differ from the last end."""
        return (self.tokens != self.tokens[:, -1:]).mean(2)

    @property
    def apart(self) -> Float[np.ndarray, " P"]:
        """D, share of the steps on which the ends differ."""
        return self.to_a[:, -1]

    @property
    def progress(self) -> Float[np.ndarray, "P K"]:
        """From 0 to 1. Ends must differ."""
        return self.to_a / (self.to_a + self.to_b)

    @property
    def from_a(self) -> Float[np.ndarray, "P K"]:
        """Distance to A over D, from 0 to 1. Ends must differ."""
        return self.to_a / self.apart[:, None]

    @property
    def detour(self) -> Float[np.ndarray, " P"]:
        """(to_a + to_b) / D at the middle step, at least 1. Ends must differ."""
        middle = self.tokens.shape[1] // 2
        return (self.to_a[:, middle] + self.to_b[:, middle]) / self.apart

    @property
    def evenness(self) -> Float[np.ndarray, " P"]:
        """The largest step over the mean one, in changed tokens: 1 is even, K - 1 one jump."""
        steps = (self.tokens[:, 1:] != self.tokens[:, :-1]).sum(2)
        return np.asarray(steps.max(1) / steps.mean(1), np.float64)


def deviation(curve: Float[np.ndarray, "P K"]) -> Float[np.ndarray, " P"]:
    """Mean distance of each curve from the diagonal, over the steps between its ends."""
    away = np.abs(curve - np.linspace(0, 1, curve.shape[1]))[:, 1:-1]
    return away.mean(1)


def monotone(curve: Float[np.ndarray, "P K"]) -> Float[np.ndarray, " P"]:
    """1 where a curve never falls from one step to the next, by more than rounding; else 0."""
    return np.asarray((np.diff(curve) > -ROUNDING).all(1), np.float64)


def codes_between(
    a: Float[Tensor, "P Z"], b: Float[Tensor, "P Z"], alpha: Float[Tensor, " K"], way: Way
) -> Float[Tensor, "P K Z"]:
    """Codes at shares `alpha` of the way."""
    if way == "slerp":
        return torch.stack([slerp(x, y, alpha) for x, y in zip(a, b, strict=True)])
    share = alpha.to(a.dtype)[:, None]
    return (1 - share) * a[:, None] + share * b[:, None]


def windows_between(
    a: Int[np.ndarray, "P T"],
    b: Int[np.ndarray, "P T"],
    alpha: Float[np.ndarray, " K"],
    way: Way,
    draws: Float[np.ndarray, "P T"],
) -> Int[np.ndarray, "P K T"]:
    """Windows put together from two; `draws` in [0, 1) say for a mix which steps go over to B first."""
    when = draws if way == "mix" else np.broadcast_to(1 - (np.arange(a.shape[1]) + 0.5) / a.shape[1], a.shape)
    return np.where(when[:, None] < alpha[:, None], b[:, None], a[:, None])


def draw_paths(
    model: MusicVAE,
    mean: Float[Tensor, "N Z"],
    ends: Int[np.ndarray, "N T"],
    pairs: int,
    seed: int,
    steps: int = STEPS,
    controls: Float[Tensor, "N T C"] | None = None,
) -> dict[Way, Paths]:
    """The greedily decoded paths between the same random pairs, each way.

    Args:
        mean: codes of different windows.
        ends: what the model makes of them, greedily.
        pairs: how many are drawn. Those whose ends sound alike are left out, so fewer may come.
        seed: of pairs and mixes.
        controls: that the windows were read with; a path is told those of its first end.
    """
    if pairs < 1:
        raise ValueError(f"pairs: expected at least 1, got {pairs}")
    rng = Generator().manual_seed(seed)
    first, second = random_pairs(len(mean), pairs, rng)
    draws = torch.rand(pairs, ends.shape[1], generator=rng, dtype=torch.float64).numpy()
    a, b = ends[first.numpy()], ends[second.numpy()]
    differ = (a != b).any(1)
    a, b, draws = a[differ], b[differ], draws[differ]
    first, second = first[differ], second[differ]
    alpha = shares(steps)
    told = None if controls is None else controls[first].repeat_interleave(steps - 2, 0)
    found: dict[Way, Paths] = {}
    for way in WAYS:
        if way in ("slerp", "lerp") and len(a):
            z = codes_between(mean[first].cpu(), mean[second].cpu(), alpha[1:-1], way)
            between = decode(model, z.flatten(0, 1).to(mean.device), controls=told).cpu().numpy()
            inner = between.reshape(len(a), steps - 2, -1)
            found[way] = Paths(np.concatenate([a[:, None], inner, b[:, None]], 1))
        else:
            found[way] = Paths(windows_between(a, b, alpha.numpy(), way, draws))
    return found


def measure_interpolation(
    paths: dict[Way, Paths], lm: Judge | None, signature: str, seed: int, first_onset: int | None = None
) -> Section:
    """What paths are like, beside those through the data.

    Args:
        lm: judges likelihood; None leaves it out, and says so.
        signature: of the model, the windows and the n-gram model.
        seed: of the bootstrap over pairs.
        first_onset: tokens from here on begin a note or a hit; None leaves onsets out.
    """
    count, steps = paths["slerp"].tokens.shape[:2]
    signature += f"|paths:{count} pairs of different reconstructions, {steps} steps, greedy"
    section = Section("interpolation", [], signature)
    if count < FEWEST:
        section.missing.append(
            f"interpolation: {count} pairs have different ends, at least {FEWEST} are needed for its figures"
        )
        return section
    if lm is None:
        section.missing.append(
            "likelihood along paths: no n-gram model, since no train windows are known (give them with "
            "--train) or their tokens are too many (drums_full)"
        )
    else:
        nats = {way: _nats(lm, path) for way, path in paths.items()}
        section.figures.extend(_middles(nats, "nats", seed))
        ends = bootstrap_mean(nats["slerp"][:, [0, -1]].mean(1), seed)
        section.figures.append(Figure.of("ends: nats a step", ends))
        section.plots.append(_plot("nll", "nats a step", {way: value.mean(0) for way, value in nats.items()}))
    if first_onset is not None:
        onsets = {way: (path.tokens >= first_onset).mean(2) for way, path in paths.items()}
        section.figures.extend(_middles(onsets, "onsets", seed))
    for name, rows in _shapes(paths).items():
        beside = float(rows["mix"].mean())
        section.figures.extend(
            Figure.of(
                f"{way}: {name}", bootstrap_mean(rows[way], seed), *(() if way == "mix" else (beside, "mix"))
            )
            for way in WAYS
        )
    section.plots.append(
        _plot("hamming", "progress from A to B", {way: path.progress.mean(0) for way, path in paths.items()})
    )
    section.plots.append(
        _plot(
            "distances",
            "share of the steps that differ",
            {
                f"{way}, from {end}": getattr(path, f"to_{end.lower()}").mean(0)
                for way, path in paths.items()
                for end in "AB"
            },
        )
    )
    return section


def _shapes(paths: dict[Way, Paths]) -> dict[str, dict[Way, np.ndarray]]:
    """A value a pair, by figure and way."""
    return {
        "deviation of progress": {way: deviation(path.progress) for way, path in paths.items()},
        "monotone progress": {way: monotone(path.progress) for way, path in paths.items()},
        "largest step over mean": {way: path.evenness for way, path in paths.items()},
        "detour at the midpoint": {way: path.detour for way, path in paths.items()},
        "deviation of distance to A": {way: deviation(path.from_a) for way, path in paths.items()},
        "monotone distance to A": {way: monotone(path.from_a) for way, path in paths.items()},
    }


def _middles(values: dict[Way, np.ndarray], what: str, seed: int) -> list[Figure]:
    """The values [P, K] at the midpoint over the mean of the ends', of sums over the pairs."""
    ends = values["slerp"][:, [0, -1]].mean(1)
    middle = {way: value[:, value.shape[1] // 2] for way, value in values.items()}
    beside = float(middle["mix"].sum() / ends.sum())
    return [
        Figure.of(
            f"{way}: midpoint {what} over the ends'",
            bootstrap_ratio(middle[way], ends, seed),
            *(() if way == "mix" else (beside, "mix")),
        )
        for way in WAYS
    ]


def _nats(lm: Judge, paths: Paths) -> Float[np.ndarray, "P K"]:
    pairs, steps, time = paths.tokens.shape
    return lm.nll(paths.tokens.reshape(-1, time)).mean(1).reshape(pairs, steps)


def _plot(name: str, label: str, curves: dict[str, np.ndarray]) -> Plot:
    alpha = np.linspace(0, 1, len(next(iter(curves.values()))))
    lines = tuple(Curve(who, alpha, y) for who, y in curves.items())
    return Plot(f"interpolation-{name}", "alpha", label, lines)
