"""Distances between sets of windows: nothing between a set and itself, and each spoilt one is caught."""

import numpy as np
import pytest

from seqgen.evaluation.corruptions import corruptions, exchange_sounds, permute_pitches, shuffle_onsets
from seqgen.evaluation.distribution import feature_kind, halves, measure_distribution
from seqgen.evaluation.features import drum_features, intervals, melody_features, sounding_pitch
from seqgen.evaluation.frechet import frechet_distance, frechet_interval, moments
from seqgen.evaluation.keys import estimate_keys
from seqgen.evaluation.overlap import overlap_area
from seqgen.evaluation.two_sample import two_sample_test
from seqgen.models.music_vae import MusicVAEConfig
from tests.evaluation.conftest import windows_of

MELODY = MusicVAEConfig()
DRUMS = MusicVAEConfig(head="bernoulli", vocabulary_size=512, first_onset=1)


def figures(section):
    return {figure.name: figure for figure in section.figures}


def test_keys_are_those_of_their_scales():
    scale = np.array([1.5, 0, 1, 0, 1, 1, 0, 1.5, 0, 1, 0, 1])
    minor = np.array([1.5, 0, 1, 1, 0, 1, 0, 1.5, 1, 0, 0, 1])
    rows = np.array([np.roll(part, tonic) for part in (scale, minor) for tonic in range(12)])
    tonic, mode = estimate_keys(rows)
    assert tonic.tolist() == [*range(12)] * 2
    assert mode.tolist() == [0] * 12 + [1] * 12
    assert [part.tolist() for part in estimate_keys(np.zeros((1, 12)))] == [[0], [0]]


def test_features_of_a_melody_by_hand():
    row = np.zeros((1, 32), np.int16)
    row[0, [0, 4, 6, 7, 16, 20]] = [41, 43, 1, 53, 41, 41]  # C4, D4, off, C5, C4, C4
    found = dict(zip(*((f := melody_features(row)).names, f.values[0]), strict=True))
    assert len(found) == 24
    assert (found["onsets a bar"], found["pitch range"], found["rest share"]) == (2.5, 12, 1 / 32)
    assert found["mean pitch"] == pytest.approx((60 + 62 + 72 + 60 + 60) / 5)
    assert found["mean interval"] == pytest.approx((2 + 10 + 12 + 0) / 4)
    assert (found["repeats"], found["steps"], found["leaps"], found["rising"]) == (0.25, 0.25, 0.5, 0.5)
    assert (found["on the beat"], found["between eighths"]) == (0.8, 0.2)
    assert found["pitch class 0"] == pytest.approx(29 / 31)  # C is the tonic
    assert found["groove"] == pytest.approx(1 - 1 / 16)
    assert sounding_pitch(row)[0, [0, 5, 6, 7, 31]].tolist() == [60, 62, 0, 72, 60]
    assert intervals(row)[0, [4, 7, 16, 20]].tolist() == [2, 10, -12, 0]
    assert np.isnan(intervals(row)[0, [0, 1]]).all()


def test_features_do_not_hear_the_key_but_for_the_mean_pitch():
    rows = windows_of("melody")[:40]
    there, here = melody_features(np.where(rows > 1, rows + 3, rows)), melody_features(rows)
    change = there.values - here.values
    assert change[:, here.names.index("mean pitch")] == pytest.approx(3.0)
    change[:, here.names.index("mean pitch")] = 0
    assert np.abs(change).max() < 1e-9


def test_features_of_drums_by_hand():
    row = np.zeros((1, 32), np.int16)
    row[0, [0, 4, 8, 10, 16, 20]] = [0b101, 0b10, 0b1, 0b100, 0b1, 0b10]
    found = dict(zip(*((f := drum_features(row)).names, f.values[0]), strict=True))
    assert (found["hits a bar"], found["hits together"]) == (3.5, 7 / 6)
    assert (found["snares on 2 and 4"], found["kicks on 1 and 3"]) == (1, 1)
    assert found["sound kick"] == pytest.approx(3 / 7)
    assert found["on the beat"] == pytest.approx(5 / 6)
    assert found["groove"] == pytest.approx(1 - 3 / 144)


