"""Codes that are the factors score 1, turned ones less, and codes of nothing next to nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seqgen.data.shards import FileRow
from seqgen.evaluation.disentanglement import information, scores, tabulate
from seqgen.evaluation.factorial import FACTORS, FIGURES, RHYTHMS, SCALES, factorial_melodies, melody
from seqgen.evaluation.features import melody_features
from seqgen.evaluation.probe import linear_probe
from seqgen.evaluation.representation import measure_representation
from seqgen.evaluation.window_labels import Labels, dance_of, labels_of, modes
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.representation.melody import MelodyConverter, canonical

SMALL = {"latent": 6, "embedding": 8, "encoder": EncoderConfig(width=8)}
SMALL["decoder"] = DecoderConfig(width=12, plan_size=4)


def factors(count=2000, seed=1):
    return factorial_melodies(count, 2, seed)[1]


def turned(codes, seed=1):
    """The same numbers, each spread over all."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(codes.shape[1],) * 2))
    return (codes - codes.mean(0)) / codes.std(0) @ turn


def test_a_code_that_is_the_factors_is_perfect():
    v = factors()
    found = scores(tabulate(v.astype(float), v))
    assert found.mig > 0.98  # independent draws of a finite number share a little by chance
    assert found.sap > 0.97
    assert found.modularity > 0.999


def test_a_turned_code_tells_as_much_and_scores_little():
    v = factors()
    found, perfect = scores(tabulate(turned(v.astype(float)), v)), scores(tabulate(v.astype(float), v))
    assert found.mig < 0.25
    assert found.sap < 0.35
    assert found.modularity < perfect.modularity - 0.1


def test_a_code_of_nothing_scores_nothing_but_for_modularity():
    v = factors()
    found = scores(tabulate(np.random.default_rng(2).normal(size=(2000, 10)), v))
    assert found.mig < 0.01
    assert found.sap < 0.01
    assert found.modularity < 0.97


def test_one_number_of_two_factors_is_not_modular_and_two_of_one_are_no_gap():
    rng = np.random.default_rng(3)
    v = rng.integers(0, 2, (4000, 2))
    both = scores(tabulate((v[:, :1] + 2 * v[:, 1:]).astype(float), v))
    assert both.modularity < 0.01
    assert both.mig > 0.99
    twice = scores(tabulate(np.concatenate([v, v], axis=1).astype(float), v))
    assert twice.modularity > 0.99
    assert (twice.mig, twice.sap) == pytest.approx((0, 0), abs=1e-6)


def test_information_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    v = rng.integers(0, 5, (500, 3))
    codes = rng.integers(0, 4, (500, 2)) + v[:, :2]
    info, entropy = information(tabulate(codes.astype(float), v), np.ones(500))
    for j in range(2):
        for k in range(3):
            expected = metrics.mutual_info_score(codes[:, j], v[:, k])
            assert info[j, k] == pytest.approx(expected, abs=1e-5)
    assert entropy[0] == pytest.approx(metrics.mutual_info_score(v[:, 0], v[:, 0]), abs=1e-5)


def test_weights_count_examples_several_times():
    rng = np.random.default_rng(5)
    v, weights = factors(200), rng.integers(0, 3, 200)
    v[:, 0] = rng.permutation(200) % 12
    codes = turned(v.astype(float)) + rng.normal(size=v.shape)
    tables, again = tabulate(codes, v), np.repeat(np.arange(200), weights)
    low, high = codes.min(0), codes.max(0)
    edge = np.stack([low, high])  # the same bins in both
    repeated = tabulate(np.concatenate([codes[again], edge]), np.concatenate([v[again], v[:2]]))
    ones = np.concatenate([np.ones(len(again)), np.zeros(2)])
    assert scores(tables, weights.astype(float))[:2] == pytest.approx(scores(repeated, ones)[:2], abs=1e-5)


def test_codes_are_checked():
    with pytest.raises(ValueError, match="more than 8 examples"):
        tabulate(np.zeros((8, 3)), factors(8))
    with pytest.raises(ValueError, match="finite"):
        tabulate(np.full((20, 3), np.nan), factors(20))


def test_factorial_melodies_are_what_their_factors_say():
    tokens, v = factorial_melodies(300, 2, seed=1)
    assert (tokens == factorial_melodies(300, 2, seed=1)[0]).all()
    assert (tokens != factorial_melodies(300, 2, seed=2)[0]).any()
    assert (canonical(tokens) == tokens).all()
    assert tokens.max() < MelodyConverter.vocabulary_size
    assert [len(np.unique(column)) for column in v.T] == list(FACTORS.values())
    row = melody(np.array([2, 1, 1, 0, 3, 0, 0, 1]), 4)  # D, the second octave, minor, a scale that rises
    assert row[[0, 3, 6, 8, 11, 14]].tolist() == [43, 45, 46, 48, 50, 51]
    assert (row[:16] == row[16:32]).all()
    assert row[32:48][list(RHYTHMS[0])].tolist() == [51, 50, 48, 46, 45, 43]
    assert len(np.unique(tokens, axis=0)) > 290


def test_no_two_values_of_a_factor_sound_alike():
    assert len({len(rhythm) for rhythm in RHYTHMS}) == 1
    assert len(set(RHYTHMS)) == len(RHYTHMS)
    for place, size in enumerate(FACTORS.values()):
        base = np.array([3, 1, 0, 0, 1, 2, 0, 1])
        rows = []
        for value in range(size):
            base[place] = value
            rows.append(tuple(melody(base, 2)))
        assert len(set(rows)) == size
    assert list(SCALES) == ["major", "minor"]
    assert list(FIGURES) == ["scale", "chord"]


