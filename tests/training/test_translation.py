"""Training translators: they learn, resume to the same weights, and hand over what they have learnt."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from seqgen.cli.main import main
from seqgen.models.checkpoint import load_model
from seqgen.models.translator import TranslatorConfig
from seqgen.training.loop import Trainer
from seqgen.training.translation import TranslationConfig, TranslationObjective

NAMES = ["anna", "ben", "carla", "dora", "emil", "frida"]
VERBS = {"sees": "sieht", "knows": "kennt", "hears": "hört"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Every sentence of a language of nine words."""
    folder = tmp_path_factory.mktemp("parallel")
    pairs = [(f"{a} {v} {b}", f"{a} {w} {b}") for a in NAMES for b in NAMES for v, w in VERBS.items()]
    for name, part in (("train", pairs), ("valid", pairs[::9])):
        for side in (0, 1):
            text = "\n".join(pair[side] for pair in part) + "\n"
            (folder / f"{name}.{('en', 'de')[side]}").write_text(text, encoding="utf-8")
    return folder


def config(texts, out, attention="milk", **more):
    model = TranslatorConfig(attention=attention, vocabulary_size=280, width=32, energy_width=8, dropout=0.1)
    settings = {
        "steps": 12,
        "tokens": 300,
        "threads": 1,
        "checkpoint_every": 4,
        "diagnose_every": 12,
        "learning_rate": 1e-2,
        "average": 0.9,
        "join": 0.3,
        **more,
    }
    files = {
        "source": str(texts / "train.en"),
        "target": str(texts / "train.de"),
        "valid_source": str(texts / "valid.en"),
        "valid_target": str(texts / "valid.de"),
    }
    return TranslationConfig(out=str(out), model=model, **files, **settings)


def trainer(settings):
    return Trainer(settings, Fabric(accelerator="cpu", devices=1, precision=settings.precision))


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_translator_learns_and_tells_how_it_waits(texts, tmp_path, capsys):
    price = TranslationObjective(latency=2.0)
    settings = config(texts, tmp_path / "run", steps=120, diagnose_every=60, objective=price, join=0.0)
    run = trainer(settings)
    before = run.job.diagnose(run.bare.eval()).scalars
    run.bare.train()
    assert run.fit()
    model, sections = load_model(tmp_path / "run", "translator")
    after = run.job.diagnose(model).scalars
    assert after["cross_entropy"] < 0.4 * before["cross_entropy"]
    assert after["hard_lagging"] < 2.5  # of three words
    assert sections["training"]["step"] == 120
    assert "in streaming" in capsys.readouterr().err
    assert (tmp_path / "run" / "subwords.model").is_file()


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_stopped_run_resumes_to_the_weights_of_an_unbroken_one(texts, tmp_path, precision):
    objective = TranslationObjective(latency=0.2, straight_through=0.5)
    whole = config(texts, tmp_path / "whole", precision=precision, ways=3, objective=objective)
    trainer(whole).fit()
    parts = replace(whole, out=str(tmp_path / "parts"))
    trainer(parts).fit(max_steps=6)
    assert trainer(parts).step == 6
    trainer(parts).fit()
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


@pytest.mark.parametrize(("precision", "cast"), [("32-true", False), ("bf16-mixed", True)])
def test_mixed_precision_is_what_the_model_runs_in(texts, tmp_path, precision, cast):
    run = trainer(config(texts, tmp_path / "run", precision=precision))
    seen = []
    go_on = run.bare.encode
    run.bare.encode = lambda *a: (seen.append(torch.is_autocast_enabled("cpu")), go_on(*a))[1]
    run._step()
    assert seen == [cast]


def test_a_monotonic_model_starts_from_an_offline_one(texts, tmp_path):
    offline = config(texts, tmp_path / "offline", "soft")
    trainer(offline).fit()
    later = replace(offline, out=str(tmp_path / "milk"), warm_start=offline.out)
    later = replace(later, model=replace(later.model, attention="milk"))
    begun, there = trainer(later), weights(tmp_path / "offline")
    here = begun.bare.state_dict()
    shared = [name for name in there if name in here]
    assert len(shared) == len(there)  # its attention too: the weights that say what to read
    assert all(torch.equal(here[name], there[name]) for name in shared)
    assert begun.job.subwords.model == (tmp_path / "offline" / "subwords.model").read_bytes()


def test_the_energy_learns_faster(texts, tmp_path):
    run = trainer(config(texts, tmp_path / "run"))
    run._step()
    rates = [group["lr"] / run.optimizer.param_groups[0]["lr"] for group in run.optimizer.param_groups]
    assert rates == pytest.approx([1.0, 2.0, 10.0])
    assert sum(len(group["params"]) for group in run.optimizer.param_groups) == len(
        list(run.bare.parameters())
    )


def test_the_command_line_trains_a_translator(texts, tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(
        "task: translation\nmodel: {attention: wait_k, vocabulary_size: 280, width: 16, energy_width: 8}\n"
        "objective: {lags: [1, 3]}\nsteps: 3\ntokens: 300\nthreads: 1\ndiagnose_every: 100\n",
        encoding="utf-8",
    )
    files = [
        word
        for name in ("source", "target", "valid_source", "valid_target")
        for word in (
            f"--{name.replace('_', '-')}",
            str(texts / f"{'valid' if 'valid' in name else 'train'}.{'en' if 'source' in name else 'de'}"),
        )
    ]
    line = ["train", "--config", str(tmp_path / "c.yaml"), *files, "--out", str(tmp_path / "run")]
    assert main([*line, "--accelerator", "cpu"]) == 0
    assert "after 3 of 3 steps" in capsys.readouterr().out
    model, sections = load_model(tmp_path / "run", "translator")
    assert model.config.attention == "wait_k"
    assert sections["training"]["objective"]["lags"] == [1, 3]
    assert main([*line, "--accelerator", "cpu", "--objective.latency", "-1"]) == 2
    assert "latency must be finite and at least 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subwords": "nowhere"}, "there is no file nowhere"),
        ({"join": 2.0}, r"join must lie in \[0, 1\], got 2.0"),
        ({"tokens": 0}, "tokens must be at least 1"),
    ],
)
def test_a_bad_setting_names_itself(texts, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        trainer(config(texts, tmp_path / "run", **change))


def test_a_vocabulary_of_another_size_says_so(texts, tmp_path):
    settings = config(texts, tmp_path / "one")
    trainer(settings).fit(max_steps=1)
    other = replace(settings, out=str(tmp_path / "two"), subwords=str(tmp_path / "one" / "subwords.model"))
    other = replace(other, model=replace(other.model, vocabulary_size=281))
    with pytest.raises(ValueError, match=r"model.vocabulary_size is 281, the subwords have 280"):
        trainer(other)
