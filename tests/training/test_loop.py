"""The loop: it learns, it resumes to the same weights, it stops when asked, it says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from seqgen.models.checkpoint import load_model
from seqgen.models.music_vae import Posterior
from seqgen.training.config import ObjectiveConfig
from tests.training.runs import config, make_shards, trainer


@pytest.fixture
def shards(tmp_path):
    return make_shards(tmp_path / "shards")


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_learns_and_leaves_a_model(shards, tmp_path):
    plain = ObjectiveConfig(beta=0.01, input_dropout=0.0)
    settings = config(shards, tmp_path / "run", steps=200, learning_rate=2e-2, transpose=0, objective=plain)
    run = trainer(replace(settings, checkpoint_every=200, diagnose_every=200))
    token = torch.from_numpy(run.job.batches[0])
    with torch.no_grad():
        before = -run.bare.log_prob(token, run.bare.encode(token).mean).mean()
    assert run.fit()
    model, sections = load_model(tmp_path / "run")
    after = -model.log_prob(token, model.encode(token).mean).mean()
    assert after < 0.4 * before  # nats a step
    assert sections["training"]["step"] == 200
    assert sections["representation"]["bars"] == 1
    assert any(name.startswith("events.out.tfevents") for name in os.listdir(tmp_path / "run"))


@pytest.mark.parametrize("at_once", [1, 3, 8])
def test_a_batch_in_parts_has_the_gradients_of_the_whole(shards, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(Posterior, "sample", lambda q, rng=None: q.mean)  # parts make other draws
    plain = ObjectiveConfig(beta=0.1, input_dropout=0.0)
    settings = config(shards, tmp_path / "run", objective=plain, average=0.0)
    whole, parts = trainer(settings), trainer(replace(settings, at_once=at_once))
    for name in ("loss", "nll", "kl"):
        a, b = (getattr(losses, name) for losses in (whole._step(), parts._step()))
        torch.testing.assert_close(a, b)
    for a, b in zip(whole.bare.parameters(), parts.bare.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_killed_run_resumes_to_the_weights_of_an_unbroken_one(shards, tmp_path, precision):
    whole = config(shards, tmp_path / "whole", precision=precision)
    assert trainer(whole).fit()
    parts = replace(whole, out=str(tmp_path / "parts"))
    broken = trainer(parts)
    broken._step = _killed_at(broken, 13)  # after the checkpoint at 8, before the one at 16
    with pytest.raises(KeyboardInterrupt):
        broken.fit()
    again = trainer(parts)
    assert again.step == 8
    assert again.fit()
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    assert same(
        load_file(tmp_path / "parts/last.safetensors"), load_file(tmp_path / "whole/last.safetensors")
    )


def _killed_at(run, step):
    go_on = run._step

    def stepping():
        if run.step == step:
            raise KeyboardInterrupt
        return go_on()

    return stepping


def test_a_process_that_is_killed_leaves_a_complete_checkpoint(shards, tmp_path):
    """A real kill -9, while it writes checkpoints as fast as it can."""
    out = tmp_path / "run"
    code = (
        "from tests.training.runs import *\nfrom pathlib import Path\n"
        f"trainer(config(Path({str(shards)!r}), Path({str(out)!r}), steps=100000, checkpoint_every=1)).fit()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out / "config.yaml").exists():  # written last of all
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    child.kill()
    child.wait()
    again = trainer(config(shards, out, steps=100000, checkpoint_every=1))
    assert again.step >= 1
    load_model(out)


def test_a_run_that_is_asked_to_end_saves_first(shards, tmp_path):
    settings = config(shards, tmp_path / "run", steps=1000, checkpoint_every=1000, diagnose_every=1000)
    run = trainer(settings)
    go_on = run._step

    def stepping():
        if run.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return go_on()

    run._step = stepping
    assert not run.fit()
    assert trainer(settings).step == 6


def test_max_minutes_ends_a_run_that_can_go_on(shards, tmp_path):
    settings = config(shards, tmp_path / "run", steps=100000)
    assert not trainer(settings).fit(max_minutes=1e-9)
    assert trainer(settings).step == 1


def test_max_steps_ends_a_run_early_on_the_schedule_of_the_whole(shards, tmp_path):
    whole = config(shards, tmp_path / "whole")
    trainer(whole).fit()
    parts = replace(whole, out=str(tmp_path / "parts"))
    assert not trainer(parts).fit(max_steps=10)
    assert not trainer(parts).fit(max_steps=10)  # there already
    assert trainer(parts).step == 10
    assert trainer(parts).fit()
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))


def test_the_average_is_what_is_saved(shards, tmp_path):
    run = trainer(config(shards, tmp_path / "run"))
    run.fit()
    saved = weights(tmp_path / "run")
    assert same(saved, run.run.average)
    assert not same(saved, {name: p.detach() for name, p in run.bare.named_parameters()})


def test_another_setting_does_not_go_on_from_a_checkpoint(shards, tmp_path):
    settings = config(shards, tmp_path / "run")
    trainer(settings).fit()
    with pytest.raises(ValueError, match=r"the run began with batch_size = 8, now it is 4"):
        trainer(replace(settings, batch_size=4))


def test_a_cut_checkpoint_says_what_to_do(shards, tmp_path):
    settings = config(shards, tmp_path / "run")
    trainer(settings).fit()
    last = tmp_path / "run/last.safetensors"
    last.write_bytes(last.read_bytes()[:-9])
    with pytest.raises(ValueError, match="delete it to start again"):
        trainer(settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 100}, "at least 100 windows"),
        ({"transpose": 13}, "transpose must lie in 0..12"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive"),
    ],
)
def test_a_bad_setting_names_itself(shards, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        trainer(config(shards, tmp_path / "run", **change))


def test_a_model_of_other_bars_than_the_shards_says_so(shards, tmp_path):
    settings = config(shards, tmp_path / "run")
    wrong = replace(settings, model=replace(settings.model, bars=2))
    with pytest.raises(ValueError, match=r"model\.bars: the model reads windows of 32 steps, .* holds 16"):
        trainer(wrong)


def test_an_encoder_is_held_for_its_share_of_the_run(shards, tmp_path):
    objective = ObjectiveConfig(hold_encoder=0.5)
    assert [objective.at(progress).hold_encoder for progress in (0.0, 0.49, 0.5, 1.0)] == [
        True,
        True,
        False,
        False,
    ]
    run = trainer(config(shards, tmp_path / "run", objective=objective, average=0.0))
    before = {name: p.detach().clone() for name, p in run.bare.named_parameters()}
    run.fit(max_steps=12)
    moved = {name for name, p in run.bare.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if name.startswith("decoder.")}
    run.fit(max_steps=13)
    assert not torch.equal(run.bare.encoder.mean.weight, before["encoder.mean.weight"])


def test_a_run_that_diverges_stops(shards, tmp_path):
    run = trainer(config(shards, tmp_path / "run"))
    with torch.no_grad():
        run.bare.decoder.head.logits.bias.fill_(float("nan"))
    with pytest.raises(ValueError, match="the loss is nan at step 0"):
        run.fit()


def test_two_processes_agree_and_resume(shards, tmp_path):
    """torchrun's environment, gloo, two ranks: equal weights on both, and the rest from a checkpoint."""
    for minutes in ("1e-9", "None"):
        code = (
            "import os, torch\nfrom pathlib import Path\nfrom lightning_fabric import Fabric\n"
            "from tests.training.runs import config\nfrom seqgen.training.loop import Trainer\n"
            f"c = config(Path({str(shards)!r}), Path({str(tmp_path / 'ddp')!r}), steps=24)\n"
            "f = Fabric(accelerator='cpu', devices=2, strategy='ddp', precision='bf16-mixed')\n"
            "f.launch()\nt = Trainer(c, f)\n"
            f"t.fit(max_minutes={minutes})\n"
            f"torch.save(t.bare.state_dict(), {str(tmp_path)!r} + f'/rank{{f.global_rank}}.pt')\n"
        )
        env = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29655", "WORLD_SIZE": "2"}
        ranks = [
            subprocess.Popen([sys.executable, "-c", code], env={**env, "RANK": r, "LOCAL_RANK": r}, stderr=-3)
            for r in "01"
        ]
        assert [rank.wait(180) for rank in ranks] == [0, 0]
        states = [torch.load(tmp_path / f"rank{r}.pt", weights_only=True) for r in (0, 1)]
        assert same(*states)
    _, sections = load_model(tmp_path / "ddp")
    assert sections["training"]["windows_seen"] == 24 * 8 * 2
