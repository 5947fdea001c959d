"""BLEU and chrF of a corpus with signatures, 95% intervals and the comparison of two systems, by sacrebleu.

The bootstrap (Koehn 2004, "Statistical significance tests for machine translation evaluation") draws
sentences with replacement. A metric's counts are extracted once a sentence; a draw then only sums them, so a
thousand draws cost less than one scoring.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

DRAWS = 1000
BATCH = 100
"""draws whose sums are made at once, so that memory does not grow with their number"""


class Interval(NamedTuple):
    """Of 95%."""

    low: float
    high: float


@dataclass(frozen=True)
class Counts:
    """A metric's counts of each sentence of one system: what the bootstrap draws from."""

    metric: str
    """its name"""
    rows: np.ndarray
    """[N, K] in float64, which sums whole counts exactly"""
    score_of: Callable[[Any], float]
    """of summed counts [K], in 0 .. 100"""
    signature: str
    """sacrebleu's"""

    @property
    def score(self) -> float:
        """Of the whole corpus."""
        return self.score_of(self.rows.sum(0))


class Comparison(NamedTuple):
    """A system against another on the same sentences."""

    delta: float
    """the system's score less the baseline's"""
    interval: Interval
    """of delta"""
    p: float
    """how often chance alone would part two equal systems that far (two-sided)"""


def count(
    metric: Literal["BLEU", "chrF"],
    hypotheses: Sequence[str],
    references: Sequence[str],
    tokenize: str = "13a",
) -> Counts:
    """Extract what a score is made of.

    Args:
        metric: cased; BLEU is of sacrebleu's usual form, chrF is chrF2.
        hypotheses: detokenised, one a sentence.
        references: as many.
        tokenize: sacrebleu's name of BLEU's tokenizer.

    Raises:
        ValueError: other numbers of lines, none, or an unknown metric or tokenizer.
        ModuleNotFoundError: without sacrebleu; it says what to install.
    """
    if len(hypotheses) != len(references):
        raise ValueError(
            f"references: expected {len(hypotheses)}, as there are hypotheses, got {len(references)}"
        )
    if not hypotheses:
        raise ValueError("hypotheses: expected at least one sentence, got none")
    scorer = _scorer(metric, tokenize)
    rows = scorer._extract_corpus_statistics(list(hypotheses), [list(references)])

    def score_of(counts: Any) -> float:
        # Python's numbers: BLEU of numpy's warns where a count is zero, ours shall not.
        return float(scorer._compute_score_from_stats(counts.tolist()).score)

    return Counts(metric, np.array(rows, dtype=np.float64), score_of, str(scorer.get_signature()))


def interval(counts: Counts, seed: int = 1, draws: int = DRAWS) -> Interval:
    """The 95% interval of the score: percentiles of its bootstrap."""
    return _middle(_draw([counts], seed, draws)[0])


def compare(system: Counts, baseline: Counts, seed: int = 1, draws: int = DRAWS) -> Comparison:
    """The paired bootstrap: both systems are scored on the same draws of sentences.

    p is how often a difference drawn lies as far from the mean of all as the true one from zero, to either
    side; sacrebleu looks to one side only and so gives half of it. Two systems of equal output have delta 0
    and p 1.

    Raises ValueError for counts of different metrics or different numbers of sentences.
    """
    if (system.metric, system.signature) != (baseline.metric, baseline.signature):
        raise ValueError(
            f"baseline: expected counts of {system.metric} ({system.signature}), "
            f"got {baseline.metric} ({baseline.signature})"
        )
    if len(system.rows) != len(baseline.rows):
        raise ValueError(f"baseline: expected {len(system.rows)} sentences, got {len(baseline.rows)}")
    scores, others = _draw([system, baseline], seed, draws)
    delta = system.score - baseline.score
    differences = scores - others
    far = np.abs(differences - differences.mean()) >= abs(delta)
    return Comparison(delta, _middle(differences), float((far.sum() + 1) / (draws + 1)))


def _draw(systems: Sequence[Counts], seed: int, draws: int) -> np.ndarray:
    """Scores [systems, draws], each draw of the same sentences for all."""
    if draws < 1:
        raise ValueError(f"draws: expected at least 1, got {draws}")
    rng = np.random.default_rng(seed)
    sentences = len(systems[0].rows)
    scores = np.empty((len(systems), draws))
    for start in range(0, draws, BATCH):
        size = min(BATCH, draws - start)
        # How often each sentence is drawn: the sums of a draw are then one product.
        times = rng.multinomial(sentences, np.full(sentences, 1 / sentences), size=size).astype(np.float64)
        for row, system in zip(scores, systems, strict=True):
            row[start : start + size] = [system.score_of(counts) for counts in times @ system.rows]
    return scores


def _middle(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def _scorer(metric: str, tokenize: str) -> Any:
    try:
        # By name, so that mypy asks for no stubs where the extra is missing.
        metrics = importlib.import_module("sacrebleu.metrics")
    except ImportError as error:
        raise ModuleNotFoundError(
            "translations are scored with sacrebleu: pip install 'seqgen[translate]'"
        ) from error
    if metric == "chrF":
        return metrics.CHRF()
    if metric != "BLEU":
        raise ValueError(f"metric: expected 'BLEU' or 'chrF', got {metric!r}")
    if tokenize not in metrics.BLEU.TOKENIZERS:
        known = ", ".join(metrics.BLEU.TOKENIZERS)
        raise ValueError(f"tokenize: expected one of {known}, got {tokenize!r}")
    return metrics.BLEU(tokenize=tokenize)
