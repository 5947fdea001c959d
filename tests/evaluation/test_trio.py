"""Trios part by part: a copy is perfect, parts are exchanged one by one, figures of the parts add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from seqgen.config import to_dict
from seqgen.data.shards import SplitWindows, write_shards
from seqgen.evaluation import latent
from seqgen.evaluation.evaluate import evaluate
from seqgen.evaluation.ngram import fit_ngram
from seqgen.evaluation.report import as_json, as_text
from seqgen.evaluation.trio import NAMES, common_bars, entropies_by_part, exchange, fit_parts, measure_trio
from seqgen.io import read_notes
from seqgen.models.checkpoint import load_model, save_model
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.representation.trio import join_parts, split_parts

TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "trio"
REPRESENTATION = RepresentationConfig("trio", bars=2)
METRICS = [
    "step accuracy",
    "melody onset accuracy",
    "melody note F1",
    "bass onset accuracy",
    "bass note F1",
    "drums onset accuracy",
    "drums hit F1",
    "exact windows",
]


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    converter = make_converter(REPRESENTATION)
    rows = np.concatenate([converter.encode(read_notes(file)) for file in sorted(TINY.glob("*.mid"))])
    keys = converter.transposition_key(rows)
    rows = rows[np.sort(np.unique(keys, axis=0, return_index=True)[1])]
    return np.random.default_rng(0).permutation(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, windows) -> Path:
    """An untrained model and shards: test has 30 windows, train the others."""
    folder = tmp_path_factory.mktemp("trio")
    config = MusicVAEConfig(
        head="product",
        vocabulary_size=90 * 90 * 512,
        parts=(90, 90, 512),
        part_heads=("categorical", "categorical", "bernoulli"),
        latent=6,
        embedding=8,
        encoder=EncoderConfig(width=8),
        decoder=DecoderConfig(width=12, plan_size=4, voices="part"),
    )
    torch.manual_seed(4)
    model = MusicVAE(config)
    sections = {"representation": to_dict(REPRESENTATION), "training": {}}
    save_model(folder / "model", model, model.state_dict(), sections)
    (folder / "shards").mkdir()
    splits = {"test": windows[:30], "train": windows[30:]}
    parts = {name: SplitWindows(x, np.zeros((len(x), 2), np.int32)) for name, x in splits.items()}
    write_shards(folder / "shards", REPRESENTATION, parts, [])
    return folder


def test_end_to_end(folder: Path, windows) -> None:
    result = evaluate(folder / "model", folder / "shards", pairs=10)
    assert list(result.reconstruction) == METRICS
    for row in result.reconstruction.values():
        assert list(row) == ["free run", "teacher forced", "sampled z", "always hold", "common bar"]
        assert all(0 <= share <= 1 for share in row.values())
    assert result.reconstruction["melody onset accuracy"]["always hold"] == 0
    assert result.reconstruction["drums hit F1"]["common bar"] > 0.2
    assert result.paths["mixed ends"].nll > result.paths["ends"].nll > 0
    melody, bass, drums = split_parts(windows[:30])
    onsets = ((melody >= 2) | (bass >= 2) | (drums >= 1)).mean()
    assert result.paths["ends"].onsets == pytest.approx(onsets, abs=0.1)  # of the pairs that were drawn
    data, text = json.loads(as_json(result)), as_text(result)
    assert data["latent"]["cross-entropy, bass, other tracks"] > 0
    assert "other tracks" in text
    assert "Witten-Bell 6-gram of each part of shards/train" in text.splitlines()[-1]
    assert evaluate(folder / "model", folder / "shards", pairs=10) == result


def test_a_copy_is_perfect_and_each_metric_hears_its_own_part(windows) -> None:
    copy = measure_trio(windows[:9], windows[:9])
    assert list(copy) == METRICS
    assert set(copy.values()) == {1.0}
    melody, bass, drums = split_parts(windows[:9])
    without = measure_trio(windows[:9], join_parts([melody, np.zeros_like(bass), drums]))
    assert [name for name, value in without.items() if value == 1.0] == [
        "melody onset accuracy",
        "melody note F1",
        "drums onset accuracy",
        "drums hit F1",
    ]
    assert without["bass onset accuracy"] == without["bass note F1"] == 0


def test_the_common_bar_is_that_of_each_part() -> None:
    melody = np.zeros((5, 32), np.int32)
    melody[:, 0] = 40
    drums = np.tile(np.array([5, 0, 1, 0]), (5, 8))
    like = common_bars(join_parts([melody, 0 * melody, drums]), np.zeros((2, 32), np.int32), 16)
    parts = split_parts(like)
    assert parts[0][0].tolist() == 32 * [0], "40 in every second bar, and a hold in the other"
    assert parts[2].tolist() == 2 * [8 * [5, 0, 1, 0]]


@pytest.mark.parametrize("part", range(3), ids=NAMES)
def test_all_parts_but_one_are_exchanged(windows, part: int) -> None:
    token = torch.from_numpy(windows[:7].astype(np.int64))
    mixed = exchange(token, part, (1, 2, 3))
    for number, (own, new) in enumerate(
        zip(split_parts(windows[:7]), split_parts(mixed.numpy()), strict=True)
    ):
        expected = own if number == part else np.roll(own, number + 1, 0)
        np.testing.assert_array_equal(new, expected)


def test_the_parts_of_a_cross_entropy_add_up(folder: Path, windows) -> None:
    model, _ = load_model(folder / "model")
    token = torch.from_numpy(windows[:20].astype(np.int64))
    readings = latent.read(model, token, Generator().manual_seed(1))
    found = entropies_by_part(model, token, readings, Generator().manual_seed(2), batch=7)
    z = readings.posterior.sample(Generator().manual_seed(2))
    own = sum(found[f"cross-entropy, {name}"] for name in NAMES)
    assert own == pytest.approx(-model.log_prob(token, z).mean().item(), rel=1e-5)


def test_a_code_of_the_melody_alone_is_not_changed_by_other_tracks(folder: Path, windows) -> None:
    """With an encoder that is deaf to bass and drums, the other two parts' tracks make no difference."""
    model, _ = load_model(folder / "model")
    deaf = model.encoder.embedding.parts
    with torch.no_grad():
        deaf[1].table.weight.zero_()
        for parameter in deaf[2].parameters():
            parameter.zero_()
        model.encoder.scale.weight.zero_()
        model.encoder.scale.bias.fill_(-40)  # a standard deviation of next to nothing
        model.encoder.mean.weight.mul_(30)
    token = torch.from_numpy(windows[:20].astype(np.int64))
    readings = latent.read(model, token, Generator().manual_seed(1))
    found = entropies_by_part(model, token, readings, Generator().manual_seed(2))
    own, other = (found[f"cross-entropy, melody{which}"] for which in ("", ", other tracks"))
    assert other == pytest.approx(own, abs=1e-3)
    for name in ("bass", "drums"):
        own, other = (found[f"cross-entropy, {name}{which}"] for which in ("", ", other tracks"))
        assert abs(other - own) > 1e-3


def test_ngrams_of_the_parts_add_up(windows) -> None:
    judge = fit_parts(windows, 3, range(-1, 2))
    melody, bass, drums = split_parts(windows)
    expected = (
        fit_ngram(melody, 90, 3, range(-1, 2)).nll(melody)
        + fit_ngram(bass, 90, 3, range(-1, 2)).nll(bass)
        + fit_ngram(drums, 512, 3).nll(drums)
    )
    np.testing.assert_allclose(judge.nll(windows), expected)
