"""Order over bars is heard where there is one, and nowhere else."""

import numpy as np
import pytest

from seqgen.evaluation.bars import events_of, shuffle_bars
from seqgen.evaluation.structure import bar_similarity, lag_sums, measure_structure, peaks, structure_score
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAEConfig
from seqgen.models.music_vae.events import EventsConfig
from seqgen.representation.trio import PARTS, join_parts

MELODY = MusicVAEConfig(bars=16)
DRUMS = MusicVAEConfig(bars=16, head="bernoulli", vocabulary_size=512, first_onset=1)
TRIO = MusicVAEConfig(
    head="product",
    parts=PARTS,
    part_heads=("categorical", "categorical", "bernoulli"),
    vocabulary_size=int(np.prod(PARTS)),
)


def bar(rng):
    """A bar of melody with holds, note-offs and onsets."""
    return np.where(rng.random(16) < 0.5, rng.integers(0, 30, 16), 0)


def tunes(form, count=60, seed=0):
    """Windows whose bars are new ones for each letter of a form: the same letter, the same bar."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        known = {letter: bar(rng) for letter in sorted(set(form))}
        rows.append(np.concatenate([known[letter] for letter in form]))
    return np.array(rows)


def profile(tokens, config=MELODY):
    above, below = lag_sums(bar_similarity(tokens, config))
    return above.sum(0) / below.sum(0)


def figures(section):
    return {figure.name: figure for figure in section.figures}


@pytest.mark.parametrize("config", [MELODY, DRUMS])
def test_similarity_is_the_share_of_common_onsets(config):
    rng = np.random.default_rng(1)
    rows = np.array([np.concatenate([bar(rng) for _ in range(16)]) for _ in range(3)])
    found = bar_similarity(rows, config)

    def onsets(cells):
        if config is MELODY:
            return {(step, token) for step, token in enumerate(cells) if token >= 2}
        return {(step, bit) for step, token in enumerate(cells) for bit in range(9) if token >> bit & 1}

    for row, alike in zip(rows.reshape(3, 16, 16).tolist(), found, strict=True):
        for i in range(16):
            for j in range(16):
                a, b = onsets(row[i]), onsets(row[j])
                # one voice: a step on which both begin something counts once, be it the same or not
                either = a | b if config is DRUMS else {step for step, _ in a | b}
                assert alike[i, j] == pytest.approx(len(a & b) / len(either))


def test_bars_without_onsets_have_no_similarity():
    rows = tunes("AABBCCDDEEFFGGHH", 1)
    rows[:, :32] = 0
    alike = bar_similarity(rows, MELODY)[0]
    assert np.isnan(alike[0, 1])
    assert alike[0, 2] == 0
    above, below = lag_sums(alike[None])
    assert below[0, 0] == 14
    assert above[0, 0] == pytest.approx(np.nansum(np.diagonal(alike, 1)))


def test_the_events_of_a_trio_are_those_of_its_parts():
    melody, bass, drums = np.array([[2, 0, 1] + [0] * 29]), np.array([[0, 40] + [0] * 30]), np.zeros((1, 32))
    drums[0, 1] = 0b100000001
    events = events_of(join_parts([melody, bass, drums.astype(int)]), TRIO)
    assert events.shape == (1, 2, 16, 11)
    assert events[0, 0, 0].tolist() == [2] + [0] * 10
    assert events[0, 0, 1].tolist() == [0, 40, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert not events[0, 0, 2:].any()
    assert not events[0, 1].any()


def test_shuffling_moves_whole_bars_and_loses_none():
    rows = tunes("ABCDEFGHIJKLMNOP", 40)
    mixed = shuffle_bars(rows, 16, np.random.default_rng(1))
    assert (mixed != rows).any()
    for before, after in zip(rows, mixed, strict=True):
        assert sorted(before.reshape(16, 16).tolist()) == sorted(after.reshape(16, 16).tolist())
    firsts = [
        bars.tolist().index(row[:16].tolist())
        for row, bars in zip(mixed, rows.reshape(-1, 16, 16), strict=True)
    ]
    assert len(set(firsts)) > 8  # each window has an order of its own


def test_the_profile_of_a_form_is_that_of_its_letters():
    form = "ABACABADEFEGEFEH"
    letters = np.array(list(form))
    share = np.array([(letters[lag:] == letters[:-lag]).mean() for lag in range(1, 16)])
    found = profile(tunes(form, 40))
    assert np.all(found[share == 0] < 0.1)
    # bars of different letters agree in few onsets
    assert found == pytest.approx(share, abs=0.08)


def test_peaks_are_powers_of_two_with_neighbours():
    assert [peaks(bars) for bars in (2, 3, 4, 8, 16, 32)] == [
        (), (), (2,), (2, 4), (2, 4, 8), (2, 4, 8, 16),
    ]  # fmt: skip


def test_a_score_is_the_peaks_above_their_neighbours_by_hand():
    alike = bar_similarity(tunes("ABCDABCDABCDABCD", 1), MELODY)[0]
    pairs = [alike[i, j] for i in range(16) for j in range(i + 1, 16)]
    line = {lag: np.diagonal(alike, lag).mean() for lag in range(1, 16)}
    by_hand = sum(line[L] - (line[L - 1] + line[L + 1]) / 2 for L in (2, 4, 8)) / np.std(pairs)
    assert structure_score(alike[None])[0] == pytest.approx(by_hand)
    assert by_hand > 3


def test_form_is_told_from_its_shuffled_self_and_drift_and_monotony_are_not():
    form = figures(measure_structure(tunes("ABCDABCEFGHIFGHJ"), tunes("A" * 16, 40), MELODY, seed=1))
    assert form["AUROC, real against its bars shuffled"].value > 0.99
    assert form["AUROC, samples against their bars shuffled"].value == 0.5  # the same bar again and again
    assert form["AUROC, real against samples"].value > 0.99
    rng = np.random.default_rng(2)
    drift = np.zeros((60, 16, 16), int)
    drift[:, 0] = rng.integers(2, 90, (60, 16))
    for number in range(1, 16):  # every bar keeps all but three steps of the one before
        new = rng.random((60, 16)).argsort(axis=1) < 3
        drift[:, number] = np.where(new, rng.integers(2, 90, (60, 16)), drift[:, number - 1])
    found = figures(measure_structure(drift.reshape(60, -1), tunes("ABCDEFGHIJKLMNOP"), MELODY, seed=1))
    assert found["AUROC, real against its bars shuffled"].value < 0.65
    none = found["AUROC, samples against their bars shuffled"]
    assert none.low < 0.5 < none.high


def test_windows_measured_against_themselves_are_as_alike_as_they_are():
    rows = tunes("ABACABADEFEGEFEH", 50)
    section = measure_structure(rows, rows, MELODY, seed=1)
    found = figures(section)
    ratio = found["lag 8 similarity, samples over real"]
    assert (ratio.value, ratio.baseline) == (1.0, 1.0)
    assert ratio.low < 1 < ratio.high
    assert found["lag 4 similarity, samples"].value == found["lag 4 similarity, real"].value
    assert found["lag 4 similarity, samples"].baseline == found["lag 4 similarity, real"].value
    assert found["lag 4 similarity, real"].baseline < found["lag 4 similarity, real"].value
    assert not section.missing
    assert [curve.name for curve in section.plots[0].curves] == ["real", "samples", "real, bars shuffled"]
    assert section.figures == measure_structure(rows, rows, MELODY, seed=1).figures


def test_two_bars_have_one_lag_beside_bars_of_other_windows():
    rows = np.concatenate([tunes("AA", 30), tunes("AB", 30, seed=5)])
    config = MusicVAEConfig(bars=2)
    section = measure_structure(rows, rows, config, seed=1)
    lag = figures(section)["lag 1 similarity, real"]
    assert lag.value == pytest.approx(0.52, abs=0.05)
    assert (lag.against, lag.baseline < 0.1) == ("bars of other windows", True)
    assert "at least 4 bars, got 2" in section.missing[0]
    piece = tunes("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2).reshape(-1, 16)
    sliding = np.concatenate(
        [piece[:-1], piece[1:]], axis=1
    )  # each window begins with the last bar of another
    found = figures(measure_structure(sliding, sliding, config, seed=1))
    assert found["lag 1 similarity, real"].baseline < 0.1
    assert not any("AUROC" in figure.name for figure in section.figures)


def test_corpora_stand_beside_one_another():
    rows = np.concatenate([tunes("ABCDABCDABCDABCD", 40), tunes("ABCDEFGHIJKLMNOP", 40), tunes("A" * 16, 5)])
    corpus = ["reel"] * 40 + ["song"] * 40 + ["drone"] * 5
    section = measure_structure(rows, rows, MELODY, seed=1, corpus=corpus)
    found = figures(section)
    assert found["AUROC, real against its bars shuffled, reel"].value > 0.99
    assert abs(found["AUROC, real against its bars shuffled, song"].value - 0.5) < 0.15
    assert section.missing == [
        "AUROC, real against its bars shuffled, drone: expected at least 20 windows of 2 pieces, got 5 of 5"
    ]


def test_what_cannot_be_measured_is_said():
    rows = tunes("ABCDEFGHIJKLMNOP", 30)
    few = measure_structure(rows, rows[:3], MELODY, seed=1)
    assert (few.figures, few.missing) == ([], ["structure: expected at least 20 windows, got 3 of samples"])
    one = measure_structure(rows[:, :16], rows[:, :16], MusicVAEConfig(bars=1), seed=1)
    assert "no second bar" in one.missing[0]
    tracks = MusicVAEConfig(
        bars=8, latent=8, code="tracks", vocabulary_size=490, steps_per_bar=64, steps_per_beat=16,
        events=EventsConfig(), encoder=EncoderConfig(kind="hierarchical", readout="all"),
        decoder=DecoderConfig(kind="hierarchical", plan="direct"),
    )  # fmt: skip
    assert "multitrack" in measure_structure(rows, rows, tracks, seed=1).missing[0]
    groove = MusicVAEConfig(head="groove", vocabulary_size=512, first_onset=1)
    assert "played drums" in measure_structure(rows, rows, groove, seed=1).missing[0]
    silent = measure_structure(rows, np.zeros_like(rows), MELODY, seed=1)
    assert "lag 8 of samples: no pair of bars has an onset" in silent.missing


def test_windows_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"expected windows \[N, 256\], got shape \(30, 32\)"):
        measure_structure(np.zeros((30, 32), int), np.zeros((30, 32), int), MELODY, seed=1)