def test_silence_has_features():
    silent = np.zeros((2, 32), np.int16)
    assert np.isfinite(melody_features(silent).values).all()
    assert np.isfinite(drum_features(silent).values).all()
    assert len(melody_features(silent[:, :16]).names) == 23


def test_the_frechet_distance_is_that_of_gaussians():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40000, 3))
    others = rng.normal(size=(40000, 3)) * [1, 2, 3] + [1, 0, 0]
    # of diagonal covariances it is |m1 - m2|^2 + sum (s1 - s2)^2
    assert frechet_distance(rows, others) == pytest.approx(1 + 1 + 4, rel=0.03)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    assert frechet_distance(rows @ turn, others @ turn) == pytest.approx(frechet_distance(rows, others))


def test_the_covariance_is_that_of_ledoit_and_wolf():
    sklearn = pytest.importorskip("sklearn.covariance")
    rng = np.random.default_rng(2)
    for count in (8, 30, 300):
        rows = rng.normal(size=(count, 12)) @ rng.normal(size=(12, 12)) + 5
        mean, covariance = moments(rows)
        assert mean == pytest.approx(rows.mean(0))
        assert covariance == pytest.approx(sklearn.LedoitWolf().fit(rows).covariance_, rel=1e-8)


def test_weights_count_rows_several_times():
    rows = np.random.default_rng(3).normal(size=(20, 4))
    weights = np.arange(20) % 3
    again, expected = moments(rows, weights.astype(float)), moments(np.repeat(rows, weights, axis=0))
    assert again[0] == pytest.approx(expected[0])
    assert again[1] == pytest.approx(expected[1])


