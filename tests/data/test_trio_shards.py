"""Trios in shards: tokens that need 32 bits, from real files to training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seqgen.data.prepare import prepare
from seqgen.data.shards import Shards
from seqgen.io import read_notes
from seqgen.representation.converter import RepresentationConfig
from seqgen.representation.trio import TrioConverter, split_parts

MIX = Path(__file__).parents[2] / "data_tools" / "mix_trios.py"
TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"
REPRESENTATION = RepresentationConfig("trio", bars=4, gap_bars=2.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """d_dm29 and d_e4m8 to learn from, d_dm30 to test."""
    out = tmp_path_factory.mktemp("shards") / "trio"
    table = out.parent / "splits.tsv"
    table.write_text("file\tsplit\nd_dm29.mid\ttrain\nd_e4m8.mid\ttrain\nd_dm30.mid\ttest\n")
    prepare([TINY], out, REPRESENTATION, table, workers=1)
    return out


def test_tokens_are_those_of_the_converter_in_32_bits(folder: Path) -> None:
    shards = Shards(folder)
    converter = TrioConverter(4)
    own = [converter.extract(read_notes(TINY / name)).tokens for name in ("d_dm29.mid", "d_e4m8.mid")]
    tokens = shards.tokens("train")
    assert tokens.dtype == np.int32
    np.testing.assert_array_equal(tokens, np.concatenate(own))
    assert tokens.max() > np.iinfo(np.int16).max
    assert shards.vocabulary_size == 90 * 90 * 512
    assert len(shards.tokens("test")) > 10
    assert not len(shards.tokens("valid"))


def test_the_index_names_the_representation_and_what_was_left_out(folder: Path) -> None:
    index = json.loads((folder / "shards.json").read_text())
    assert index["representation"]["name"] == "trio"
    assert index["report"]["rejected"]["apart"] > 0


@pytest.mark.skipif(not MIX.exists(), reason="not a checkout: the tools are not in the package")
def test_strangers_are_mixed_among_trios(tmp_path: Path) -> None:
    for name, folder in (("trio", "trio"), ("melody", "melodies"), ("drums", "drums")):
        prepare([TINY.parent / folder], tmp_path / name, RepresentationConfig(name, bars=2), workers=1)
    command = [
        sys.executable,
        MIX,
        *(tmp_path / name for name in ("trio", "melody", "drums")),
        tmp_path / "mix",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own, mixed = Shards(tmp_path / "trio"), Shards(tmp_path / "mix")
    count = own.counts["train"]
    assert mixed.counts == {**own.counts, "train": 2 * count}
    np.testing.assert_array_equal(mixed.tokens("train")[:count], own.tokens("train"))
    assert mixed.file_of("train", count).source == "strangers"
    tunes, beats = (Shards(tmp_path / name).tokens("train") for name in ("melody", "drums"))
    melody, bass, drums = split_parts(mixed.tokens("train")[count:])
    known = {row.tobytes() for row in tunes}
    assert all(row.astype(np.int16).tobytes() in known for row in melody)
    assert all(row.astype(np.int16).tobytes() in {beat.tobytes() for beat in beats} for row in drums)
    raised = np.where(bass >= 2, bass + 24, bass)
    low = {row.tobytes() for row in raised.astype(np.int16)}
    assert len(low & known) > 0.8 * len(low), "most tunes have room for two octaves below them"
    assert bass[bass > 1].mean() < melody[melody > 1].mean() - 20


def test_16_bits_where_32_belong_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    np.save(tmp_path / "test.tokens.npy", np.load(folder / "test.tokens.npy").astype(np.int16))
    with pytest.raises(ValueError, match="expected int32"):
        Shards(tmp_path)
