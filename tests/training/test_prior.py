"""Fitting a prior: it learns that bars come back, one command does it, and samples say what they are from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from seqgen.cli.main import main
from seqgen.config import to_dict
from seqgen.data.shards import FileRow, Shards, SplitWindows, write_shards
from seqgen.models.checkpoint import save_model
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.prior import PriorConfig
from seqgen.representation.converter import RepresentationConfig
from seqgen.tasks.music import load
from seqgen.training.prior import FitSettings, fit_prior

BARS = 4
CONFIG = MusicVAEConfig(
    bars=BARS,
    latent=BARS * 4,
    code="bars",
    embedding=6,
    initial_std=0.05,
    encoder=EncoderConfig("hierarchical", width=8, bar_width=8),
    decoder=DecoderConfig("hierarchical", width=12, conductor_width=4, plan_size=6),
)
COPYING = PriorConfig("copying", width=24, lags=3, fresh=2, noise=1.0)


def tunes(count: int, seed: int) -> np.ndarray:
    """A B A B or A B B A: two bars of random notes, then the same again in this order or the other."""
    rng = np.random.default_rng(seed)
    half = np.where(rng.random((count, 32)) < 0.5, rng.integers(40, 60, (count, 32)), 0)
    half[:, ::16] = rng.integers(40, 60, (count, 2))
    turned = np.roll(half, 16, axis=1)
    again = np.where(rng.random((count, 1)) < 0.5, half, turned)
    return np.concatenate([half, again], 1).astype(np.int16)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "shards"
    folder.mkdir()
    sizes = {"train": 512, "valid": 40, "test": 40}
    windows = {
        split: SplitWindows(tunes(size, seed), np.zeros((size, 2), np.int32))
        for seed, (split, size) in enumerate(sizes.items())
    }
    row = [FileRow("made", "tunes", "train", 512)]
    write_shards(folder, RepresentationConfig("melody", bars=BARS), windows, row)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(2)
    vae = MusicVAE(CONFIG)
    weights = {name: 3 * value for name, value in vae.state_dict().items()}
    sections = {"representation": to_dict(RepresentationConfig("melody", BARS)), "training": {"steps": 0}}
    save_model(tmp_path / "model", vae, weights, sections)
    return tmp_path / "model"


def test_it_learns_that_bars_come_back(model: Path, shards: Path) -> None:
    """One Gaussian cannot say that it is this bar or that one. The same seed fits the same."""
    vae, data, settings = load(model).vae, Shards(shards), FitSettings(epochs=10, learning_rate=0.02)
    fitted = fit_prior(vae, data, COPYING, settings, lambda text: None)
    assert fitted.nats < fitted.gaussian < fitted.standard
    z = fitted.prior.sample(200, torch.Generator().manual_seed(1), 1.0).unflatten(1, (BARS, -1))
    again = ((z[:, 3:] - z[:, :2]) ** 2).mean(2).min(1).values.mean()
    assert again < 0.25 * ((z[:, 1] - z[:, 0]) ** 2).mean(), "the fourth bar is the first or the second"
    short = FitSettings(epochs=1)
    one, two = (fit_prior(vae, data, COPYING, short, lambda text: None) for _ in range(2))
    assert one.nats == two.nats


def test_one_command_fits_it_and_samples_come_from_it(model: Path, shards: Path, tmp_path: Path, capsys):
    before = load(model)
    assert before.prior is None
    plain = before.sample(2, temperature=1.0)
    with pytest.raises(ValueError, match="fit-prior"):
        before.sample(1, prior="learned")
    flags = ["--epochs", "1", "--windows", "64", "--width", "8"]
    assert main(["fit-prior", str(model), str(shards), *flags]) == 0
    assert "nats a window (40 held-out ones)" in capsys.readouterr().out
    after = load(model)
    standard, learned = (after.sample(2, temperature=1.0, prior=p) for p in ("standard", None))
    assert [list(a.notes) == list(b.notes) for a, b in zip(plain, standard, strict=True)] == [True, True]
    assert "prior" not in plain[0].text_annotations[0].text
    assert "sample, 1 of 2, prior standard, seed 1" in standard[0].text_annotations[0].text
    assert "prior learned at temperature 0.4, seed 1" in learned[0].text_annotations[0].text
    assert list(learned[0].notes) != list(standard[0].notes)
    out = tmp_path / "out"
    command = ["sample", str(model), str(out), "--num", "1", "--wav", "false", "--png", "false"]
    assert main([*command, "--prior", "learned"]) == 0
    assert main([*command, "--prior", "learned", "--bars", "8"]) == 2
    assert "leave out bars" in capsys.readouterr().err


def test_what_does_not_fit_is_refused(model: Path, shards: Path, capsys) -> None:
    assert main(["fit-prior", "mel-2bar", str(shards)]) == 2
    assert "the model reads windows of 32 tokens" in capsys.readouterr().err
    assert main(["fit-prior", str(model), str(shards), "--noise", "2"]) == 2
    assert "noise must lie above 0 and up to 1" in capsys.readouterr().err
    assert main(["fit-prior", str(model), str(shards), "--epochs", "0"]) == 2
    assert "epochs must be at least 1" in capsys.readouterr().err
