"""An experiment from corpus to page, on a corpus of forty sentences and systems of two steps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import experiments.translation as command
from experiments.corpora import CORPORA, Corpus
from experiments.systems import System, systems

TEXT = Path(__file__).parent / "fixtures" / "text"
SMALL = (
    System("offline", "offline", "soft", 2),
    System("milk-0.1", "MILk", "milk", 2, "offline", latency=0.1, points=(0.5, 0.35)),
    System("wait-k", "wait-k", "wait_k", 2, "offline", lags=(1, 3), points=(1, 3)),
)


class SmallCorpus(Corpus):
    def settings(self):
        model = {"vocabulary_size": 400, "width": 16, "energy_width": 8, "dropout": 0.1}
        return {"model": model, "tokens": 400, "threads": 1, "diagnose_every": 100}


@pytest.fixture
def run(tmp_path, monkeypatch):
    corpora = {
        "a": SmallCorpus("Small", "de", "en", "train", "test", "test", 2, 0.1, note="Only a test."),
        "b": SmallCorpus("Back", "en", "de", "train", "test", "test", 2, 0.1, start="a"),
    }
    monkeypatch.setattr(command, "CORPORA", corpora)
    monkeypatch.setattr(command, "systems", lambda first: SMALL)

    def run(*arguments):
        line = [*arguments, "--data", str(TEXT), "--runs", str(tmp_path / "runs")]
        monkeypatch.setattr(sys, "argv", ["translation", *line])
        command.main()
        return tmp_path / "runs"

    return run


def test_one_command_makes_models_points_table_and_picture(run, tmp_path):
    docs = tmp_path / "docs"
    runs = run("a", "--docs", str(docs))
    page = (docs / "a.md").read_text(encoding="utf-8")
    for word in ("# Small", "Only a test.", "MILk λ=0.1 p≥0.35", "wait-k k=3", "Paired bootstrap", "tok:13a"):
        assert word in page
    assert (docs / "a.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((docs / "a.json").read_text(encoding="utf-8"))
    assert [row["label"] for row in rows] == ["offline", "λ=0.1", "λ=0.1 p≥0.35", "k=1", "k=3"]
    assert all("hypotheses" not in row for row in rows)
    assert rows[3]["LAAL"] <= rows[4]["LAAL"] <= rows[0]["LAAL"]
    assert rows[1]["hard_cross_entropy"] > 0
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    run("a", "--docs", str(docs))
    assert before == {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}


def test_the_way_back_starts_from_the_way_there(run):
    runs = run("b", "--only", "offline")
    assert (runs / "a" / "offline-seed1" / "done").is_file()
    first, second = (runs / name / "offline-seed1" / "subwords.model" for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_every_system_of_every_corpus_is_one_that_can_be_trained():
    from seqgen.config import from_dict
    from seqgen.training.translation import TranslationConfig

    files = dict.fromkeys(("out", "source", "target", "valid_source", "valid_target"), "x")
    for corpus in CORPORA.values():
        every = {system.name: system for system in systems(corpus.first)}
        for system in every.values():
            assert system.start is None or system.start in every
            config = from_dict(TranslationConfig, system.config(corpus.settings()) | files, system.name)
            assert config.model.attention == system.attention
            assert replace(config, seed=2) != config
