"""A trio model from the shell: every verb that takes music, and what is said of files that are no trios."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqgen.cli.main import main
from seqgen.io.midi import read_midi
from tests.tasks.small import small_model, write_drums, write_melody, write_trio


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(small_model(tmp_path_factory.mktemp("models") / "small-trio", "trio", bars=4))


@pytest.fixture
def ends(tmp_path) -> list[str]:
    return [str(write_trio(tmp_path / f"{seed}.mid", seed=seed)) for seed in (1, 2)]


def test_interpolate_writes_three_tracks_and_a_picture(model, ends, tmp_path, capsys) -> None:
    line = ["interpolate", model, *ends, str(tmp_path / "out"), "--num-steps", "3", "--wav", "false"]
    assert main(line) == 0
    step = read_midi(tmp_path / "out" / "step_1.mid")
    assert len({(n.program, n.is_drum) for n in step.notes}) == 3
    assert (tmp_path / "out" / "path.png").stat().st_size > 10_000
    assert "Traceback" not in capsys.readouterr().err


def test_sample_and_reconstruct(model, ends, tmp_path) -> None:
    assert main(["sample", model, str(tmp_path / "new"), "--num", "2", "--wav", "false"]) == 0
    assert main(["reconstruct", model, ends[0], str(tmp_path / "again"), "--wav", "false"]) == 0
    for path in [*(tmp_path / "new").glob("*.mid"), *(tmp_path / "again").glob("*.mid")]:
        assert read_midi(path).notes


def test_encode_and_decode(model, ends, tmp_path) -> None:
    codes = tmp_path / "codes.npz"
    assert main(["encode", model, *ends, str(codes)]) == 0
    assert np.load(codes)["mean"].shape == (2, 8)
    assert main(["decode", model, str(codes), str(tmp_path / "out"), "--wav", "false"]) == 0
    assert len(list((tmp_path / "out").glob("*.mid"))) >= 2


def test_info_lists_trios_with_their_tracks(model, ends, capsys, tmp_path) -> None:
    melody = str(write_melody(tmp_path / "melody.mid"))
    assert main(["info", model, ends[0], melody]) == 0
    said = capsys.readouterr().out
    assert "trio, 4 bars" in said
    assert "trios (bars and tracks counted from 0):\n  4 bars from bar 0 of tracks 0, 1 and" in said
    assert said.count("trios (") == 1, "a file without trios has no line of them"


@pytest.mark.parametrize(
    ("write", "why"), [(write_drums, "no melody and no bass"), (write_melody, "no bass and no drums")]
)
def test_what_is_no_trio_is_said_without_a_traceback(model, ends, tmp_path, capsys, write, why) -> None:
    other = str(write(tmp_path / "other.mid"))
    assert main(["interpolate", model, ends[0], other, str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert f"other.mid: it has {why}" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_tokens_that_no_trio_has_are_not_made(model) -> None:
    """The largest token of the largest parts is still in the vocabulary."""
    from seqgen.tasks.music import load

    vae = load(model).vae
    token = vae.decode(torch.randn(20, 8))
    assert 0 <= int(token.min()) <= int(token.max()) < 90 * 90 * 512
    assert np.unique(token.numpy()).size > 10
