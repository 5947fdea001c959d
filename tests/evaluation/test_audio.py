"""The figures of a model of sound, against what made-up takes must give."""

import math

import numpy as np
import pytest

from seqgen.data.takes import Take, read_corpus
from seqgen.evaluation.audio import AudioScores, baseline, by_speaker, evaluate_audio, scores_as_text
from seqgen.tasks.audio import AudioModel
from seqgen.training.audio import take_nats
from tests.tasks.small_audio import DIGITS, SOUND, save_wavenet, small_wavenet


def take(codes, speaker=0):
    return Take(np.array(codes, np.uint8), 0, speaker, "")


def test_ngrams_of_a_cycle_know_it_and_a_unigram_does_not():
    cycle = take([1, 2, 3, 4] * 500)
    found = baseline([cycle], [cycle])
    assert found["unigram"] == pytest.approx(2, abs=0.01)
    assert found["trigram"] < 0.05


def test_an_unseen_code_costs_more_and_is_not_impossible():
    found = baseline([take([1, 2] * 500)], [take([200] * 10)])
    assert 8 < found["unigram"] < 30
    assert math.isfinite(found["trigram"])


def test_bits_by_speaker_are_those_of_each():
    model = AudioModel("small", small_wavenet(), SOUND, {}, "")
    takes = [take([1] * 10), take([1] * 30), take([1] * 10, 1)]
    assert by_speaker(model, takes, np.log(2) * np.array([20.0, 20.0, 50.0])) == {
        "jackson": 1.0,
        "nobody": 5.0,
    }


def test_an_evaluation_is_the_takes_from_their_first_samples(tmp_path):
    scores = evaluate_audio(save_wavenet(tmp_path / "mine"), DIGITS, spoken=0)
    takes = read_corpus(DIGITS, "test", SOUND)
    samples = sum(len(take.codes) for take in takes)
    nats = take_nats(small_wavenet(), takes, 8000)
    assert (scores.takes, scores.samples) == (len(takes), samples)
    assert scores.bits_per_sample == pytest.approx(nats.sum() / samples / math.log(2))
    assert scores.bits_per_sample == pytest.approx(8, abs=0.5), "it has learned nothing"
    assert scores.baseline["trigram"] < scores.baseline["unigram"] < 8
    text = scores_as_text(scores)
    assert text.splitlines()[-1] == scores.signature
    assert "heard right" not in text
    for part in ("model:mine@", "data:test@", f"takes:{len(takes)}", "codes:mulaw256@8000", "seqgen:"):
        assert part in scores.signature


def test_digits_that_were_heard_are_said_beside_the_real_ones():
    figures = {"takes": 1, "samples": 10, "bits_per_sample": 4.0, "bits_by_speaker": {}}
    baseline = {"unigram": 7.0, "trigram": 5.0}
    scores = AudioScores(
        "s", **figures, baseline=baseline, heard={"sampled": 3, "real": 9}, spoken=10, real_time_factor=2.0
    )
    assert "3 sampled, 9 real; of 10 digits each" in scores_as_text(scores)