def test_the_interval_of_the_distance_lies_around_it():
    rng = np.random.default_rng(4)
    rows, others = rng.normal(size=(200, 5)), rng.normal(size=(150, 5)) + 0.5
    found = frechet_interval(rows, others, seed=1, draws=100)
    assert found.low < found.value < found.high
    assert found == frechet_interval(rows, others, seed=1, draws=100)
    near = frechet_interval(rng.normal(size=(60, 20)), rng.normal(size=(60, 20)), seed=1, draws=100)
    assert near.low < near.value < near.high  # though every draw is further than the sets themselves
    rows, pieces = rows + 2 * rng.normal(size=(10, 5))[np.arange(200) // 20], np.arange(200) // 20
    apart = frechet_interval(rows, others, seed=1, draws=100)
    whole = frechet_interval(rows, others, seed=1, groups=pieces, draws=100)
    assert whole.value == apart.value
    assert whole.high - whole.low > 1.5 * (apart.high - apart.low)


def test_a_classifier_tells_what_differs_and_nothing_else():
    rng = np.random.default_rng(5)
    rows, others = rng.normal(size=(300, 4)), rng.normal(size=(200, 4))
    alike = two_sample_test(rows, others, seed=1)
    assert alike.low < 0.5 < alike.high
    assert two_sample_test(rows, others + np.array([6, 0, 0, 0]), seed=1) == (1, 1, 1)
    assert two_sample_test(rows, others * 3, seed=1).value > 0.7  # no line tells these
    with pytest.raises(ValueError, match="others: expected at least 5, got 4"):
        two_sample_test(rows, others[:4], seed=1)


def test_rows_of_one_piece_are_never_learnt_from_and_judged():
    rng = np.random.default_rng(6)
    pieces = np.repeat(np.arange(40), 10)
    rows = rng.normal(size=(40, 6))[pieces] + 0.01 * rng.normal(size=(400, 6))
    others = rng.normal(size=(40, 6))[pieces] + 0.01 * rng.normal(size=(400, 6))
    assert two_sample_test(rows, others, seed=1).value > 0.9  # known pieces are known again
    assert abs(two_sample_test(rows, others, seed=1, groups=pieces, other_groups=pieces).value - 0.5) < 0.15


def test_overlap_is_one_of_what_is_alike_and_nothing_of_what_is_apart():
    rng = np.random.default_rng(7)
    rows, others = rng.normal(size=(250, 1)), rng.normal(size=(250, 1))
    assert overlap_area(rows, others, seed=1, draws=2).value > 0.94
    assert overlap_area(rows, others + 100, seed=1, draws=2).value < 1e-6
    half = overlap_area(rows, others + 2, seed=1, draws=20)
    assert 0.4 < half.low < half.value < half.high < 0.8
    with pytest.raises(ValueError, match="at least 3 rows"):
        overlap_area(rows[:2], others, seed=1)
    with pytest.raises(ValueError, match="2 different"):
        overlap_area(rows, others, seed=1, groups=np.zeros(250))


def test_overlap_is_the_integral_of_scipy_s_densities():
    scipy = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(8)
    rows, others = rng.gamma(2, size=(120, 2)), rng.gamma(3, size=(90, 2))
    i, j = np.triu_indices(120, 1)
    within = np.linalg.norm(rows[i] - rows[j], axis=1)
    across = np.linalg.norm(rows[:, None] - others[None], axis=-1).ravel()
    grid = np.linspace(-3, 25, 4000)
    p, q = (scipy.gaussian_kde(part)(grid) for part in (within, across))
    expected = np.minimum(p, q).sum() * (grid[1] - grid[0])
    assert overlap_area(rows, others, seed=1, draws=2).value == pytest.approx(expected, abs=0.01)


def test_corruptions_keep_what_they_should():
    rows, beats = windows_of("melody")[:60], windows_of("drums")[:60]
    permuted, moved = (
        corruptions(False, rows, 1)["pitches permuted"],
        corruptions(False, rows, 1)["onsets shuffled"],
    )
    assert ((permuted > 1) == (rows > 1)).all()
    assert np.sort(permuted, axis=1).tolist() == np.sort(rows, axis=1).tolist()
    for before, after in zip(rows.reshape(-1, 16), moved.reshape(-1, 16), strict=True):
        assert before[before > 0].tolist() == after[after > 0].tolist()
    exchanged = exchange_sounds(beats, np.random.default_rng(1))
    assert (np.bitwise_count(exchanged) == np.bitwise_count(beats)).all()
    for spoil in (permute_pitches, shuffle_onsets):
        assert (spoil(rows, np.random.default_rng(1)) != rows).any()
    assert list(corruptions(True, beats, 1)) == ["bars shuffled", "sounds exchanged", "onsets shuffled"]


@pytest.mark.parametrize(("name", "config"), [("melody", MELODY), ("drums", DRUMS)])
def test_a_spoilt_set_is_further_than_a_half_of_the_real_one(name, config):
    rows = np.random.default_rng(1).permutation(windows_of(name))
    real, other = rows[::2], rows[1::2]
    alike = measure_distribution(real, other, config, seed=1)
    assert not alike.missing
    assert len(alike.figures) == 7
    near = figures(alike)
    distance = next(figure for figure in near if figure.startswith("Frechet"))
    catches = {
        "pitches permuted": "overlapping area, mean interval",
        "sounds exchanged": "overlapping area, sound",
    }
    for spoilt, tokens in corruptions(name == "drums", other, 1).items():
        if spoilt in ("bars shuffled", "random pitches"):  # not heard, and heard easily
            continue
        far = figures(measure_distribution(real, tokens, config, seed=1))
        assert far[distance].value > 2 * near[distance].value, spoilt
        assert far["accuracy of a classifier"].value > near["accuracy of a classifier"].value + 0.1, spoilt
        if spoilt in catches:
            assert far[catches[spoilt]].value < near[catches[spoilt]].value - 0.1, spoilt


def test_what_cannot_be_measured_is_said():
    rows = windows_of("melody")
    few = measure_distribution(rows, rows[:9], MELODY, seed=1)
    assert (few.figures, few.missing) == (
        [],
        ["distribution: expected at least 30 windows, got 9 of samples"],
    )
    odd = measure_distribution(rows, rows, MusicVAEConfig(vocabulary_size=91), seed=1)
    assert "this model writes neither" in odd.missing[0]
    one = measure_distribution(rows[:, :16], rows[:, :16], MusicVAEConfig(bars=1), seed=1)
    assert one.missing == ["overlapping area of groove: windows of one bar have none"]
    assert feature_kind(MusicVAEConfig(head="groove", vocabulary_size=512, first_onset=1)) is None


def test_halves_share_no_piece():
    pieces = np.random.default_rng(2).integers(0, 30, 200)
    one, two = halves(pieces, 1)
    assert sorted([*one, *two]) == list(range(200))
    assert not set(pieces[one]) & set(pieces[two])
