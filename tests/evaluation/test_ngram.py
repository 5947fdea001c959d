"""The n-gram model is its definition: it agrees with one in dictionaries, and its probabilities sum to 1."""

from collections import Counter

import numpy as np
import pytest

from seqgen.evaluation.ngram import NGram, fit_ngram, longest_order

V, PAD = 5, 5


def naive_probability(train, order, history, token):
    """p(token | history) straight from the definition, slowly."""
    p = 1 / V
    for length in range(order):
        h = history[len(history) - length :]
        after = Counter()
        for row in train:
            padded = (PAD,) * (order - 1) + tuple(row)
            for place in range(order - 1, len(padded)):
                if padded[place - length : place] == h:
                    after[padded[place]] += 1
        if after:
            total = sum(after.values())
            p = (after[token] + len(after) * p) / (total + len(after))
    return p


@pytest.fixture
def train():
    return np.random.default_rng(5).choice([0, 0, 1, 2, 3], (12, 9)).astype(np.int16)  # 4 never occurs


@pytest.mark.parametrize("order", [1, 2, 4])
def test_it_agrees_with_the_definition(train, order):
    rows = np.random.default_rng(6).integers(0, V, (3, 9))
    found = np.exp(-fit_ngram(train, V, order).nll(rows))
    for n, row in enumerate(rows.tolist()):
        padded = (PAD,) * (order - 1) + tuple(row)
        for t, token in enumerate(row):
            expected = naive_probability(train.tolist(), order, padded[t : t + order - 1], token)
            assert found[n, t] == pytest.approx(expected, rel=1e-12)


def naive_discounted(train, order, history, token):
    """p(token | history) by absolute discounting, straight from the definition."""
    p = 1 / V
    for length in range(order):
        grams = Counter()
        for row in train:
            padded = (PAD,) * (order - 1) + tuple(row)
            for place in range(order - 1, len(padded)):
                grams[padded[place - length : place + 1]] += 1
        once, twice = (sum(count == number for count in grams.values()) for number in (1, 2))
        discount = once / (once + 2 * twice) if once else 0.5
        after = {
            gram[-1]: count for gram, count in grams.items() if gram[:-1] == history[len(history) - length :]
        }
        if after:
            seen = max(after.get(token, 0) - discount, 0) + discount * len(after) * p
            p = seen / sum(after.values())
    return p


@pytest.mark.parametrize("order", [1, 2, 4])
def test_absolute_discounting_agrees_with_its_definition(train, order):
    rows = np.random.default_rng(6).integers(0, V, (3, 9))
    found = np.exp(-fit_ngram(train, V, order, smoothing="absolute discounting").nll(rows))
    for n, row in enumerate(rows.tolist()):
        padded = (PAD,) * (order - 1) + tuple(row)
        for t, token in enumerate(row):
            expected = naive_discounted(train.tolist(), order, padded[t : t + order - 1], token)
            assert found[n, t] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("vocabulary", "order"), [(90, 9), (512, 6)])
def test_absolute_discounting_sums_to_one(vocabulary, order):
    assert longest_order(vocabulary) == order
    train = np.random.default_rng(7).integers(0, 8, (30, 16))
    lm = fit_ngram(train, vocabulary, order, smoothing="absolute discounting")
    for seen in (0, 5, 10):
        history = np.repeat(train[:1, :seen], vocabulary, axis=0)
        rows = np.concatenate([history, np.arange(vocabulary)[:, None]], axis=1)
        assert np.exp(-lm.nll(rows))[:, -1].sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("history", [[], [0, 0], [0, 1, 2, 3], [4, 4, 4, 4]], ids=str)
def test_probabilities_sum_to_one(train, history):
    rows = np.array([[*history, token] for token in range(V)])
    p = np.exp(-fit_ngram(train, V, order=4).nll(rows))[:, -1]
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert (p > 0).all()


@pytest.mark.parametrize(("vocabulary", "order"), [(90, 6), (512, 6)])
def test_music_vocabularies_sum_to_one(vocabulary, order):
    train = np.random.default_rng(7).integers(0, vocabulary, (30, 16))
    history = np.repeat(train[:1, :10], vocabulary, axis=0)
    rows = np.concatenate([history, np.arange(vocabulary)[:, None]], axis=1)
    assert np.exp(-fit_ngram(train, vocabulary, order).nll(rows))[:, -1].sum() == pytest.approx(1.0, abs=1e-9)


def test_what_was_seen_is_likelier(train):
    lm = fit_ngram(train, V, order=3)
    assert lm.nll(train).mean() < lm.nll(np.full_like(train, 4)).mean()


def test_transpositions_are_counted_and_stay_in_the_vocabulary():
    row = np.array([[0, 2, 3, 1, 2]])
    both = fit_ngram(row, V, order=2, shifts=(0, 1))
    apart = fit_ngram(np.array([[0, 2, 3, 1, 2], [0, 3, 4, 1, 3]]), V, order=2)
    assert_same(both, apart)
    assert_same(fit_ngram(row, V, order=2, shifts=(-1, 0, 2)), fit_ngram(row, V, order=2))
    with pytest.raises(ValueError, match="leave none after transposition"):
        fit_ngram(row, V, order=2, shifts=(9,))


def test_a_window_without_onsets_is_transposed_to_itself():
    rows = np.array([[0, 1, 0]])
    assert_same(fit_ngram(rows, V, order=2, shifts=(-6, 6)), fit_ngram(np.repeat(rows, 2, 0), V, order=2))


@pytest.mark.parametrize(
    ("tokens", "order", "message"),
    [
        (np.zeros((0, 4), np.int16), 2, "leave none"),
        (np.zeros(4, np.int16), 2, r"expected whole numbers \[N, T\]"),
        (np.zeros((2, 4)), 2, "got float64"),
        (np.full((2, 4), V), 2, "expected 0 to 4, got 5 to 5"),
        (np.zeros((2, 4), np.int16), 0, "order: expected 1 to 23"),
        (np.zeros((2, 4), np.int16), 24, "order: expected 1 to 23"),
    ],
    ids=["empty", "one row", "floats", "vocabulary", "order 0", "order 24"],
)
def test_bad_input_raises(tokens, order, message):
    with pytest.raises(ValueError, match=message):
        fit_ngram(tokens, V, order)


def test_judging_checks_its_input(train):
    with pytest.raises(ValueError, match="expected 0 to 4, got 0 to 7"):
        fit_ngram(train, V).nll(np.array([[0, 7]]))


def assert_same(a: NGram, b: NGram) -> None:
    for one, other in zip(a.levels, b.levels, strict=True):
        for x, y in zip(one, other, strict=True):
            np.testing.assert_array_equal(x, y)
