"""The curve of rate against accuracy from shards to page, in two steps a point; and what a point is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import experiments.rate as command
from experiments.rate_measure import measure
from experiments.rate_points import CURVE, Curve, Price
from seqgen.config import from_dict
from seqgen.models.checkpoint import load_model
from seqgen.training.config import TrainConfig
from tests.test_hierarchy import make_model, make_shards, times
from tests.training.runs import MODEL

SETTINGS = {"steps": 2, "batch_size": 4, "diagnose_every": 5, "learning_rate": 1e-3}


@pytest.fixture
def start(tmp_path):
    """A one-bar model that has learnt for a moment."""
    make_shards(tmp_path / "short", 1)
    return make_model(tmp_path / "short", tmp_path / "start")


def test_one_command_makes_points_table_and_picture(tmp_path, start, monkeypatch):
    prices = (Price(0.1), Price(1.0, free_bits=8))
    monkeypatch.setattr(command, "CURVE", Curve(str(start), "short", prices, SETTINGS))
    monkeypatch.setattr(command, "LONG_SHARDS", "short")
    runs, docs = tmp_path / "runs", tmp_path / "docs"
    places = ["--data", str(tmp_path), "--runs", str(runs), "--docs", str(docs), "--models", str(start)]
    monkeypatch.setattr(sys, "argv", ["rate", *places])
    command.main()
    page = (docs / "rate.md").read_text(encoding="utf-8")
    for word in (
        "2 bars, beta | 0.1 | beta 0.1 |",
        "8 bits | beta 1, 8 free bits |",
        "| start |",
        "Device:",
    ):
        assert word in page
    assert (docs / "rate.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((docs / "rate.json").read_text(encoding="utf-8"))
    assert [row["label"] for row in rows] == ["0.1", "8 bits", "start"]
    for row in rows:
        assert row["kl"][1] <= row["kl"][0] <= row["kl"][2]
        assert "7 of 8, 1 in train dropped" in row["signature"]
    before = times(runs)
    command.main()
    assert times(runs) == before


@pytest.mark.parametrize("always", [0, 52])
def test_a_point_is_its_model_on_the_unseen_windows(start, always):
    """A model that always says one token: holds are no onsets, and of the onsets some have this pitch."""
    weights = load_file(start / "model.safetensors")
    weights["decoder.head.logits.bias"][always] = 100
    save_file(weights, start / "model.safetensors")
    shards = start.parent / "short"
    row = measure(start, shards, seed=1)
    model, _ = load_model(start)
    windows = torch.from_numpy(np.load(shards / "test.tokens.npy")[:-1].astype(np.int64))
    assert row["kl"][0] == pytest.approx(model.encode(windows).kl().sum(1).mean().item(), rel=1e-5)
    share = (windows == always)[windows >= 2].float().mean().item()
    assert (share > 0) == (always > 0)
    assert row["onset accuracy"][0] == pytest.approx(share)


def test_points_differ_in_nothing_but_the_price_and_keep_it():
    settings = [CURVE.config(price) for price in CURVE.prices]
    for price, one in zip(CURVE.prices, settings, strict=True):
        built = from_dict(TrainConfig, one | {"data": "x", "out": "y"}, "point")
        for progress in (0.0, 0.5, 1.0):
            objective = built.objective.at(progress)
            assert (objective.beta, objective.free_bits) == (price.beta, price.free_bits)
        del one["objective"]
    assert settings.count(settings[0]) == len(settings)
    assert len({price.name for price in CURVE.prices}) == len(CURVE.prices)


def test_a_run_that_began_elsewhere_is_not_taken_up(tmp_path, start):
    curve = Curve(str(start), "short", (Price(0.1),), SETTINGS)
    folder = command.train(curve, curve.prices[0], tmp_path, tmp_path / "runs", seed=1)
    assert command.train(curve, curve.prices[0], tmp_path, tmp_path / "runs", seed=1) == folder
    weights = load_file(start / "model.safetensors")
    save_file({name: 2 * tensor for name, tensor in weights.items()}, start / "model.safetensors")
    with pytest.raises(ValueError, match=f"{folder}: began with other weights than {start}"):
        command.train(curve, curve.prices[0], tmp_path, tmp_path / "runs", seed=1)


def test_a_model_of_other_windows_is_refused(tmp_path, start):
    long = make_shards(tmp_path / "long", 2)
    with pytest.raises(ValueError, match=f"{Path(long)}: expected windows of {MODEL.steps} steps, got 32"):
        measure(start, long, seed=1)
