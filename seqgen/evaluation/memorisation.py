"""How much of a sample is copied? The longest run of tokens that also occurs in a train window.

Of each window the length, in steps, of its longest such run (the longest common substring with train). Real
test windows share long runs with train as well, since music repeats itself, so they stand beside samples: a
sampler that copies no more than composers do is level with them. Melodies are compared up to transposition:
a run is the same where its rhythm and the intervals between its onsets are the same. What plays little is
shared easily, a silence of 2 bars with any other.

Runs of one length are compared by 64-bit fingerprints (Karp and Rabin 1987), sums of scrambled tokens times
powers of an odd number, modulo 2^64: prefix sums give those of all runs of any length at once. A run that is
shared holds shorter ones that are, so the longest is found by halving.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64

from seqgen.evaluation.bootstrap import bootstrap_mean
from seqgen.evaluation.figure import Curve, Figure, Plot, Section
from seqgen.evaluation.reconstruction import Tokens, check_tokens

FEWEST = 20
"""windows of a kind, below which nothing is said"""
_MULTIPLIER = 0x9E3779B97F4A7C15
_PITCHED = 1 << 62
"""stands for an onset of any pitch; no token is as large"""


class Runs(NamedTuple):
    """What gives the fingerprints of all runs in N windows of T steps."""

    sums: np.ndarray
    """[N, T + 1] uint64, of everything before each step"""
    moves: np.ndarray
    """[N, T + 1] uint64, what each step's interval from the onset before it adds to the sums"""
    first: np.ndarray
    """[N, T + 1] the first onset from each step on, T where there is none"""

    def select(self, rows: np.ndarray) -> Runs:
        return Runs(*(column[rows] for column in self))

    def fingerprints(self, length: int, starts: int | None = None) -> UInt64[np.ndarray, "N R"]:
        """Of the runs of this length from each step on, R = T + 1 - length, or from the first `starts` alone.

        The interval that leads to a run's first onset is not part of the run."""
        count = self.sums.shape[1] - length
        count = count if starts is None else min(starts, count)
        sums = self.sums[:, length : length + count] - self.sums[:, :count]
        first = self.first[:, :count]
        inside = first < np.arange(count) + length
        sums -= np.where(inside, np.take_along_axis(self.moves, first, axis=1), np.uint64(0))
        return sums * _powers(pow(_MULTIPLIER, -1, 1 << 64), count)


def runs_of(tokens: Int[np.ndarray, "N T"], first_onset: int | None = None) -> Runs:
    """Prepare windows for comparison.

    Args:
        first_onset: of melodies, which are compared up to transposition; None compares tokens as they are.
    """
    rows = check_tokens(tokens, "tokens")
    count, time = rows.shape
    powers, step = _powers(_MULTIPLIER, time), np.arange(time)
    moves = np.zeros((count, time + 1), np.uint64)
    first = np.full((count, time + 1), time)
    if first_onset is not None:
        onset = rows >= first_onset
        first[:, :-1] = np.where(onset, step, time)
        first = np.minimum.accumulate(first[:, ::-1], axis=1)[:, ::-1]
        last = np.maximum.accumulate(np.where(onset, step, 0), axis=1)
        before = np.take_along_axis(rows, np.concatenate([last[:, :1], last[:, :-1]], axis=1), axis=1)
        moves[:, :-1] = np.where(onset, _scramble(rows - before) * powers, np.uint64(0))
        rows = np.where(onset, _PITCHED, rows)
    sums = np.zeros((count, time + 1), np.uint64)
    np.cumsum(_scramble(rows) * powers + moves[:, :-1], axis=1, out=sums[:, 1:])
    return Runs(sums, moves, first)


class TrainRuns(NamedTuple):
    """Of windows that mostly begin a bar after one another: what the next one holds as well is left out."""

    whole: Runs
    followed: Runs
    """windows whose later bars are the earlier bars of another one"""
    lag: int
    """steps"""

    def fingerprints(self, length: int) -> UInt64[np.ndarray, " R"]:
        """The different runs of this length, ascending."""
        parts = self.whole.fingerprints(length), self.followed.fingerprints(length, self.lag)
        return np.unique(np.concatenate([part.ravel() for part in parts]))


