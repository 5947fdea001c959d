"""Training a WaveNet of sound: it learns, goes on as if it had never stopped, and says what does not fit."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from seqgen.cli.main import main
from seqgen.representation.mulaw import MuLawConfig
from seqgen.tasks.audio import load_audio
from seqgen.training.audio import AudioConfig
from seqgen.training.loop import Trainer
from tests.tasks.small_audio import DIGITS, SMALL, VOCODER

SOUND = MuLawConfig(speakers=("jackson",))


def config(out, **more):
    settings = {
        "model": replace(SMALL, speakers=1),
        "sound": SOUND,
        "steps": 12,
        "batch_size": 3,
        "crop": 300,
        "average": 0.0,
        "learning_rate": 0.6,  # a hundred steps of warm-up leave a tenth of it
        "checkpoint_every": 6,
        "diagnose_every": 12,
        "diagnose_takes": 1,
        "threads": 1,
    }
    return AudioConfig(data=str(DIGITS), out=str(out), **{**settings, **more})


def trainer(settings):
    return Trainer(settings, Fabric(accelerator="cpu", devices=1, precision=settings.precision))


def test_a_run_learns_and_resumes_to_the_same_weights(tmp_path):
    whole = trainer(config(tmp_path / "whole"))
    rng = torch.Generator().manual_seed(0)
    batch = whole.job.batch(0)
    before = whole.bare.losses(batch, 0.0, rng).nll.item()
    assert whole.fit()
    assert whole.bare.losses(batch, 0.0, rng).nll.item() < before - 0.03
    assert not trainer(config(tmp_path / "parts")).fit(max_steps=7)
    assert trainer(config(tmp_path / "parts")).fit()
    one, two = (load_file(tmp_path / out / "model.safetensors") for out in ("whole", "parts"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert load_audio(tmp_path / "whole").sound == SOUND


def test_a_vocoder_learns_too(tmp_path):
    run = trainer(config(tmp_path / "run", model=VOCODER, steps=3))
    assert run.fit()
    assert load_audio(tmp_path / "run").wavenet.config == VOCODER


def test_the_command(tmp_path, capsys):
    line = ["train", "--task", "audio", "--data", str(DIGITS), "--out", str(tmp_path / "run"), "--steps", "2"]
    line += ["--batch-size", "2", "--crop", "200", "--diagnose-takes", "1", "--model.width", "8"]
    line += ["--model.dilations", "[1, 2]", "--sound.speakers", "[jackson]", "--model.speakers", "1"]
    assert main(line) == 0
    assert "after 2 of 2 steps" in capsys.readouterr().out
    assert load_audio(tmp_path / "run").wavenet.config.dilations == (1, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": replace(SMALL, speakers=2)}, "model.speakers is 2, but sound.speakers names 1"),
        ({"model": replace(SMALL, vocabulary_size=9, speakers=1)}, "model.vocabulary_size is 9"),
        ({"crop": 0}, "crop must be at least 1"),
        ({"absent": 1.5}, "absent must lie in"),
    ],
)
def test_settings_that_do_not_fit_are_said(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        config(tmp_path, **settings)
