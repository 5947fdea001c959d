"""Training on played drums: it learns, goes on as if never stopped, and leaves out hits as it says."""

from __future__ import annotations

import numpy as np
import pytest

import seqgen
from seqgen.data.shards import SplitWindows, write_shards
from seqgen.io import read_notes
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAEConfig
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.training.config import ObjectiveConfig
from seqgen.training.groove import thin
from tests.tasks.small_groove import DRUMS, SHAPES
from tests.training.runs import config, make_shards, trainer


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    converter = make_converter(RepresentationConfig("groove"))
    rows = np.concatenate([converter.encode(read_notes(path)) for path in sorted(DRUMS.glob("*.mid"))])
    folder = tmp_path_factory.mktemp("shards") / "groove"
    folder.mkdir()
    parts = {"train": rows, "valid": rows[:8]}
    windows = {s: SplitWindows(x, np.zeros((len(x), 2), np.int32)) for s, x in parts.items()}
    write_shards(folder, RepresentationConfig("groove"), windows, [])
    return folder


def settings(data, out, kind="hits", **more):
    model = MusicVAEConfig(
        latent=6,
        embedding=8,
        vocabulary_size=512,
        first_onset=1,
        encoder=EncoderConfig(width=8),
        decoder=DecoderConfig(width=16, plan_size=6),
        **SHAPES[kind],
    )
    objective = ObjectiveConfig(beta=0.1, input_dropout=0.2, blind=0.3)
    base = {"transpose": 0, "thinning": 0.5, "tempo_noise": 0.2, "clip_norm": 50.0, "diagnose_every": 100}
    return config(data, out, **{"model": model, "objective": objective, **base, **more})


@pytest.mark.parametrize("kind", SHAPES)
def test_every_kind_of_model_learns_and_plays(shards, tmp_path, kind):
    run = trainer(settings(shards, tmp_path / "run", kind, steps=30, learning_rate=0.01))
    losses = [run._step().loss.item() for _ in range(30)]
    assert np.mean(losses[-6:]) < np.mean(losses[:6])
    report = run.job.diagnose(run.bare.eval())
    assert report is not None
    assert 0 < report.scalars["velocity_error"] < 127
    assert 0 < report.scalars["offset_error"] < 0.6
    run.save()
    model = seqgen.load(tmp_path / "run")
    assert model.humanizes == (kind in ("hits", "magenta"))


def test_a_run_goes_on_as_if_it_had_never_stopped(shards, tmp_path):
    whole = trainer(settings(shards, tmp_path / "a"))
    whole.fit()
    trainer(settings(shards, tmp_path / "b")).fit(max_steps=8)
    rest = trainer(settings(shards, tmp_path / "b"))
    assert rest.step == 8
    rest.fit()
    name = "model.safetensors"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_thinning_leaves_out_drums_and_hits():
    rows = np.ones((400, 32, 19), np.int16)
    rng = np.random.default_rng(0)
    thinned = thin(rows, 0.5, rng)
    assert rows.all(), "the windows themselves are kept"
    kept = thinned[..., :9].mean()
    assert 0.5 < kept < 0.7  # the mean of (1 - r)^2 over r in 0 .. 0.5 is 0.58
    np.testing.assert_array_equal(thinned[..., :9], thinned[..., 9:18])
    assert (thinned[..., 18] == 1).all()
    assert (thinned[..., :9].sum(1) == 0).any(), "whole drums"
    np.testing.assert_array_equal(thin(rows, 0.0, rng), rows)


def test_shards_and_model_must_fit(shards, tmp_path):
    with pytest.raises(ValueError, match=r"model\.head: groove_mixture does not read melody"):
        trainer(settings(make_shards(tmp_path / "m"), tmp_path / "x"))
    with pytest.raises(ValueError, match=r"model\.head: categorical does not read groove"):
        trainer(config(shards, tmp_path / "y", transpose=0))
    for name, value in (("thinning", 1.0), ("tempo_noise", -0.1)):
        with pytest.raises(ValueError, match=name):
            settings(shards, tmp_path / "z", **{name: value})


def test_a_config_that_makes_no_sense_is_refused():
    for more, message in (
        ({"head": "bernoulli", "reads": "tap"}, "reads: tap is for grooves"),
        ({"head": "groove_mixture", "reads": "tap", "controls": 9}, "must be one of 0, 4"),
        ({"head": "groove_mixture", "vocabulary_size": 256}, "must be 512"),
    ):
        with pytest.raises(ValueError, match=message):
            MusicVAEConfig(**{"vocabulary_size": 512, "first_onset": 1, **more})
