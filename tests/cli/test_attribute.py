"""`seqgen attribute` and `seqgen fit-attributes`: what they write and print, and what they refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from seqgen.cli.main import main
from seqgen.data.shards import SplitWindows, write_shards
from seqgen.representation.converter import RepresentationConfig
from seqgen.tasks import attribute_fit
from tests.tasks.small import melody_tokens

SMALL = {"PAIRS": 4, "ROUNDS": 1, "TRIED": 16, "NEAR_PAIRS": 32, "FEWEST_NEAR": 8, "AMOUNTS": (1.0, 2.0)}
"""a fit of a second"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    tokens = np.stack([melody_tokens(2, seed) for seed in range(120)])
    tokens[::3, 8:12] = 1  # rests, or they would be the same in all
    tokens[1::4, 3] = 50
    windows = {"train": SplitWindows(tokens, np.zeros((len(tokens), 2), np.int32))}
    write_shards(folder, RepresentationConfig(), windows, [])
    return folder


@pytest.fixture(scope="module")
def fitted(model: str, shards: Path, tmp_path_factory) -> str:
    folder = shutil.copytree(model, tmp_path_factory.mktemp("models") / "fitted")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(attribute_fit, name, value)
        assert main(["fit-attributes", str(folder), str(shards)]) == 0
    return str(folder)


def test_a_model_is_fitted_and_a_clip_moved(fitted, music, tmp_path, capsys):
    assert Path(fitted, "attributes.safetensors").is_file()
    capsys.readouterr()
    line = ["attribute", str(music / "long.mid"), str(tmp_path / "out"), "--model", fitted, "--wav", "false"]
    assert main([*line, "--note-density", "+0.5", "--mean-pitch", "-99"]) == 0
    said = capsys.readouterr()
    rows = {row.split()[0]: row.split()[1:] for row in said.out.splitlines() if " " in row}
    assert rows["attribute"] == ["read", "plain", "moved"]
    assert len(rows["note_density"]) == 4  # the star of what was moved
    assert len(rows["repetition"]) == 3
    assert "mean_pitch: -99 is beyond what was measured of fitted" in said.err
    assert "bars 0 to 1 (counted from 0) are read of a melody of 5 bars" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("original.mid", "plain.mid", "moved.mid", "attribute.mid", "attribute.png")
    }
    first = (tmp_path / "out" / "moved.mid").read_bytes()
    assert b"note_density +0.5" in first
    assert b"seed 1, temperature 0" in first
    assert main([*line, "--note-density", "+0.5", "--mean-pitch", "-99"]) == 0
    assert (tmp_path / "out" / "moved.mid").read_bytes() == first


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--swing", "1"], "no attribute 'swing'; the known ones are note_density, pitch_range, "),
        ([], "no slider is moved; expected at least one of --note-density, "),
        (["--note-density", "much"], "note_density"),
        (["--note-density", "nan"], "Expected a float. Got value: nan"),
        (["--cymbal-share", "1"], "fitted has no attribute 'cymbal_share'; it has note_density, "),
    ],
)
def test_sliders_that_cannot_be_are_refused(fitted, music, tmp_path, capsys, flags, said):
    out = tmp_path / "out"
    assert main(["attribute", str(music / "a.mid"), str(out), "--model", fitted, *flags]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_model_without_vectors_says_which_command_makes_them(model, music, tmp_path, capsys):
    line = ["attribute", str(music / "a.mid"), str(tmp_path / "out"), "--model", model]
    assert main([*line, "--note-density", "1"]) == 2
    assert "no attribute vectors: make them with `seqgen fit-attributes small-mel" in capsys.readouterr().err


def test_shards_of_something_else_are_refused(drum_model, shards, capsys):
    assert main(["fit-attributes", drum_model, str(shards)]) == 2
    assert "the model reads drums windows of 2 bars" in capsys.readouterr().err
    assert not (Path(drum_model) / "attributes.safetensors").exists()