def test_a_linear_probe_reads_what_is_linear_on_pieces_it_has_not_seen():
    rng = np.random.default_rng(6)
    codes, pieces = rng.normal(size=(600, 8)), np.repeat(np.arange(60), 10)
    label = np.where(codes[:, 0] + 0.5 * codes[:, 1] > 0.4, "b", "a")
    found = linear_probe(codes, label, pieces, seed=1)
    assert found.accuracy.value > 0.95
    assert found.accuracy.low < found.accuracy.value <= found.accuracy.high
    assert found.majority == pytest.approx((label == "a").mean(), abs=0.01)
    chance = linear_probe(codes, rng.permutation(label), pieces, seed=1)
    assert chance.accuracy.value < found.majority + 0.03
    ring = np.where((codes[:, :2] ** 2).sum(1) > 1.4, "out", "in")
    assert linear_probe(codes, ring, pieces, seed=1).accuracy.value < 0.65


def test_a_probe_does_not_know_pieces_again():
    rng = np.random.default_rng(7)
    pieces = np.repeat(np.arange(50), 10)
    codes = rng.normal(size=(50, 20))[pieces] + 0.01 * rng.normal(size=(500, 20))
    label = rng.integers(0, 2, 50)[pieces]  # says nothing but which piece it is
    assert linear_probe(codes, label, np.arange(500), seed=1).accuracy.value > 0.8
    assert linear_probe(codes, label, pieces, seed=1).accuracy.value < 0.7


def test_a_probe_is_told_enough():
    with pytest.raises(ValueError, match="at least 2 classes, got 1"):
        linear_probe(np.zeros((20, 2)), np.zeros(20), np.arange(20), seed=1)
    with pytest.raises(ValueError, match="at least 5 pieces, got 4"):
        linear_probe(np.zeros((20, 2)), np.arange(20) % 2, np.arange(20) % 4, seed=1)


def test_labels_of_windows():
    files = [
        FileRow("cre.tar.xz", "cre/Cooleysreel.mid", "test", 2, metres="2/2"),
        FileRow("lieder", "Airs/x.mid", "test", 1, metres="4/4 2/4"),
    ]
    tokens = factorial_melodies(3, 2, seed=1)[0]
    labels = labels_of(tokens, MusicVAEConfig(), [files[0], files[0], files[1]])
    assert labels.classes["corpus"] == ["cre", "cre", "lieder"]
    assert labels.classes["dance type"] == ["reel", "reel", ""]
    assert labels.pieces.tolist() == [0, 0, 1]
    assert labels.classes["metre class"] == ["2/2", "2/2", ""]  # of several, nobody knows which
    assert not labels.missing
    old = labels_of(tokens, MusicVAEConfig(), [replace(files[0], metres="")] * 3)
    assert old.missing == ["metre class: shards keep it from seqgen 0.7.0 on; prepare the data again"]
    unknown = labels_of(tokens, MusicVAEConfig(), None)
    assert (list(unknown.classes), unknown.pieces.tolist()) == (["key mode"], [0, 1, 2])
    assert unknown.missing == ["corpus, metre class, dance type: the files of the windows are not known"]
    with pytest.raises(ValueError, match="one for each of 3"):
        labels_of(tokens, MusicVAEConfig(), files)
    assert [dance_of(path) for path in ("a/HornpipeReel.mid", "reels\\Air.mid", "x")] == ["reel", "", ""]


def test_modes_of_factorial_melodies_are_those_they_were_made_in():
    tokens, v = factorial_melodies(200, 2, seed=1)
    scales = v[:, 3] == 0
    assert (modes(tokens[scales]) == v[scales, 2]).mean() > 0.8
    assert len(melody_features(tokens).values) == 200


def test_a_model_is_measured_and_the_same_seed_says_the_same():
    torch.manual_seed(1)
    model = MusicVAE(MusicVAEConfig(**SMALL))
    tokens = factorial_melodies(120, 2, seed=3)[0]
    means = model.encode(torch.from_numpy(tokens.astype(np.int64))).mean.detach()
    corpus = ["a" if number % 4 < 2 else "b" for number in range(120)]
    labels = Labels({"corpus": corpus, "dance type": [""] * 120}, np.arange(120) // 2, ["no metre"])
    section = measure_representation(model, means, labels, seed=1)
    assert [figure.name for figure in section.figures] == [
        "linear probe, corpus (2 classes, 120 windows)", "MIG", "SAP", "modularity",
    ]  # fmt: skip
    for figure in section.figures:
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
    assert section.figures[1].against == "codes of other melodies"
    assert section.missing == [
        "dance type: expected at least 2 classes of 20 windows of 5 pieces, got 0",
        "no metre",
    ]
    assert section.as_dict() == measure_representation(model, means, labels, seed=1).as_dict()


def test_models_of_drums_have_no_factorial_melodies():
    torch.manual_seed(1)
    config = MusicVAEConfig(head="bernoulli", vocabulary_size=512, first_onset=1, **SMALL)
    section = measure_representation(MusicVAE(config), torch.zeros(3, 6), Labels({}, np.arange(3)), seed=1)
    assert section.figures == []
    assert "factorial melodies are for models of melodies" in section.missing[0]
