"""How much of a sample is copied? The longest run of tokens that also occurs in a train window.

Of each window the length, in steps, of its longest such run (the longest common substring with train). Real
test windows share long runs with train as well, since music repeats itself, so they stand beside samples: a
sampler that copies no more than composers do is level with them. Melodies are compared up to transposition:
a run is the same where its rhythm and the intervals between its onsets are the same. What plays little is
shared easily, a silence of 2 bars with any other.

Runs of one length are compared by 64-bit fingerprints (Karp and Rabin 1987), sums of random numbers for the
tokens times powers of an odd number, modulo 2^64: prefix sums give those of all runs of any length at once.
A run that is shared holds shorter ones that are, so the longest is found by halving.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64

from seqgen.evaluation.bootstrap import bootstrap_mean
from seqgen.evaluation.figure import Curve, Figure, Plot, Section
from seqgen.evaluation.ngram import check_windows
from seqgen.evaluation.reconstruction import Tokens, check_tokens

FEWEST = 20
"""windows of a kind, below which nothing is said"""
_MULTIPLIER = 0x9E3779B97F4A7C15
_SALT = 20_180_605


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

    def fingerprints(self, length: int) -> UInt64[np.ndarray, "N R"]:
        """Of the runs of this length from each step on, R = T + 1 - length.

        The interval that leads to a run's first onset is not part of the run."""
        count = self.sums.shape[1] - length
        sums = self.sums[:, length:] - self.sums[:, :count]
        first = self.first[:, :count]
        inside = first < np.arange(count) + length
        sums -= np.where(inside, np.take_along_axis(self.moves, first, axis=1), np.uint64(0))
        return sums * _powers(pow(_MULTIPLIER, -1, 1 << 64), count)


def runs_of(tokens: Int[np.ndarray, "N T"], vocabulary_size: int, first_onset: int | None = None) -> Runs:
    """Prepare windows for comparison.

    Args:
        first_onset: of melodies, which are compared up to transposition; None compares tokens as they are.
    """
    rows = check_windows(tokens, vocabulary_size)
    count, time = rows.shape
    words = np.random.default_rng(_SALT).integers(0, 1 << 64, 3 * vocabulary_size, dtype=np.uint64)
    powers, step = _powers(_MULTIPLIER, time), np.arange(time)
    moves = np.zeros((count, time + 1), np.uint64)
    first = np.full((count, time + 1), time)
    if first_onset is not None:
        onset = rows >= first_onset
        first[:, :-1] = np.where(onset, step, time)
        first = np.minimum.accumulate(first[:, ::-1], axis=1)[:, ::-1]
        last = np.maximum.accumulate(np.where(onset, step, 0), axis=1)
        before = np.take_along_axis(rows, np.concatenate([last[:, :1], last[:, :-1]], axis=1), axis=1)
        interval = words[2 * vocabulary_size + rows - before]
        moves[:, :-1] = np.where(onset, interval * powers, np.uint64(0))
        rows = np.where(onset, first_onset, rows)
    sums = np.zeros((count, time + 1), np.uint64)
    np.cumsum(words[rows] * powers + moves[:, :-1], axis=1, out=sums[:, 1:])
    return Runs(sums, moves, first)


def longest_shared(own: Runs, train: Runs) -> Int[np.ndarray, " N"]:
    """Steps of the longest run of each window of `own` that is also one of `train`; 0 where none is."""
    time = own.sums.shape[1] - 1
    low, high = np.zeros(len(own.sums), np.int64), np.full(len(own.sums), time)
    while (low < high).any():
        middle = (low + high + 1) // 2
        for length in np.unique(middle[low < high]).tolist():
            rows = np.flatnonzero((low < high) & (middle == length))
            known = np.unique(train.fingerprints(length))
            prints = own.select(rows).fingerprints(length)
            place = np.minimum(np.searchsorted(known, prints), len(known) - 1)
            shared = (known[place] == prints).any(axis=1)
            low[rows[shared]], high[rows[~shared]] = length, length - 1
    return low


def measure_memorisation(
    samples: Tokens,
    real: Tokens,
    train: np.ndarray,
    vocabulary_size: int,
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
    known = runs_of(train, vocabulary_size, first_onset)
    lengths = {
        name: longest_shared(runs_of(check_tokens(rows, name), vocabulary_size, first_onset), known)
        for name, rows in (("samples", samples), ("real", real))
    }
    time = train.shape[1]
    values = {
        "longest shared run, steps": lambda length: length.astype(np.float64),
        "windows with more than half in one shared run": lambda length: (length > time / 2).astype(np.float64),
        "windows that are in train as a whole": lambda length: (length == time).astype(np.float64),
    }
    for name, value in values.items():
        beside = float(value(lengths["real"]).mean())
        section.figures.append(
            Figure.of(name, bootstrap_mean(value(lengths["samples"]), seed), beside, "real test windows")
        )
    for name in ("median", "maximum"):
        at = 0.5 if name == "median" else 1.0
        own, other = (float(np.quantile(lengths[who], at)) for who in ("samples", "real"))
        section.figures.append(Figure(f"longest shared run, {name}", own, baseline=other, against="real test windows"))
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


def _powers(base: int, count: int) -> np.ndarray:
    """base^0 .. base^(count - 1) modulo 2^64."""
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)
