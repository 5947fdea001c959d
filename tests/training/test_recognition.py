"""Training a recogniser: it learns, goes on as if it had never stopped, and says what does not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from seqgen.cli.main import main
from seqgen.data.digits import JoinConfig, Takes, join, write_takes
from seqgen.models.recognizer import RecognizerConfig
from seqgen.representation.log_mel import LogMelConfig
from seqgen.representation.speech import SpeechConfig
from seqgen.tasks.recognition import load_recognizer
from seqgen.training.loop import Trainer
from seqgen.training.recognition import RecognitionConfig, RecognitionObjective

SPEECH = SpeechConfig(symbols=("0", "1"), sound=LogMelConfig(mels=8))
MODEL = RecognizerConfig(
    attention="soft", features=32, vocabulary_size=3, width=24, energy_width=8, dropout=0.0
)
JOIN = JoinConfig(fewest=1, most=2, noise_db=(-60.0, -60.0), gain_db=(0.0, 0.0))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two "digits" that are a low tone and a high one."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(1600) / 8000
    tones = [(20_000 * np.sin(2 * np.pi * pitch * time)).astype(np.int16) for pitch in (300, 2000)]
    begin = np.array([0, 1600])
    takes = Takes(np.concatenate(tones), begin, begin + 1600, np.array([0, 1]), np.array(["a", "a"]))
    write_takes(folder / "train", takes)
    (folder / "valid").mkdir()
    lines = ["file\tdigits\tends"]
    for number in range(4):
        said = join(takes, JOIN, np.random.default_rng(number))
        soundfile.write(folder / "valid" / f"{number}.wav", said.samples, 8000)
        digits, ends = (" ".join(map(str, part.tolist())) for part in (said.digits, said.ends))
        lines.append(f"{number}.wav\t{digits}\t{ends}")
    (folder / "valid" / "utterances.tsv").write_text("\n".join(lines) + "\n")
    return folder


def config(data, out, **more):
    settings = {
        "model": MODEL,
        "speech": SPEECH,
        "join": JOIN,
        "steps": 12,
        "utterances": 24,
        "batch_size": 6,
        "learning_rate": 0.01,
        "checkpoint_every": 6,
        "diagnose_every": 12,
        "diagnose_utterances": 4,
        "threads": 1,
    }
    return RecognitionConfig(data=str(data), out=str(out), **{**settings, **more})


def trainer(settings):
    return Trainer(settings, Fabric(accelerator="cpu", devices=1, precision=settings.precision))


def loss_of(run):
    """Of all its utterances, without noise."""
    model = run.bare.eval()
    with torch.no_grad():
        return sum(
            model.losses(run.job.batch(step), run.job.config.objective.at(1.0)).nll for step in range(4)
        )


@pytest.mark.parametrize("kind", ["soft", "mocha"])
def test_a_run_learns_and_resumes_to_the_same_weights(data, tmp_path, kind):
    objective = RecognitionObjective(latency=0.01, straight_through=0.5)
    settings = {"model": replace(MODEL, attention=kind), "objective": objective}
    whole = trainer(config(data, tmp_path / "whole", **settings))
    before = loss_of(whole)
    whole.bare.train()
    assert whole.fit()
    assert loss_of(whole) < 0.95 * before
    assert not trainer(config(data, tmp_path / "parts", **settings)).fit(max_steps=7)
    assert trainer(config(data, tmp_path / "parts", **settings)).fit()
    one, two = (load_file(tmp_path / out / "model.safetensors") for out in ("whole", "parts"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    model = load_recognizer(tmp_path / "whole")
    assert (model.speech, model.recognizer.config.attention) == (SPEECH, kind)


def test_the_energy_learns_at_rates_of_its_own(data, tmp_path):
    run = trainer(config(data, tmp_path / "run", model=replace(MODEL, attention="hard")))
    groups = run.job.groups(run.bare)
    assert [group.factor for group in groups] == [1.0, 2.0, 10.0]
    counted = [parameter for group in groups for parameter in group.parameters]
    assert {id(p) for p in counted} == {id(p) for p in run.bare.parameters()}
    assert len(counted) == len(list(run.bare.parameters()))


def test_a_streaming_run_starts_from_an_offline_one(data, tmp_path):
    assert trainer(config(data, tmp_path / "offline", steps=2)).fit()
    settings = {"model": replace(MODEL, attention="mocha"), "warm_start": str(tmp_path / "offline")}
    run = trainer(config(data, tmp_path / "mocha", **settings))
    offline = load_file(tmp_path / "offline" / "model.safetensors")
    torch.testing.assert_close(run.bare.input.weight.detach(), offline["input.weight"])


def test_the_command(data, tmp_path, capsys):
    line = [
        "train",
        "--task",
        "recognition",
        "--data",
        str(data),
        "--out",
        str(tmp_path / "run"),
        "--steps",
        "2",
    ]
    line += ["--utterances", "4", "--batch-size", "2", "--diagnose-utterances", "2", "--model.width", "8"]
    assert main(line) == 0
    assert "after 2 of 2 steps" in capsys.readouterr().out
    assert load_recognizer(tmp_path / "run").recognizer.config.width == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": replace(MODEL, features=31)}, "model.features is 31"),
        ({"model": replace(MODEL, vocabulary_size=5)}, "model.vocabulary_size is 5, expected 3"),
        ({"utterances": 0}, "utterances must be at least 1"),
        ({"odd": 2.0}, "odd must lie in"),
    ],
)
def test_settings_that_do_not_fit_are_said(data, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        config(data, tmp_path, **settings)


@pytest.mark.parametrize("settings", [{"latency": -1.0}, {"smoothing": 1.0}, {"straight_through": 2.0}])
def test_prices_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        RecognitionObjective(**settings)


def test_without_data_the_sentence_says_where_it_comes_from(tmp_path):
    with pytest.raises(ValueError, match=r"data_tools/make_digits\.py"):
        trainer(config(tmp_path, tmp_path / "run"))
