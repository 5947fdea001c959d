"""The kit from the command line: sections, corpora, plots, and what cannot be measured."""

import json
import sys

import numpy as np
import pytest

from seqgen.cli.evaluate import evaluate as verb
from seqgen.data.shards import FileRow, SplitWindows, write_shards
from seqgen.evaluation.by_corpus import measure_corpora
from seqgen.evaluation.evaluate import evaluate
from seqgen.evaluation.figure import Curve, Plot
from seqgen.evaluation.plots import write_plots
from seqgen.evaluation.report import as_json
from seqgen.evaluation.sections import SECTIONS, Subject
from seqgen.evaluation.window_labels import Labels
from seqgen.evaluation.windows import WindowSet, load_windows
from seqgen.representation.converter import RepresentationConfig
from tests.evaluation.conftest import KINDS, windows_of


def test_sections_in_json_and_text_and_plots(varied, shards, capsys, tmp_path):
    verb(str(varied / "melody"), [shards / "melody"], pairs=40, plot=tmp_path / "curves")
    text = capsys.readouterr().out
    assert "slerp: midpoint nats over the ends'" in text
    assert "real test windows" in text
    names = {path.name for path in (tmp_path / "curves").iterdir()}
    curves = ("nll", "hamming", "distances")
    expected = {"memorisation", "lag-profile", *(f"interpolation-{name}" for name in curves)}
    assert names == {f"{name}.png" for name in expected}
    before = {path.name: path.read_bytes() for path in (tmp_path / "curves").iterdir()}
    verb(str(varied / "melody"), [shards / "melody"], pairs=40, plot=tmp_path / "curves", json=True)
    data = json.loads(capsys.readouterr().out)
    assert list(data["sections"]) == list(SECTIONS)
    assert all(section["signature"].startswith("model:melody@") for section in data["sections"].values())
    assert {path.name: path.read_bytes() for path in (tmp_path / "curves").iterdir()} == before


def test_some_sections_and_none_that_there_is_not(models, shards):
    result = evaluate(models / "drums", shards / "drums", pairs=25, sections=["memorisation"])
    assert list(result.sections) == ["memorisation"]
    again = evaluate(models / "drums", shards / "drums", pairs=25, sections=["memorisation"])
    assert as_json(result) == as_json(again)
    with pytest.raises(ValueError, match=r"sections: expected some of reconstruction, .* got memorization"):
        evaluate(models / "drums", shards / "drums", sections=["memorization"])


def test_too_few_windows_are_said(models, shards):
    result = evaluate(models / "melody", shards / "melody", pairs=5, limit=8)
    data = json.loads(as_json(result))  # no NaN
    assert "at least 20 of 2" in data["sections"]["reconstruction"]["missing"][-1]
    assert data["sections"]["interpolation"]["missing"]
    assert data["sections"]["memorisation"]["missing"]


def test_midi_without_train(varied):
    result = evaluate(varied / "drums", KINDS["drums"], pairs=40)
    missing = {name: " ".join(section.missing) for name, section in result.sections.items()}
    assert "no train windows are known" in missing["interpolation"]
    assert "0 train windows" in missing["memorisation"]
    assert "only shards that list their files" in missing["reconstruction"]


def test_figures_of_each_corpus():
    tokens = np.tile(np.array([2, 0, 3, 0]), (60, 1))
    corpus = np.repeat([0, 1], 30)
    windows = WindowSet(tokens, "x", 60, corpus=corpus, corpora=("good", "bad"))
    guess = tokens.copy()
    guess[30:, 2] = 9
    estimates = {"free run": guess, "teacher forced": tokens, "sampled z": tokens, "always hold": 0 * tokens}
    figures = {f.name: f for f in measure_corpora(windows, estimates, "drums", 2, "x", 1).figures}
    assert figures["onset accuracy"].value == 0.75
    assert figures["onset accuracy, good"].value == 1
    assert figures["onset accuracy, bad"].value == 0.5
    assert figures["step accuracy, bad"].baseline == 0.5
    assert figures["onset accuracy"].low < 0.75 < figures["onset accuracy"].high


def test_windows_know_their_corpus_and_train_bars_count_once(tmp_path):
    rows = np.random.default_rng(0).permutation(windows_of("melody"))[:12]
    origin = np.array([[0, 0], [0, 1], [0, 2], [0, 5], [1, 0], [1, 1]], np.int32)
    folder = tmp_path / "shards"
    folder.mkdir()
    files = [FileRow("one.tar.xz", "a.mid", "train", 4), FileRow("two", "b.mid", "test", 2)]
    splits = {"train": SplitWindows(rows[:6], origin), "test": SplitWindows(rows[6:], origin)}
    write_shards(folder, RepresentationConfig("melody"), splits, files)
    windows = load_windows(folder, RepresentationConfig("melody"))
    assert windows.corpora == ("one", "two")
    assert windows.corpus[-2:].tolist() == [1, 1]
    np.testing.assert_array_equal(windows.train_once(2), rows[[0, 2, 3, 4]])


def test_plots_need_matplotlib_and_say_so(monkeypatch, models, shards, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    plot = Plot("x", "x", "y", (Curve("a", np.arange(3), np.arange(3)),))
    with pytest.raises(ImportError, match=r"seqgen\[plot\]"):
        write_plots([plot], tmp_path)
    with pytest.raises(ValueError, match=r"seqgen\[plot\]"):
        verb(str(models / "melody"), [shards / "melody"], pairs=25, plot=tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    plot = Plot("x", "x", "y", (Curve("a", np.arange(3), np.arange(3)),))
    with pytest.raises(ValueError, match=r"plot: .* cannot be written"):
        write_plots([plot], tmp_path / "file")


def test_windows_of_one_piece_are_said(models, shards, monkeypatch):
    """Shards whose files are not listed apart, or a test split of one tune."""
    monkeypatch.setattr(Subject, "labels", property(lambda self: one_piece(self)))
    result = evaluate(models / "melody", shards / "melody", pairs=25)
    missing = " ".join(sentence for part in result.sections.values() for sentence in part.missing)
    assert "at least 4 pieces, got 1" in missing
    assert json.loads(as_json(result))["sections"]["code"]["figures"]["KL, nats a window"]["low"]


def one_piece(subject):
    rows = len(subject.windows.tokens)
    return Labels({"corpus": ["one"] * rows}, np.zeros(rows, np.int64))
