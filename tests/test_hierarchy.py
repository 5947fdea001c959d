"""Bars against no bars from shards to page, in two steps each; and that the twins are twins."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import experiments.hierarchy as command
from experiments.hierarchy_report import accuracy, apart
from experiments.hierarchy_systems import TWINS, System, Twins, nearest, parameters
from experiments.unseen import unseen_windows
from seqgen.config import from_dict
from seqgen.data.shards import FileRow, Shards, SplitWindows, write_shards
from seqgen.representation.converter import RepresentationConfig
from seqgen.training.config import TrainConfig
from tests.training.runs import config, trainer

SETTINGS = {"steps": 2, "batch_size": 4, "diagnose_every": 5}
BARS = {"kind": "hierarchical", "width": 16, "plan_size": 4, "conductor_width": 4}
SMALL = Twins(
    shards="four",
    model={
        "bars": 4,
        "latent": 8,
        "code": "bars",
        "embedding": 5,
        "encoder": {"kind": "hierarchical", "width": 8, "bar_width": 4},
    },
    start="",
    systems=(
        System("bars", "with bars", BARS),
        System("flat", "without", {"kind": "flat", "plan": "recurrent"}),
    ),
    settings={"steps": 2, "batch_size": 4, "diagnose_every": 5},
)


def make_shards(folder, bars, count=24):
    """Scales that no two files share, and a test window that train has in another key."""
    start, step = np.arange(count) % 12 + 40, np.arange(count) // 12 + 1
    tokens = np.zeros((count, bars * 16), np.int16)
    tokens[:, ::4] = (start[:, None] + step[:, None] * np.arange(4 * bars)) % 60 + 2
    tokens[-1] = np.where(tokens[0] > 0, tokens[0] + 20, 0)
    origin = np.zeros((count, 2), np.int32)
    origin[:, 0] = np.arange(count) // 2
    rows = {"train": slice(0, 12), "valid": slice(12, 16), "test": slice(16, count)}
    windows = {split: SplitWindows(tokens[part], origin[part]) for split, part in rows.items()}
    folder.mkdir()
    files = [FileRow("made", f"scale {n}", "train", 2) for n in range(count // 2)]
    write_shards(folder, RepresentationConfig("melody", bars=bars), windows, files)
    return folder


def make_model(shards, folder):
    """One bar, after four steps; it has the embeddings and the LSTM of the small twins' encoder."""
    trainer(config(shards, folder, steps=4)).fit()
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The folder of runs and that of docs after the command has run for two seeds, and again."""
    tmp_path = tmp_path_factory.mktemp("twins")
    make_model(make_shards(tmp_path / "one", 1), tmp_path / "start")
    make_shards(tmp_path / "four", 4)
    places = ["--data", str(tmp_path), "--runs", str(tmp_path / "runs"), "--docs", str(tmp_path / "docs")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "TWINS", replace(SMALL, start=str(tmp_path / "start")))
        patch.setattr(sys, "argv", ["hierarchy", *places, "--seeds", "1", "2"])
        command.main()
        before = times(tmp_path / "runs")
        command.main()
    assert times(tmp_path / "runs") == before
    return tmp_path / "runs", tmp_path / "docs"


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_one_command_makes_models_figures_table_and_picture(page):
    _, docs = page
    text = (docs / "hierarchy.md").read_text(encoding="utf-8")
    words = (
        "with bars | 16 |",
        "without |",
        "bars less flat",
        "samples, flat",
        "512 (2 steps of 4 windows)",
        "Device:",
    )
    for word in words:
        assert word in text
    assert (docs / "hierarchy.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((docs / "hierarchy.json").read_text(encoding="utf-8"))
    assert [(row["system"], row["seed"]) for row in rows] == [
        ("bars", 1), ("flat", 1), ("bars", 2), ("flat", 2)
    ]  # fmt: skip
    assert all("7 of 8, 1 in train dropped" in row["signature"] for row in rows)
    assert all(len(row["lags"]["prior"]) == 3 for row in rows)


def test_all_twins_start_from_one_model(page):
    runs, _ = page
    for system in SMALL.systems:
        text = (runs / f"{system.name}-seed2" / "config.yaml").read_text(encoding="utf-8")
        assert f"warm_start: {runs.parent / 'start'}\n" in text


def test_twins_differ_in_nothing_but_the_decoder_and_have_as_many_parameters():
    settings = [TWINS.config(system) for system in TWINS.systems]
    for one in settings:
        from_dict(TrainConfig, one | {"data": "x", "out": "y"}, "twin")
        del one["model"]["decoder"]
    assert settings.count(settings[0]) == len(settings)
    sizes = [parameters(TWINS.shape(system)) for system in TWINS.systems]
    assert sizes == pytest.approx([sizes[0]] * len(sizes), rel=0.01)
    plans = [system.decoder.get("plan_size") for system in TWINS.systems]
    assert plans == [plans[0], None, plans[0]]


@pytest.mark.parametrize(("target", "width"), [(0, 8), (100, 8), (101, 16), (10_000, 104), (10**9, 120)])
def test_the_nearest_width_is_found(target, width):
    widths = range(8, 121, 8)
    found = nearest(lambda width: width**2, target, widths)
    assert abs(found**2 - target) == min(abs(width**2 - target) for width in widths)
    assert found == width or target in (101, 10_000)


def test_unseen_windows_leave_out_what_train_has_in_another_key(tmp_path):
    shards = Shards(make_shards(tmp_path / "two", 2))
    windows, files = unseen_windows(shards)
    assert len(windows) == len(shards.tokens("test")) - 1
    assert files.tolist() == [8, 8, 9, 9, 10, 10, 11]


def test_accuracies_are_means_over_seeds_and_differences_are_paired():
    first = [row([3, 1]), row([1, 1])]
    second = [row([2, 0]), row([0, 0])]
    assert accuracy(first, "free run", "onsets").value == pytest.approx(3 / 8)
    more = apart(first, second, "free run", "onsets")
    assert more == pytest.approx((2 / 8, 2 / 8, 2 / 8))  # the same in both files: no other tunes would differ


def row(right):
    return {"free run": {"right onsets": right}, "onsets": [4, 4]}
