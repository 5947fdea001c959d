"""A small untrained model from end to end, and the parts that put its figures together."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Generator

from seqgen.cli.evaluate import evaluate as verb
from seqgen.evaluation import latent, paths
from seqgen.evaluation.evaluate import evaluate
from seqgen.evaluation.ngram import fit_ngram
from seqgen.evaluation.report import as_json, as_text
from seqgen.models.checkpoint import load_model
from seqgen.models.music_vae.diagnosis import diagnose
from tests.evaluation.conftest import KINDS, windows_of

PLAYERS = {"melody": ["always hold"], "drums": ["always silent", "common bar"]}
METRICS = {
    "melody": ["step accuracy", "onset accuracy", "note F1", "note F1, with ends", "exact windows"],
    "drums": ["step accuracy", "onset accuracy", "hit F1", "hit precision", "hit recall", "exact windows"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_end_to_end(kind, models, shards):
    result = evaluate(models / kind, shards / kind, pairs=20)
    assert list(result.reconstruction) == METRICS[kind]
    for row in result.reconstruction.values():
        assert list(row) == ["free run", "teacher forced", "sampled z", *PLAYERS[kind]]
        assert all(0 <= share <= 1 for share in row.values())
    test = np.load(shards / kind / "test.tokens.npy")
    assert result.reconstruction["step accuracy"][PLAYERS[kind][0]] == (test == 0).mean()
    assert result.reconstruction["onset accuracy"][PLAYERS[kind][0]] == 0
    assert result.paths["mixed ends"].nll > result.paths["ends"].nll > 0
    assert all(0 <= value.onsets <= 1 for value in result.paths.values())
    data = json.loads(as_json(result))
    assert data["latent"]["active units"] <= data["latent"]["latent size"] == 6
    assert data["paths"]["ends"]["nll"] == result.paths["ends"].nll
    text = as_text(result)
    assert text.splitlines()[-1] == result.signature == data["signature"]
    assert all(metric in text for metric in METRICS[kind])


def test_the_signature_says_what_was_measured(models, shards):
    result = evaluate(models / "melody", shards / "melody", pairs=10, seed=3, limit=12)
    fields = dict(part.split(":", 1) for part in result.signature.split("|"))
    assert fields["model"].startswith("melody@")
    assert fields["data"].startswith("melody/test@")
    assert fields["windows"] == "12 of 30, 0 in train dropped"
    assert fields["representation"] == "melody, 2 bars"
    assert "temperature 0" in fields["decoding"]
    assert fields["lm"].startswith("Witten-Bell 6-gram of melody/train@")
    assert (fields["seed"], fields["paths"]) == ("3", "10 pairs")


def test_the_same_again(models, shards):
    first, second = (evaluate(models / "drums", shards / "drums", pairs=10) for _ in range(2))
    assert first == second
    other = evaluate(models / "drums", shards / "drums", pairs=10, seed=2)
    assert other.signature != first.signature
    assert other.latent["cross-entropy"] != first.latent["cross-entropy"]
    shares = [result.reconstruction["step accuracy"]["free run"] for result in (first, other)]
    assert shares[0] == shares[1]  # nothing is drawn for it


def test_midi_files_and_unknown_train(models, shards, capsys):
    verb(str(models / "drums"), [KINDS["drums"]], pairs=5)
    text = capsys.readouterr().out
    assert "no train windows are known" in text
    assert "train overlap unknown" in text.splitlines()[-1]
    verb(str(models / "drums"), [KINDS["drums"]], pairs=5, train=shards / "drums", json=True)
    data = json.loads(capsys.readouterr().out)
    assert data["paths"]
    seen = len(np.load(shards / "drums" / "train.tokens.npy"))  # they were made of these files
    assert f"{seen} in train dropped" in data["signature"]


def test_a_bad_model_says_so(models, shards, tmp_path):
    with pytest.raises(ValueError, match="model: there is no model 'nonesuch'"):
        evaluate("nonesuch", shards / "melody")
    with pytest.raises(ValueError, match="these shards hold drums"):
        evaluate(models / "melody", shards / "drums")
    with pytest.raises(ValueError, match="pairs: expected at least 1"):
        evaluate(models / "melody", shards / "melody", pairs=0)


def test_readings_agree_with_the_diagnosis_of_training(models):
    """Two ways to the same figures: in batches of 7 here, in one there."""
    model, _ = load_model(models / "melody")
    token = torch.from_numpy(windows_of("melody")[:40].astype(np.int64))
    found = latent.read(model, token, Generator().manual_seed(1), batch=7)
    expected = diagnose(model, token, Generator().manual_seed(1))
    assert found.cross_entropy == pytest.approx(expected.cross_entropy, rel=1e-5)
    assert found.cross_entropy_random == pytest.approx(expected.cross_entropy_random, rel=1e-5)
    assert found.kl == pytest.approx(expected.kl, rel=1e-5)
    assert found.active_units == expected.active_units
    onset = token >= 2
    assert (found.teacher_forced == token)[onset].float().mean().item() == pytest.approx(
        expected.teacher_forced_onset
    )
    assert (found.free_run == token)[onset].float().mean().item() == pytest.approx(expected.free_run_onset)
    with pytest.raises(ValueError, match="at least 2 windows"):
        latent.read(model, token[:1], Generator())


def test_pairs_are_of_different_windows():
    a, b = paths.random_pairs(3, 500, Generator().manual_seed(1))
    assert (a != b).all()
    assert len(set(zip(a.tolist(), b.tolist(), strict=True))) == 6  # all there are


def test_halfway_is_between_the_ends():
    a, b = torch.randn(20, 6), torch.randn(20, 6)
    middle = paths.halfway(a, b)
    cosine = torch.nn.functional.cosine_similarity
    torch.testing.assert_close(cosine(middle, a), cosine(middle, b))
    torch.testing.assert_close(middle.norm(dim=1), (a.norm(dim=1) + b.norm(dim=1)) / 2)


def test_a_ratio_is_to_ends_at_the_same_temperature():
    values = {"reconstructed ends": 1.0, "reconstructed ends, T=0.5": 2.0, "x": 3.0, "x, T=0.5": 3.0}
    likelihoods = {name: paths.Likelihood(nll, 0.0) for name, nll in values.items()}
    assert paths.ratio(likelihoods, "x") == 3.0
    assert paths.ratio(likelihoods, "x, T=0.5") == 1.5


def test_a_perfect_copyist_keeps_its_ends(models):
    """Reconstructed ends are the model's, ends the data's: they agree for a model that copies."""
    model, _ = load_model(models / "melody")
    token = windows_of("melody")[:20].astype(np.int64)
    readings = latent.read(model, torch.from_numpy(token), Generator().manual_seed(1))
    copy = latent.Readings(**{**vars(readings), "free_run": torch.from_numpy(token)})
    found = paths.measure_paths(model, token, copy, fit_ngram(token, 90), 10, Generator().manual_seed(1))
    assert found["reconstructed ends"] == found["ends"]
    assert paths.ratio(found, "ends") == 1.0


def test_shards_need_no_midi_library(models, shards):
    """Evaluation runs on a GPU machine that has little more than torch."""
    code = (
        "import sys; from pathlib import Path; from seqgen.evaluation.evaluate import evaluate;"
        f"evaluate({str(models / 'drums')!r}, Path({str(shards / 'drums')!r}), pairs=3);"
        "print([m for m in ('note_seq', 'pretty_midi', 'symusic') if m in sys.modules])"
    )
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as in every test
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=one_thread, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
