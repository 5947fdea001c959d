"""Training against a critic: without weight it changes nothing, it resumes, and it stays out of the model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from seqgen.models.checkpoint import load_model
from seqgen.training.config import AcaiConfig
from tests.training.runs import config, make_shards, trainer

ACAI = AcaiConfig(weight=5.0, ramp=0.5, width=6, layers=2)


@pytest.fixture
def shards(tmp_path):
    return make_shards(tmp_path / "shards")


def short(shards, out, **more):
    return config(shards, out, **{"steps": 12, "checkpoint_every": 4, "acai": ACAI, **more})


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def written(folder):
    return load_file(folder / "last.safetensors")


@pytest.mark.parametrize("at_once", [None, 3])
def test_without_weight_a_run_is_the_plain_one(shards, tmp_path, at_once):
    off, idle = tmp_path / "off", tmp_path / "idle"
    trainer(short(shards, off, acai=None, at_once=at_once)).fit()
    trainer(short(shards, idle, acai=replace(ACAI, weight=0.0), at_once=at_once)).fit()
    contested = written(idle)
    critic = {name for name in contested if name.startswith("critic.")}
    assert len(critic) == 4 * 6  # weights, step and two moments of 6 tensors
    assert same({name: contested[name] for name in contested.keys() - critic}, written(off))
    assert (off / "model.safetensors").read_bytes() == (idle / "model.safetensors").read_bytes()


def test_a_critic_with_weight_moves_the_model_and_stays_out_of_it(shards, tmp_path):
    off, on = tmp_path / "off", tmp_path / "on"
    trainer(short(shards, off, acai=None)).fit()
    run = trainer(short(shards, on))
    before = {name: p.detach().clone() for name, p in run.run.critic.module.named_parameters()}
    run.fit()
    assert not any(torch.equal(p, before[name]) for name, p in run.run.critic.module.named_parameters())
    plain, contested = (load_file(folder / "model.safetensors") for folder in (off, on))
    assert plain.keys() == contested.keys()
    assert not same(plain, contested)
    _, sections = load_model(on)
    assert sections["training"]["acai"]["weight"] == 5.0
    assert run.job.values(run._step(), 12).keys() >= {"critic", "fooling"}


def test_a_run_without_a_critic_says_nothing_of_it(shards, tmp_path):
    trainer(short(shards, tmp_path / "run", acai=None)).fit()
    assert "acai" not in (tmp_path / "run/config.yaml").read_text(encoding="utf-8")
    with safe_open(tmp_path / "run/last.safetensors", framework="pt") as file:
        assert "acai" not in json.loads(file.metadata()["signature"])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_run_in_two_parts_is_the_whole_one(shards, tmp_path, precision):
    whole = short(shards, tmp_path / "whole", precision=precision, at_once=4)
    assert trainer(whole).fit()
    parts = replace(whole, out=str(tmp_path / "parts"))
    assert not trainer(parts).fit(max_steps=7)
    assert trainer(parts).step == 7
    assert trainer(parts).fit()
    assert same(written(tmp_path / "parts"), written(tmp_path / "whole"))


@pytest.mark.parametrize(("before", "after"), [(ACAI, None), (None, ACAI)])
def test_a_critic_neither_leaves_nor_joins_a_run(shards, tmp_path, before, after):
    trainer(short(shards, tmp_path / "run", acai=before)).fit(max_steps=4)
    with pytest.raises(ValueError, match=r"the run began with (acai = None|a critic), now it is"):
        trainer(short(shards, tmp_path / "run", acai=after))


def test_another_weight_does_not_go_on(shards, tmp_path):
    trainer(short(shards, tmp_path / "run")).fit(max_steps=4)
    with pytest.raises(ValueError, match="the run began with acai"):
        trainer(short(shards, tmp_path / "run", acai=replace(ACAI, weight=1.0)))


def test_a_free_run_in_training_has_the_weights_of_the_step(shards, tmp_path):
    """Packed weights for the native kernels are made again after every step of fused Adam."""
    run = trainer(short(shards, tmp_path / "run", acai=None, average=0.0, learning_rate=0.3))
    z = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
    before = run.bare.decode(z)
    run._step()
    after = run.bare.decode(z)
    assert torch.equal(after, deepcopy(run.bare).decode(z))
    assert not torch.equal(after, before)


def test_the_weight_rises_over_its_ramp():
    assert [AcaiConfig(weight=2.0, ramp=0.5).weight_at(p) for p in (0.0, 0.25, 0.5, 1.0)] == [0, 1, 2, 2]
    assert AcaiConfig(weight=2.0).weight_at(0.0) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": -1.0}, "weight must be finite and at least 0, got -1"),
        ({"gamma": 1.5}, r"gamma must lie in \[0, 1\], got 1.5"),
        ({"ramp": float("nan")}, r"ramp must lie in \[0, 1\]"),
        ({"rate": 0.0}, "rate must be positive"),
        ({"layers": 0}, "layers must be 1 to 8, got 0"),
        ({"width": 10**6}, "width must be 1 to 4096"),
    ],
)
def test_a_bad_setting_names_itself(change, message):
    with pytest.raises(ValueError, match=message):
        AcaiConfig(**change)


@pytest.mark.parametrize("sizes", [{"batch_size": 1}, {"at_once": 1}, {"batch_size": 7, "at_once": 3}])
def test_a_window_alone_has_nothing_to_be_mixed_with(shards, tmp_path, sizes):
    with pytest.raises(ValueError, match="2 or more in every part of a batch"):
        short(shards, tmp_path / "run", **sizes)


def test_two_processes_have_one_critic(shards, tmp_path):
    code = (
        "import torch\nfrom pathlib import Path\nfrom lightning_fabric import Fabric\n"
        "from tests.training.test_acai import short\nfrom seqgen.training.loop import Trainer\n"
        f"c = short(Path({str(shards)!r}), Path({str(tmp_path / 'ddp')!r}), steps=4, at_once=4)\n"
        "f = Fabric(accelerator='cpu', devices=2, strategy='ddp', precision='bf16-mixed')\n"
        "f.launch()\nt = Trainer(c, f)\nt.fit()\n"
        "state = {**t.bare.state_dict(), **t.run.critic.module.state_dict()}\n"
        f"torch.save(state, {str(tmp_path)!r} + f'/rank{{f.global_rank}}.pt')\n"
    )
    env = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29657", "WORLD_SIZE": "2"}
    ranks = [
        subprocess.Popen([sys.executable, "-c", code], env={**env, "RANK": r, "LOCAL_RANK": r}, stderr=-3)
        for r in "01"
    ]
    assert [rank.wait(180) for rank in ranks] == [0, 0]
    states = [torch.load(tmp_path / f"rank{r}.pt", weights_only=True) for r in (0, 1)]
    assert same(*states)
