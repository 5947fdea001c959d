"""The format: what is written is read, and what is damaged is refused by name."""

import json
import math
import pickle

import numpy as np
import pytest

from seqgen.data.shards import NAMES, FileRow, Shards, SplitWindows, write_shards
from seqgen.representation.converter import RepresentationConfig

CONFIG = RepresentationConfig("melody", bars=2, gap_bars=math.inf, min_notes=3, programs=(0, 32))
FILES = [
    FileRow("a.zip", "x/\u00fc.mid", "train", 3),
    FileRow("a.zip", "t\tab\n\udcff.mid", "", 0, "bad\tone"),
]


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 90, (5, 32)).astype(np.int16)
    origin = np.stack([np.zeros(5), np.arange(5)], axis=1).astype(np.int32)
    windows = {
        "train": SplitWindows(tokens, origin, np.array([4, 0, 2])),
        "test": SplitWindows(tokens, origin),
    }
    (tmp_path / "s").mkdir()
    write_shards(tmp_path / "s", CONFIG, windows, FILES, {"files": 2}, seed=7)
    return tmp_path / "s"


def test_round_trip(folder):
    shards = Shards(folder)
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 90, (5, 32)).astype(np.int16)
    assert shards.counts == {"train": 3, "valid": 0, "test": 5}
    assert shards.representation == CONFIG
    assert (shards.steps, shards.vocabulary_size, shards.info["seed"]) == (32, 90, 7)
    np.testing.assert_array_equal(shards.tokens("train"), tokens[[4, 0, 2]])
    np.testing.assert_array_equal(shards.tokens("test"), tokens)
    assert shards.tokens("valid").shape == (0, 32)
    assert shards.origins("train").tolist() == [[0, 4], [0, 0], [0, 2]]
    assert shards.file_of("train", 1) == FILES[0]
    assert shards.files[1] == FileRow("a.zip", "t\\tab\\n\\udcff.mid", "", 0, "bad\\tone")
    assert {path.name for path in folder.iterdir()} == set(NAMES)


def test_arrays_are_mapped_and_read_only(folder):
    tokens = Shards(folder).tokens("train")
    assert isinstance(tokens, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        tokens[0, 0] = 1


def test_what_is_no_split_and_no_folder(folder, tmp_path):
    with pytest.raises(ValueError, match="split: expected one of train, valid, test, got 'dev'"):
        Shards(folder).tokens("dev")
    for path in (tmp_path, tmp_path / "none", folder / "shards.json"):
        with pytest.raises(ValueError, match=r"expected a folder with a shards\.json"):
            Shards(path)


def edit_index(**changes):
    def change(folder):
        info = json.loads((folder / "shards.json").read_text())
        info.update(changes)
        (folder / "shards.json").write_text(json.dumps(info))

    return change


def array(name, value):
    return lambda folder: np.save(folder / name, value, allow_pickle=True)


def cut(name, keep):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:keep])


def write_npz(folder):
    with open(folder / "train.tokens.npy", "wb") as stream:
        np.savez(stream, a=GOOD)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


GOOD = np.zeros((3, 32), np.int16)
DAMAGE = {
    "format": (edit_index(format=2), "expected format 1, got 2"),
    "format true": (edit_index(format=True), "expected format 1, got True"),
    "no json": (lambda f: (f / "shards.json").write_bytes(b"\xff{"), "cannot be read"),
    "deep json": (lambda f: (f / "shards.json").write_text("[" * 100_000), "cannot be read"),
    "json list": (lambda f: (f / "shards.json").write_text("[1]"), "expected format 1, got None"),
    "representation": (edit_index(representation={"name": "choir"}), "not a representation"),
    "new field": (edit_index(representation={"swing": 1}), "not a representation"),
    "no representation": (edit_index(representation=None), "not a representation"),
    "counts": (edit_index(windows={"train": 4, "valid": 0, "test": 5}), r"train\.tokens\.npy: expected"),
    "no counts": (edit_index(windows=[3, 0, 5]), r"train\.tokens\.npy: expected"),
    "missing": (lambda f: (f / "valid.origin.npy").unlink(), r"valid\.origin\.npy: is missing"),
    "cut off": (cut("test.tokens.npy", 300), r"test\.tokens\.npy: damaged or cut off"),
    "cut header": (cut("test.tokens.npy", 20), r"test\.tokens\.npy: damaged or cut off"),
    "empty file": (cut("test.tokens.npy", 0), r"test\.tokens\.npy: damaged or cut off"),
    "dtype": (array("train.tokens.npy", GOOD.astype(np.int64)), r"expected int16 \(3, 32\).*got int64"),
    "shape": (array("train.tokens.npy", GOOD[:, :16]), r"expected int16 \(3, 32\).*got int16 \(3, 16\)"),
    "pickle": (array("train.tokens.npy", np.array([Trap()] * 3, object)), "damaged or cut off"),
    "bare pickle": (
        lambda f: (f / "train.tokens.npy").write_bytes(pickle.dumps(Trap())),
        "damaged or cut off",
    ),
    "archive": (write_npz, "expected int16 .*got NpzFile"),
    "token 90": (array("train.tokens.npy", GOOD + 90), "train has tokens from 90 to 90, melody has 0 to 89"),
    "token -1": (array("train.tokens.npy", GOOD - 1), "train has tokens from -1 to -1"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_damage_is_named(folder, damage, message):
    damage(folder)
    with pytest.raises(ValueError, match=message):
        Shards(folder)


def test_a_bad_list_of_files_spoils_only_what_needs_it(folder):
    (folder / "files.tsv").write_text("nothing\n")
    shards = Shards(folder)
    assert len(shards.tokens("train")) == 3
    with pytest.raises(ValueError, match=r"files\.tsv: cannot be read"):
        shards.file_of("train", 0)


def test_an_origin_outside_the_list_is_damage(folder):
    np.save(folder / "train.origin.npy", np.full((3, 2), 2, np.int32))
    with pytest.raises(ValueError, match="names file 2 of 2: damaged"):
        Shards(folder).file_of("train", 0)
