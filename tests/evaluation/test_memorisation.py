"""The longest shared run agrees with a search that compares everything with everything."""

import numpy as np
import pytest

from seqgen.evaluation.memorisation import longest_shared, measure_memorisation, runs_of, train_runs

V, FIRST = 12, 2


def canonical(run, transposed):
    """A run with its first onset moved to a fixed pitch."""
    if not transposed:
        return tuple(run)
    onsets = [token for token in run if token >= FIRST]
    return tuple(token - onsets[0] + 100 if token >= FIRST else token for token in run)


def naive_longest(window, train, transposed):
    time, best = len(window), 0
    for length in range(1, time + 1):
        known = {
            canonical(row[t : t + length], transposed) for row in train for t in range(time + 1 - length)
        }
        if any(canonical(window[t : t + length], transposed) in known for t in range(time + 1 - length)):
            best = length
    return best


@pytest.mark.parametrize("first_onset", [None, FIRST], ids=["tokens", "transposed"])
def test_it_agrees_with_a_search_of_everything(first_onset):
    rng = np.random.default_rng(3)
    chances = [0.4, 0.1, *[0.5 / (V - 2)] * (V - 2)]
    piece, own = rng.choice(V, 26, p=chances), rng.choice(V, (9, 14), p=chances)
    train = np.stack([piece[start : start + 14] for start in (0, 4, 8, 12, 3, 7)])  # as windows follow on
    own[0], own[1] = train[2], 0
    own[2, 3:] = train[4, :11]
    expected = [naive_longest(row.tolist(), train.tolist(), first_onset is not None) for row in own]
    found = longest_shared(runs_of(own, first_onset), train_runs(train, first_onset, lag=4))
    assert found.tolist() == expected
    assert found[0] == 14
    assert found[2] >= 11


def test_a_planted_copy_in_another_key_is_found():
    rng = np.random.default_rng(4)
    train, own = rng.integers(2, 60, (40, 32)), rng.integers(2, 60, (5, 32))
    own[3, 8:24] = train[17, 2:18] + 20
    lengths = longest_shared(runs_of(own, 2), train_runs(train, 2))
    assert lengths[3] >= 16
    assert max(np.delete(lengths, 3)) < 6
    assert longest_shared(runs_of(own), train_runs(train))[3] < 6


def test_another_rhythm_or_interval_is_no_copy():
    row = np.array([[5, 0, 7, 0, 9, 0, 7, 0]])
    for place, token in ((3, 1), (4, 8)):
        other = row.copy()
        other[0, place] = token
        assert longest_shared(runs_of(other, FIRST), train_runs(row, FIRST))[0] < 8


def test_the_section():
    rng = np.random.default_rng(5)
    train, real = rng.integers(2, 60, (40, 32)), rng.integers(2, 60, (30, 32))
    copies = measure_memorisation(train[:25] + 3, real, train, 2, "x", seed=1)
    figures = {figure.name: figure for figure in copies.figures}
    assert figures["windows wholly shared"].value == 1
    assert figures["windows wholly shared"].baseline == 0
    assert figures["longest shared run, steps"][1:4] == (32, 32, 32)
    honest = measure_memorisation(real, real, train, 2, "x", seed=1)
    assert all(figure.value == figure.baseline for figure in honest.figures)
    few = measure_memorisation(real[:3], real, train, 2, "x", seed=1)
    assert not few.figures
    assert "3 samples" in few.missing[0]
