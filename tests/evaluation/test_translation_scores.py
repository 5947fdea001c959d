"""BLEU and chrF: sacrebleu's scores to the digit, and a bootstrap that tells chance from a difference."""

import sys

import numpy as np
import pytest
import sacrebleu
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest

from seqgen.evaluation.translation_scores import compare, count, interval

WORDS = (
    "a",
    "man",
    "in",
    "the",
    "red",
    "shirt",
    "walks",
    "his",
    "dog",
    "past",
    "an",
    "old",
    "house",
    ",",
    "slowly",
    ".",
)
ORACLES = {"BLEU": BLEU(), "chrF": CHRF()}


def corpus(sentences=200, wrong=0.3, seed=1):
    """References, and hypotheses in which each word is wrong with some probability."""
    rng = np.random.default_rng(seed)
    references = [list(rng.choice(WORDS, rng.integers(3, 15))) for _ in range(sentences)]
    noise = np.random.default_rng(seed + 100)
    hypotheses = [[noise.choice(WORDS) if noise.random() < wrong else w for w in line] for line in references]
    return [" ".join(line) for line in hypotheses], [" ".join(line) for line in references]


@pytest.mark.parametrize("metric", ORACLES)
def test_scores_are_sacrebleus(metric):
    hypotheses, references = corpus()
    hypotheses[3] = ""
    counts = count(metric, hypotheses, references)
    oracle = ORACLES[metric]
    assert counts.score == oracle.corpus_score(hypotheses, [references]).score
    assert counts.signature == str(oracle.get_signature())
    assert f"version:{sacrebleu.__version__}" in counts.signature


@pytest.mark.parametrize("metric", ORACLES)
def test_a_perfect_copy_scores_100_and_nothing_scores_0(metric):
    _, references = corpus(20)
    assert count(metric, references, references).score == pytest.approx(100)
    silent = count(metric, [""] * 20, references)
    assert silent.score == 0
    assert interval(silent, draws=20) == (0, 0)


def test_the_interval_is_sacrebleus():
    """Its resamples are others, so the two agree as two runs of one do."""
    hypotheses, references = corpus()
    counts = count("BLEU", hypotheses, references)
    low, high = interval(counts)
    score = BLEU().corpus_score(hypotheses, [references], n_bootstrap=1000)
    assert low < counts.score < high
    assert (high - low) / 2 == pytest.approx(score._ci, rel=0.1)
    assert interval(counts) == (low, high) != interval(counts, seed=2)


def test_a_wider_interval_for_fewer_sentences():
    widths = [np.diff(interval(count("BLEU", *corpus(n)), draws=100))[0] for n in (40, 400)]
    assert widths[0] > 2 * widths[1]


def test_the_paired_test_is_sacrebleus_to_both_sides():
    """Systems that differ little, so that p is neither 0 nor 1."""
    base, references = corpus(wrong=0.3)
    system = list(base)
    system[1::4] = corpus(wrong=0.42)[0][1::4]
    ours = compare(count("BLEU", system, references), count("BLEU", base, references))
    test = PairedTest([("base", base), ("system", system)], {"BLEU": ORACLES["BLEU"]}, [references], "bs")
    first, second = test()[1]["BLEU"]
    assert ours.delta == pytest.approx(second.score - first.score)
    assert ours.p / 2 == pytest.approx(second.p_value, abs=0.03)
    assert ours.interval.low < ours.delta < ours.interval.high


def test_better_is_found_and_equal_is_not():
    hypotheses, references = corpus()
    worse, _ = corpus(wrong=0.4)
    good, bad = count("BLEU", hypotheses, references), count("BLEU", worse, references)
    found = compare(good, bad)
    assert found.delta > 0
    assert found.interval.low > 0
    assert found.p < 0.01
    assert compare(bad, good).delta == -found.delta
    assert compare(good, good) == (0, (0, 0), 1)
    assert compare(good, bad, seed=3, draws=50) == compare(good, bad, seed=3, draws=50)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="references: expected 2, as there are hypotheses, got 1"):
        count("BLEU", ["a", "b"], ["a"])
    with pytest.raises(ValueError, match="expected at least one sentence"):
        count("BLEU", [], [])
    with pytest.raises(ValueError, match=r"tokenize: expected one of .*13a.*, got '14a'"):
        count("BLEU", ["a"], ["a"], tokenize="14a")
    one = count("BLEU", ["a"], ["a"])
    with pytest.raises(ValueError, match="baseline: expected counts of BLEU"):
        compare(one, count("chrF", ["a"], ["a"]))
    with pytest.raises(ValueError, match="baseline: expected 1 sentences, got 2"):
        compare(one, count("BLEU", ["a", "b"], ["a", "b"]))
    with pytest.raises(ValueError, match="draws: expected at least 1"):
        interval(one, draws=0)


def test_without_sacrebleu_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'seqgen\[translate\]'"):
        count("BLEU", ["a"], ["a"])
