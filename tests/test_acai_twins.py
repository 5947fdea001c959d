"""ACAI against its twin: the twins differ in the critic alone, and the page counts seeds rightly."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np

import experiments.acai as command
from experiments.acai_report import COMPARED, counts, write_report
from seqgen.config import from_dict
from seqgen.training.config import TrainConfig
from tests.training.runs import make_shards


def row(name, seed, value):
    paths = {figure: {"value": value} for figure in (*COMPARED, "slerp: monotone progress")}
    rest = {
        "onset accuracy": 0.5,
        "KL": 3.0,
        "steps": 2,
        "core seconds": 1.0,
        "signature": f"{name}{seed}",
        "nats": {},
    }
    return {"name": name, "seed": seed, **rest, "paths": paths}


def test_twins_differ_in_nothing_but_the_critic():
    configs = [
        from_dict(TrainConfig, {**command.SETTINGS, "acai": acai, "data": "d", "out": "o"}, name)
        for name, acai in command.TWINS.items()
    ]
    assert configs[0].acai is None
    for config in configs[1:]:
        assert config.acai is not None
        assert replace(config, acai=None) == configs[0]


def test_a_lower_figure_counts_for_acai_in_its_own_seed():
    rows = [row("vae", 1, 0.5), row("acai", 1, 0.4), row("vae", 2, 0.1), row("acai", 2, 0.3)]
    rows += [row("acai", 3, 0.0)]  # without a twin
    assert "+0.0500, 1 of 2" in counts(rows)


def test_the_page_has_what_is_there(tmp_path):
    for name, seed, value in (("vae", 1, 0.5), ("acai", 1, 0.25)):
        folder = tmp_path / f"{name}-seed{seed}"
        folder.mkdir()
        figures = {k: v for k, v in row(name, seed, value).items() if k not in ("name", "seed")}
        (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    write_report(["vae", "acai", "acai-tokens"], [1, 2], tmp_path, tmp_path / "docs")
    page = (tmp_path / "docs/acai.md").read_text(encoding="utf-8")
    assert "| 1 | acai | 2 | 0.500 | 3.0 | 0.250 |" in page
    assert "-0.2500, 1 of 1" in page
    assert (tmp_path / "docs/acai.png").read_bytes().startswith(b"\x89PNG")


def test_one_command_trains_measures_and_says_what_is_too_little(tmp_path, monkeypatch):
    shards = make_shards(tmp_path / "shards")
    token = np.load(shards / "test.tokens.npy")
    token[:, 1] = 60  # else they would be windows of the train split, which are not measured
    np.save(shards / "test.tokens.npy", token)
    small = {"bars": 1, "latent": 4, "embedding": 4, "encoder": {"width": 4}, "decoder": {"width": 8}}
    monkeypatch.setattr(
        command, "SETTINGS", {**command.SETTINGS, "model": small, "steps": 2, "batch_size": 4}
    )
    monkeypatch.setattr(command, "PAIRS", 4)
    runs, docs = tmp_path / "runs", tmp_path / "docs"
    line = ["acai", str(shards), "--runs", str(runs), "--docs", str(docs), "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", line)
    command.main()
    page = (docs / "acai.md").read_text(encoding="utf-8")
    for name in command.TWINS:
        assert f"| 1 | {name} | 2 |" in page
    assert "too few pairs" in page
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    command.main()
    assert before == {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