def train_runs(tokens: Int[np.ndarray, "M T"], first_onset: int | None = None, lag: int = 16) -> TrainRuns:
    """Prepare train windows. `lag` is the steps of a bar."""
    followed = np.zeros(len(tokens), bool)
    if tokens.shape[1] > lag:
        followed[:-1] = (tokens[:-1, lag:] == tokens[1:, :-lag]).all(axis=1)
    runs = runs_of(tokens, first_onset)
    return TrainRuns(runs.select(~followed), runs.select(followed), lag)


def longest_shared(own: Runs, train: TrainRuns) -> Int[np.ndarray, " N"]:
    """Steps of the longest run of each window of `own` that is also one of `train`; 0 where none is."""
    time = own.sums.shape[1] - 1
    low, high = np.zeros(len(own.sums), np.int64), np.full(len(own.sums), time)
    while (low < high).any():
        middle = (low + high + 1) // 2
        for length in np.unique(middle[low < high]).tolist():
            rows = np.flatnonzero((low < high) & (middle == length))
            known = train.fingerprints(length)
            prints = own.select(rows).fingerprints(length)
            place = np.minimum(np.searchsorted(known, prints), len(known) - 1)
            shared = (known[place] == prints).any(axis=1)
            low[rows[shared]], high[rows[~shared]] = length, length - 1
    return low


def measure_memorisation(
    samples: Tokens,
    real: Tokens,
    train: np.ndarray,
    first_onset: int | None,
    signature: str,
    seed: int,
) -> Section:
    """The longest run shared with train, of samples and of real windows that are not in train.

    Args:
        first_onset: of melodies; see `runs_of`.
        signature: of model and windows.
        seed: of the bootstrap over windows.
    """
    how = "tokens" if first_onset is None else "any transposition"
    signature += f"|runs:{how}|train windows:{len(train)}"
    section = Section("memorisation", [], signature)
    if min(len(samples), len(real)) < FEWEST or not len(train):
        section.missing.append(
            f"memorisation: {len(samples)} samples, {len(real)} real and {len(train)} train windows, "
            f"at least {FEWEST} of the first two and one of the last are needed"
        )
        return section
    known = train_runs(train, first_onset)
    both = np.concatenate([check_tokens(samples, "samples"), check_tokens(real, "real")])
    found = longest_shared(runs_of(both, first_onset), known)
    lengths = {"samples": found[: len(samples)], "real": found[len(samples) :]}
    time = train.shape[1]
    values = {
        "longest shared run, steps": lambda length: length.astype(np.float64),
        "windows more than half shared": lambda length: (length > time / 2).astype(np.float64),
        "windows wholly shared": lambda length: (length == time).astype(np.float64),
    }
    for name, value in values.items():
        beside = float(value(lengths["real"]).mean())
        section.figures.append(
            Figure.of(name, bootstrap_mean(value(lengths["samples"]), seed), beside, "real test windows")
        )
    for name in ("median", "maximum"):
        at = 0.5 if name == "median" else 1.0
        own, other = (float(np.quantile(lengths[who], at)) for who in ("samples", "real"))
        section.figures.append(
            Figure(f"longest shared run, {name}", own, baseline=other, against="real test windows")
        )
    steps = np.arange(time + 1)
    section.plots.append(
        Plot(
            "memorisation",
            "steps",
            "share of windows with a shared run of at least so many",
            tuple(Curve(who, steps, (length[:, None] >= steps).mean(0)) for who, length in lengths.items()),
        )
    )
    return section


def _scramble(values: np.ndarray) -> np.ndarray:
    """Numbers to 64-bit ones that look random, one to one (SplitMix64, Steele et al. 2014)."""
    bits = values.astype(np.int64).view(np.uint64) + np.uint64(_MULTIPLIER)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _powers(base: int, count: int) -> np.ndarray:
    """base^0 .. base^(count - 1) modulo 2^64."""
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)
