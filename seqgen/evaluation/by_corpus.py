"""How well windows come back, overall and of each corpus, with bootstrap intervals over the windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from seqgen.evaluation.bootstrap import bootstrap_ratio
from seqgen.evaluation.figure import Figure, Section
from seqgen.evaluation.notes import note_counts
from seqgen.evaluation.reconstruction import Tokens, check_pair
from seqgen.evaluation.windows import WindowSet
from seqgen.representation.trio import FIRST_ONSETS, split_parts

PARTS = ("melody", "bass", "drums")
OWN = {"free run": "", "teacher forced": ", teacher forced", "sampled z": ", sampled z"}
"""the model's reconstructions -> what their figures are called"""
FEWEST = 20
"""windows of a corpus, below which nothing is said of it"""


class Share(NamedTuple):
    """A share that is pooled over N windows: the sum above over the sum below."""

    above: Float[np.ndarray, " N"]
    below: Float[np.ndarray, " N"]

    def select(self, rows: np.ndarray) -> Share:
        return Share(self.above[rows], self.below[rows])

    @property
    def value(self) -> float:
        return float(self.above.sum() / self.below.sum()) if self.below.any() else 0.0


def measure_corpora(
    windows: WindowSet, estimates: dict[str, Tokens], kind: str, first_onset: int, signature: str, seed: int
) -> Section:
    """Reconstruction beside the best baseline, of all windows and of those of each corpus.

    Args:
        estimates: who -> windows; the model's own as in `OWN`, then baselines; the last stands beside.
        kind: of the representation.
        seed: of the bootstrap.
    """
    section = Section("reconstruction", [], signature)
    baseline = list(estimates)[-1]
    shares = {
        who: shares_of(windows.tokens, tokens, kind, first_onset)
        for who, tokens in estimates.items()
        if who in OWN or who == baseline
    }
    groups = {"": np.ones(len(windows.tokens), bool)}
    if windows.corpus is None:
        section.missing.append("by corpus: only shards that list their files say which corpus a window is of")
    elif len(windows.corpora) > 1:
        groups |= {f", {name}": windows.corpus == number for number, name in enumerate(windows.corpora)}
    for group, rows in groups.items():
        if rows.sum() < FEWEST:
            section.missing.append(
                f"reconstruction{group}: {rows.sum()} windows, at least {FEWEST} are needed for an interval"
            )
            continue
        for who, suffix in OWN.items():
            if group and who != "free run":
                continue
            for metric, share in shares[who].items():
                some, beside = share.select(rows), shares[baseline][metric].select(rows)
                if not some.below.any():
                    section.missing.append(f"{metric}{suffix}{group}: there is nothing to find in any window")
                    continue
                value = bootstrap_ratio(some.above, some.below, seed)
                section.figures.append(Figure.of(metric + suffix + group, value, beside.value, baseline))
    return section


def shares_of(reference: Tokens, estimate: Tokens, kind: str, first_onset: int) -> dict[str, Share]:
    """Every metric of reconstruction, window by window."""
    true, guess = check_pair(reference, estimate)
    even = np.ones(len(true))
    result = {"step accuracy": Share((true == guess).mean(axis=1), even)}
    if kind == "trio":
        parts = zip(PARTS, split_parts(true), split_parts(guess), FIRST_ONSETS, strict=True)
        for name, own, other, first in parts:
            result[f"{name} onset accuracy"] = _onsets(own, other, first)
    else:
        result["onset accuracy"] = _onsets(true, guess, first_onset)
    if kind == "melody":
        matched, expected, played = note_counts(true, guess).T.astype(np.float64)
        result["note F1"] = Share(2 * matched, expected + played)
    elif kind != "trio":
        both, either = (np.bitwise_count(x).sum(axis=1, dtype=np.float64) for x in (true & guess, true))
        result["hit F1"] = Share(2 * both, either + np.bitwise_count(guess).sum(axis=1, dtype=np.float64))
    return result | {"exact windows": Share((true == guess).all(axis=1).astype(np.float64), even)}


def _onsets(true: np.ndarray, guess: np.ndarray, first_onset: int) -> Share:
    onset = true >= first_onset
    right = ((true == guess) & onset).sum(axis=1, dtype=np.float64)
    return Share(right, onset.sum(axis=1, dtype=np.float64))
