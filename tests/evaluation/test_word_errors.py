"""Word errors: an independent definition, and what the parts must add up to."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.evaluation.word_errors import WordErrors, align, count_errors

WORDS = st.lists(st.sampled_from("abc"), max_size=7)


def distance(a, b):
    """Levenshtein distance by its recursive definition."""

    @cache
    def d(i, j):
        if not i or not j:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


@given(reference=WORDS, hypothesis=WORDS)
def test_errors_are_the_edit_distance_and_the_alignment_uses_every_word_once(reference, hypothesis):
    errors = count_errors([reference], [hypothesis])
    assert errors.errors == distance(reference, hypothesis)
    assert errors.words == len(reference)
    assert errors.insertions - errors.deletions == len(hypothesis) - len(reference)
    way = align(reference, hypothesis)
    assert [i for i, _ in way if i is not None] == list(range(len(reference)))
    assert [j for _, j in way if j is not None] == list(range(len(hypothesis)))
    assert (None, None) not in way


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("1 2 3", "1 2 3", (0, 0, 0, 3)),
        ("1 2 3", "1 3", (0, 1, 0, 3)),
        ("1 2 3", "1 2 2 3", (0, 0, 1, 3)),
        ("1 2 3", "1 5 3", (1, 0, 0, 3)),
        ("1 2 3", "", (0, 3, 0, 3)),
        ("", "1", (0, 0, 1, 0)),
    ],
)
def test_known_cases(reference, hypothesis, expected):
    assert count_errors([reference.split()], [hypothesis.split()]) == WordErrors(*expected)


def test_the_rate_is_pooled_and_needs_words():
    errors = count_errors([["1"] * 9, ["2"]], [["1"] * 9, ["3"]])
    assert errors.rate == pytest.approx(0.1)
    assert count_errors([["1"]], [["2", "2", "2"]]).rate == 3
    with pytest.raises(ValueError, match="no word in the reference"):
        count_errors([[]], [["1"]]).rate  # noqa: B018
    with pytest.raises(ValueError, match="they go in pairs"):
        count_errors([["1"]], [])
