"""How a vocoder is measured: what is the same is at no distance, and Griffin-Lim is near."""

import math

import numpy as np
import pytest

from seqgen.data.takes import read_corpus
from seqgen.evaluation import audio, vocoder
from seqgen.representation.mulaw import decode
from seqgen.representation.vocoder import FeatureConfig
from seqgen.tasks.audio import AudioModel
from tests.tasks.small_audio import DIGITS, SOUND, VOCODER, save_wavenet, small_wavenet
from tests.tasks.small_recognizer import save_recognizer

CONFIG = FeatureConfig()


@pytest.fixture(scope="module")
def take():
    return decode(read_corpus(DIGITS, "test", SOUND, limit=1)[0].codes)


def test_ten_times_louder_is_twenty_decibels_apart():
    loud = 0.5 * np.random.default_rng(1).standard_normal(4000).astype(np.float32)
    assert vocoder.distance([loud], [loud], CONFIG) == 0
    assert vocoder.distance([10 * loud], [loud], CONFIG) == pytest.approx(20, abs=0.1)
    both = vocoder.distance([10 * loud, loud], [loud, loud], CONFIG)
    assert both == pytest.approx(20 / math.sqrt(2), abs=0.1)


def test_griffin_lim_is_nearer_to_a_take_than_its_silence_and_its_mirror(take):
    made = vocoder.griffin_lim(take, CONFIG.log_mel)
    assert (made.dtype, made.shape) == (np.float32, take.shape)
    near = vocoder.distance([made], [take], CONFIG)
    assert near < 5
    assert near < vocoder.distance([np.zeros_like(take)], [take], CONFIG) / 2
    assert near < vocoder.distance([take[::-1].copy()], [take], CONFIG) / 2
    assert np.array_equal(made, vocoder.griffin_lim(take, CONFIG.log_mel))


def test_takes_are_said_again_each_with_a_seed_of_its_own(take):
    model, short = AudioModel("small", small_wavenet(VOCODER), SOUND, {}, ""), take[:400]
    made = vocoder.said_again(model, [short, short], seed=2)
    assert np.array_equal(made["vocoded"][1], model.vocode_samples(short, 20_001, precision="float32"))
    assert not np.array_equal(*made["vocoded"])
    assert np.array_equal(*made["griffin-lim"])


def test_an_evaluation_says_what_was_heard_and_how_far_it_is(tmp_path, monkeypatch):
    ear = save_recognizer(tmp_path / "ear")
    monkeypatch.setattr(audio, "TIMED", 0.01)
    monkeypatch.setattr(audio, "read_corpus", beginnings)
    scores = audio.evaluate_audio(save_wavenet(tmp_path / "mine", VOCODER), DIGITS, spoken=2, recognizer=ear)
    assert set(scores.heard) == {"vocoded", "griffin-lim", "real"}
    assert scores.spoken == 2
    assert scores.distance["griffin-lim"] < scores.distance["vocoded"], "it has learned nothing"
    assert scores.real_time_factor > 0
    text = audio.scores_as_text(scores)
    assert f"{scores.distance['vocoded']:.2f} dB vocoded" in text
    silent = audio.evaluate_audio(tmp_path / "mine", DIGITS, spoken=0)
    assert (silent.heard, silent.distance) == ({}, {})


def beginnings(*which):
    return [take._replace(codes=take.codes[:400]) for take in read_corpus(*which)]
