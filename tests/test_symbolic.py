"""WaveNet against LSTM from shards to page, in two steps each; and that the comparison is a fair one."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import experiments.symbolic as command
import experiments.symbolic_measure as measuring
from experiments.symbolic_report import difference
from experiments.symbolic_systems import NAMES, PLACES, Place
from seqgen.config import from_dict
from seqgen.models.language_model import LanguageModel
from seqgen.models.music_vae import MusicVAE
from seqgen.training.config import TrainConfig
from seqgen.training.language import LanguageConfig
from tests.training.runs import make_shards

SHAPES = {"lstm": {"width": 8}, "wavenet": {"width": 4, "skip_width": 6, "dilations": [1, 2]}}
SETTINGS = {"steps": 2, "batch_size": 4, "diagnose_every": 5, "precision": "32-true"}
SMALL = (
    Place(
        "vae", "A VAE, one bar", "small", False,
        {"bars": 1, "latent": 4, "embedding": 4, "encoder": {"width": 4}, "decoder": {"plan_size": 4}},
        SHAPES, SETTINGS,
    ),
    Place("lm", "A language model, one bar", "small", True, {"embedding": 4}, SHAPES, SETTINGS),
)  # fmt: skip


def test_one_command_makes_models_figures_table_and_picture(tmp_path, monkeypatch):
    make_shards(tmp_path / "small")
    runs, docs = tmp_path / "runs", tmp_path / "docs"
    monkeypatch.setattr(command, "PLACES", SMALL)
    monkeypatch.setattr(measuring, "REPEATS", 1)
    monkeypatch.setattr(measuring, "STEPS", 16)
    line = ["symbolic", "--data", str(tmp_path), "--runs", str(runs), "--docs", str(docs)]
    monkeypatch.setattr(sys, "argv", line)
    command.main()
    page = (docs / "symbolic.md").read_text(encoding="utf-8")
    for word in (
        "A VAE, one bar | LSTM",
        "A language model, one bar | WaveNet",
        "not measured on a GPU",
        "Device:",
    ):
        assert word in page
    assert (docs / "symbolic.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads((docs / "symbolic.json").read_text(encoding="utf-8"))
    assert [(row["place"], row["voice"]) for row in rows] == [
        (place, voice) for place in ("vae", "lm") for voice in NAMES
    ]
    assert all(row["nll"] > 0 and row["tokens a second"]["16"] > 0 for row in rows)
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    command.main()
    assert before == {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_voices_of_a_place_differ_in_nothing_but_the_voice(place):
    sizes, rest = [], []
    for voice in NAMES:
        settings = place.config(voice) | {"data": "x", "out": "y"}
        config = from_dict(LanguageConfig if place.language else TrainConfig, settings, place.name)
        model = (LanguageModel if place.language else MusicVAE)(config.model)
        sizes.append(sum(parameter.numel() for parameter in model.parameters()))
        rest.append({key: value for key, value in settings.items() if key != "model"})
    assert rest[0] == rest[1]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.03)


def test_a_difference_counts_each_window_once_and_draws_whole_files():
    first = {"nll of windows": [1.0, 1.0, 1.0, 1.0], "files": [7, 7, 7, 9]}
    second = {"nll of windows": [1.5, 1.5, 1.5, 0.9]}
    mean, low, high = difference(first, second)
    assert mean == pytest.approx(np.mean([0.5, 0.5, 0.5, -0.1]))
    assert (low, high) == pytest.approx((-0.1, 0.5))


def test_continuations_are_judged_beside_real_music(tmp_path, monkeypatch, capsys):
    from experiments.continuing import WAYS, main
    from tests.tasks.small_language import small_language_model

    model = small_language_model(tmp_path / "lm", bars=1)
    line = ["continuing", str(model), str(make_shards(tmp_path / "shards")), "--windows", "3"]
    monkeypatch.setattr(sys, "argv", line)
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0] for row in lines[2:]] == [
        f"| {name}" for name in ("the real second half", *WAYS)
    ]
