"""Which windows are kept."""

import numpy as np

from seqgen.data.duplicates import fingerprint, keep_first


def keys(*values):
    return np.array(values, np.uint64)


def test_fingerprints_tell_windows_apart_and_are_the_same_everywhere():
    rows = np.arange(64, dtype=np.int16).reshape(2, 32)
    assert fingerprint(np.vstack([rows, rows[:1]]))[2] == fingerprint(rows)[0] != fingerprint(rows)[1]
    assert fingerprint(rows[:, ::-1].astype(">i2"))[0] == fingerprint(rows[:1, ::-1])[0]
    assert fingerprint(np.zeros((1, 32), np.int16)).tolist() == [15949901158124721032]
    assert fingerprint(np.zeros((0, 32), np.int16)).shape == (0,)
    assert len(set(fingerprint(np.array([[1], [1 + (1 << 16)], [1 + (1 << 60)]])))) == 3


def test_first_in_a_split_and_first_of_the_splits():
    exact = {"train": keys(5, 6, 5), "valid": keys(7, 8, 8, 9), "test": keys(1, 2, 3)}
    loose = {"train": keys(50, 60, 50), "valid": keys(60, 80, 80, 90), "test": keys(90, 10, 50)}
    kept = keep_first(exact, loose)
    assert {split: k.rows.tolist() for split, k in kept.items()} == {
        "train": [0, 1],
        "valid": [1, 3],
        "test": [1],
    }
    assert [k.repeated for k in kept.values()] == [1, 1, 0]
    assert [k.elsewhere for k in kept.values()] == [0, 1, 2]


def test_a_transposed_window_of_one_split_stays():
    kept = keep_first({"train": keys(1, 2)}, {"train": keys(7, 7)})
    assert kept["train"].rows.tolist() == [0, 1]
