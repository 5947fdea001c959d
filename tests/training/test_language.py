"""A run of a language model: it learns, resumes to the same weights, and can be measured."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from lightning_fabric import Fabric

from seqgen.cli.main import main
from seqgen.evaluation.language import as_text, evaluate_language
from seqgen.models.checkpoint import load_model
from seqgen.models.language_model import LanguageModelConfig
from seqgen.training.language import LanguageConfig
from seqgen.training.loop import Trainer
from tests.training.runs import make_shards
from tests.training.test_loop import _killed_at, same, weights

SIZES = {"embedding": 8, "width": 16, "dilations": (1, 2, 4), "skip_width": 16}


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make_shards(tmp_path_factory.mktemp("data") / "shards")


def config(data, out, voice="lstm", **more) -> LanguageConfig:
    settings = {"steps": 24, "batch_size": 8, "average": 0.9, "checkpoint_every": 8, "diagnose_every": 24}
    model = LanguageModelConfig(voice=voice, **SIZES)
    return LanguageConfig(data=str(data), out=str(out), model=model, threads=1, **{**settings, **more})


def trainer(settings: LanguageConfig) -> Trainer:
    return Trainer(settings, Fabric(accelerator="cpu", devices=1, precision=settings.precision))


@pytest.mark.parametrize("voice", ["lstm", "wavenet"])
def test_a_run_learns_scales_and_is_measured_beside_n_grams(shards, tmp_path, voice):
    learning = {"steps": 100, "learning_rate": 2e-2, "transpose": 0, "input_dropout": 0.0, "average": 0.0}
    run = trainer(
        config(shards, tmp_path / "run", voice, checkpoint_every=100, diagnose_every=100, **learning)
    )
    assert run.fit()
    _, sections = load_model(tmp_path / "run", "language_model")
    assert sections["kind"] == "language_model"
    assert sections["training"]["step"] == 100
    assert "data" not in sections["training"]
    result = evaluate_language(tmp_path / "run", shards, split="train")
    means = result.nll["all steps"]
    assert means["model"] < 0.75 * means["unigram"]
    assert means["6-gram"] < means["2-gram"] < means["unigram"]
    assert set(result.nll) == {"all steps", "where something begins", "second half of a window"}
    assert "Witten-Bell n-grams of shards/train@" in as_text(result).splitlines()[-1]


def test_a_killed_run_resumes_to_the_weights_of_an_unbroken_one(shards, tmp_path):
    whole = config(shards, tmp_path / "whole")
    assert trainer(whole).fit()
    parts = replace(whole, out=str(tmp_path / "parts"))
    broken = trainer(parts)
    broken._step = _killed_at(broken, 13)
    with pytest.raises(KeyboardInterrupt):
        broken.fit()
    again = trainer(parts)
    assert again.step == 8
    assert again.fit()
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))


def test_the_command_trains_evaluates_and_is_told_what_is_wrong(shards, tmp_path, capsys):
    settings = tmp_path / "c.yaml"
    settings.write_text(
        "task: language_model\nmodel: {width: 8, embedding: 4}\nsteps: 2\nbatch_size: 4\nthreads: 1\n"
    )
    line = ["train", "--config", str(settings), "--data", str(shards), "--out", str(tmp_path / "run")]
    assert main(line) == 0
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "run"), str(shards), "--split", "train", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"nats a step", "signature"}
    assert figures["nats a step"]["all steps"]["model"] > 0
    assert (
        main([*line[:-1], str(tmp_path / "b"), "--model.vocabulary_size", "512", "--model.first_onset", "1"])
        == 2
    )
    assert "must be 90 and 2 for melody, got 512 and 1" in capsys.readouterr().err
    assert main([*line[:-1], str(tmp_path / "c"), "--input_dropout", "2"]) == 2
    assert "input_dropout must lie in [0, 1], got 2" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["melody_lm_lstm", "melody_lm_wavenet"])
def test_the_configs_are_those_of_the_comparison(name):
    """Same steps and batches, and as many parameters within 3%."""
    from pathlib import Path

    import yaml

    from experiments.symbolic_systems import PLACES
    from seqgen.config import from_dict, to_dict

    given = yaml.safe_load((Path(__file__).parents[2] / "configs" / f"{name}.yaml").read_text())
    assert given.pop("task") == "language_model"
    place = next(place for place in PLACES if place.language)
    files = {"data": "x", "out": "y"}
    mine, theirs = (
        from_dict(LanguageConfig, settings | files, "c")
        for settings in (given, place.config(name.rsplit("_")[-1]))
    )
    assert to_dict(mine) == to_dict(theirs)
