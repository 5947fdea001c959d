"""Figures of grooves: what is perfect, what a baseline does, and what a result says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqgen.cli.main import main
from seqgen.data.shards import SplitWindows, write_shards
from seqgen.evaluation.groove import (
    by_place,
    commonest,
    evaluate_groove,
    feel_scores,
    nearest,
    on_the_grid,
)
from seqgen.io import read_notes
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.representation.groove import HALF_STEP, TEMPO
from tests.tasks.small_groove import DRUMS, small_groove


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    converter = make_converter(RepresentationConfig("groove"))
    found = [converter.encode(read_notes(path)) for path in sorted(DRUMS.glob("*.mid"))]
    return np.random.default_rng(0).permutation(np.concatenate(found))


@pytest.fixture(scope="module")
def shards(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards") / "groove"
    folder.mkdir()
    parts = {"test": rows[:12], "train": rows[12:]}
    windows = {s: SplitWindows(x, np.zeros((len(x), 2), np.int32)) for s, x in parts.items()}
    write_shards(folder, RepresentationConfig("groove"), windows, [])
    return folder


def window(velocity: int, offset: float, qpm: float = 120.0, step: int = 4) -> np.ndarray:
    """One kick."""
    row = np.zeros((1, 32, 19), np.int16)
    row[0, step, [0, 9]] = [velocity, round(offset * 2 * HALF_STEP)]
    row[..., TEMPO] = 10 * qpm
    return row


def test_errors_are_in_the_units_they_say():
    """A sixteenth lasts 125 ms at 120 quarters a minute, so a tenth of it is 12.5 ms."""
    scores = feel_scores(window(90, 0.1), window(80, 0.0))
    assert scores.velocity == 10
    assert scores.sixteenths == pytest.approx(0.1, abs=1e-4)
    assert scores.milliseconds == pytest.approx(12.5, abs=0.01)
    assert feel_scores(window(90, 0.1, 60.0), window(90, 0.0)).milliseconds == pytest.approx(25, abs=0.01)
    assert feel_scores(window(90, 0.1), window(90, 0.1)) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="there is none"):
        feel_scores(0 * window(1, 0), window(1, 0))
    with pytest.raises(ValueError, match="expected the shape of true"):
        feel_scores(window(1, 0), window(1, 0)[:, :16])


def test_baselines_know_what_they_should():
    train = np.concatenate([window(80, 0.2), window(90, 0.2), window(127, 0.3), window(10, -0.3, step=9)])
    like = np.concatenate([window(1, 0.0), window(1, 0.0, step=20), window(1, 0.0, step=9)])
    grid = on_the_grid(train, like)
    assert grid[grid[..., 0] > 0][:, 0].tolist() == [85, 85, 85]
    assert not grid[..., 9:18].any()
    middle = by_place(train, like, np.median)
    hits = middle[like[..., 0] > 0]
    assert hits[:, 0].tolist() == [90, 90, 10], "bars are alike, places are not"
    assert (hits[:, 9] / (2 * HALF_STEP)) == pytest.approx([0.2, 0.2, -0.3], abs=1e-3)
    elsewhere = by_place(train, window(1, 0.0, step=7), np.median)
    assert elsewhere[0, 7, 0] == 85, "a drum that train never hits there"
    assert commonest(train, like)[0, 4] == 1
    assert nearest(train, like[2:])[0].tolist() == [int(step == 9) for step in range(32)]


def test_a_humanising_model_is_measured_beside_baselines(shards, tmp_path, capsys):
    model = small_groove(tmp_path / "g")
    result = evaluate_groove(model, shards)
    assert list(result.figures) == ["velocity", "sixteenths", "milliseconds"]
    who = ["model", "model, drawn", "grid", "mean by place", "median by place"]
    for row in result.figures.values():
        assert list(row) == who
        assert all(value > 0 for value in row.values())
    assert result.figures["velocity"]["median by place"] < result.figures["velocity"]["grid"]
    for part in ("model:g@", "groove, 2 bars", "groove/test@", "12 of 12", "reads:hits", "seed:1"):
        assert part in result.signature
    assert evaluate_groove(model, shards) == result
    assert main(["evaluate", str(model), str(shards)]) == 0
    assert capsys.readouterr().out.strip().endswith(result.signature)


def test_a_model_of_taps_is_measured_by_its_hits(shards, tmp_path, capsys):
    model = small_groove(tmp_path / "t", "tap")
    assert main(["evaluate", str(model), str(shards), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert list(figures) == ["hit F1", "hit precision", "hit recall"]
    assert list(figures["hit F1"]) == ["model", "model, drawn", "commonest at a tap", "nearest tap of train"]
    assert 0 < figures["hit F1"]["commonest at a tap"] < 1


def test_midi_needs_train_windows(tmp_path):
    with pytest.raises(ValueError, match="train: the baselines need train windows"):
        evaluate_groove(small_groove(tmp_path / "g"), DRUMS)


def test_midi_is_measured_against_the_train_windows_of_shards(shards, tmp_path):
    result = evaluate_groove(small_groove(tmp_path / "g"), DRUMS, train=shards)
    assert "in train dropped" in result.signature
