"""Which windows a figure is about: none that train has, whatever key it has them in."""

import numpy as np
import pytest

from seqgen.evaluation.windows import array_hash, load_windows
from seqgen.representation.converter import RepresentationConfig
from tests.evaluation.conftest import KINDS, windows_of, write

MELODY = RepresentationConfig("melody")
DRUMS = RepresentationConfig("drums")


def transposed(rows, semitones):
    return np.where(rows >= 2, rows + semitones, rows).astype(np.int16)


@pytest.fixture
def rows():
    """20 melody windows, no two of which are transpositions of each other."""
    rows = np.zeros((20, 32), np.int16)
    for n in range(20):
        rows[n, [0, 4, 8]] = 40, 42 + n, 45
    return rows


def test_windows_of_train_are_dropped_in_any_key(tmp_path, rows):
    train = np.concatenate([rows[:1], transposed(rows[1:3], 5), rows[10:]])
    data = write(tmp_path / "a", "melody", train=train, test=rows[:10])
    windows = load_windows(data, MELODY)
    np.testing.assert_array_equal(windows.tokens, rows[3:10])
    assert windows.describe_dropped() == "7 of 10, 3 in train dropped"


def test_drums_have_no_other_keys(tmp_path, rows):
    data = write(tmp_path / "a", "drums", train=np.concatenate([rows[:1], rows[1:3] + 5]), test=rows[:10])
    windows = load_windows(data, DRUMS)
    np.testing.assert_array_equal(windows.tokens, rows[1:10])


def test_train_itself_keeps_its_windows(tmp_path, rows):
    data = write(tmp_path / "a", "melody", train=rows, test=rows[:2])
    windows = load_windows(data, MELODY, split="train")
    assert windows.describe_dropped() == "20 of 20, train itself"


def test_other_shards_may_be_train(tmp_path, rows):
    data = write(tmp_path / "a", "melody", train=rows[:2], test=rows[:10])
    other = write(tmp_path / "b", "melody", train=rows[5:])
    windows = load_windows(data, MELODY, train=other)
    np.testing.assert_array_equal(windows.tokens, rows[:5])
    assert windows.train_name == "b/train"


def test_midi_files_are_read_as_the_model_reads(shards):
    windows = load_windows(KINDS["melody"], MELODY)
    assert {row.tobytes() for row in windows.tokens} == {row.tobytes() for row in windows_of("melody")}
    assert "train overlap unknown" in windows.describe_dropped()
    assert windows.train is None
    known = load_windows(KINDS["melody"], MELODY, train=shards / "melody")
    assert known.in_train >= 60  # the shards were made of these files
    assert len(known.tokens) == len(windows.tokens) - known.in_train


def test_unreadable_files_are_counted(tmp_path):
    for file in sorted(KINDS["drums"].glob("*.mid"))[:2]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.mid").write_bytes(b"MThd nonsense")
    assert load_windows(tmp_path, DRUMS).describe_dropped().endswith("1 unreadable files")


def test_a_limit_draws_windows_by_seed(tmp_path, rows):
    data = write(tmp_path / "a", "melody", test=rows)
    some = load_windows(data, MELODY, limit=5)
    assert len(some.tokens) == 5
    assert some.hash == load_windows(data, MELODY, limit=5).hash
    assert some.hash != load_windows(data, MELODY, limit=5, seed=2).hash
    assert some.describe_dropped() == "5 of 20, 0 in train dropped"


def test_a_hash_stays_what_it_is():
    rows = np.arange(6).reshape(2, 3)
    assert array_hash(rows) == array_hash(rows.astype(np.int16)) == "9b60da70a7c2"
    assert array_hash(rows.T) != array_hash(rows)
    assert array_hash(rows + (1 << 60)) != array_hash(rows + (1 << 16)) != array_hash(rows)


def test_what_cannot_be_evaluated_says_why(tmp_path, rows):
    empty = write(tmp_path / "empty", "melody", train=rows)
    with pytest.raises(ValueError, match="expected at least 2 windows in empty/test, got 0 of 0"):
        load_windows(empty, MELODY)
    with pytest.raises(ValueError, match="the model reads drums windows of 2 bars, these shards hold melody"):
        load_windows(empty, DRUMS)
    with pytest.raises(ValueError, match="these shards hold melody windows of 2 bars"):
        load_windows(empty, RepresentationConfig("melody", bars=16))
    with pytest.raises(ValueError, match="there is nothing at"):
        load_windows(tmp_path / "nowhere", MELODY)
    with pytest.raises(ValueError, match=r"expected at least 2 drums windows of 2 bars in .*melodies, got 0"):
        load_windows(KINDS["melody"], DRUMS)
    with pytest.raises(ValueError, match="split: expected one of"):
        load_windows(empty, MELODY, split="exam")
    with pytest.raises(ValueError, match="limit: expected at least 2"):
        load_windows(empty, MELODY, limit=1)
