"""A model of sound as one uses it: a seed is a take, whoever is sampled beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

import seqgen
from seqgen.tasks.audio import AudioModel, load_audio
from seqgen.tasks.recognition import load_recognizer
from tests.tasks.small_audio import DIGITS, SMALL, SOUND, VOCODER, save_wavenet, small_wavenet


@pytest.fixture(scope="module")
def model():
    return AudioModel("small", small_wavenet(), SOUND, {}, "")


def test_a_seed_is_a_take(model):
    one = model.sample("7", "jackson", seed=3, seconds=0.01)
    assert (one.dtype, len(one)) == (np.float32, 80)
    assert np.abs(one).max() <= 1
    assert np.array_equal(one, model.sample("7", "jackson", seed=3, seconds=0.01))
    assert not np.array_equal(one, model.sample("7", "jackson", seed=4, seconds=0.01))


def test_takes_side_by_side_are_the_takes_one_by_one(model):
    together = model.sample_many(["1", None], [None, "nobody"], [5, 6], seconds=0.005)
    assert np.array_equal(together[0], model.sample("1", None, 5, seconds=0.005))
    assert np.array_equal(together[1], model.sample(None, "nobody", 6, seconds=0.005))


def test_blocks_of_progress_change_nothing(model, monkeypatch):
    whole, told = model.sample("2", seconds=0.01), []
    monkeypatch.setattr("seqgen.tasks.audio.BLOCK", 30)
    parts = model.sample("2", seconds=0.01, progress=lambda done, total: told.append((done, total)))
    assert np.array_equal(whole, parts)
    assert told == [(30, 80), (60, 80), (80, 80)]


def test_a_duration_is_drawn_with_the_seed(model):
    model.wavenet.lasts.bias.data[0] = -4.5  # short takes: a test should be
    lengths = [len(sound) for sound in model.sample_many(["1"] * 4, [None] * 4, [1, 2, 3, 1])]
    assert lengths[0] == lengths[3]
    assert len(set(lengths)) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"digit": "ten"}, "digit: 'ten' is not known: expected one of 0, 1, 2"),
        ({"speaker": "eve"}, "speaker: 'eve' is not known: expected one of jackson, nobody"),
        ({"seconds": -1.0}, "seconds must be above 0"),
        ({"seconds": float("nan")}, "seconds must be above 0"),
        ({"seconds": 1e6}, "at most 30"),
        ({"temperature": -1.0}, "temperature must be"),
    ],
)
def test_what_makes_no_sense_is_said(model, settings, message):
    with pytest.raises(ValueError, match=message):
        model.sample(**settings)


def test_a_vocoder_says_a_recording_again(tmp_path):
    model = load_audio(save_wavenet(tmp_path / "vocoder", VOCODER))
    short = tmp_path / "short.wav"
    samples, rate = soundfile.read(DIGITS / "3_jackson_0.wav")
    soundfile.write(short, samples[:90], rate)
    assert len(model.vocode(short, seed=1)) == 90
    assert np.array_equal(model.vocode(short, seed=1), model.vocode(short, seed=1))
    with pytest.raises(ValueError, match="is a vocoder"):
        model.sample()
    with pytest.raises(ValueError, match="no such file"):
        model.vocode(tmp_path / "none.wav")


def test_who_is_no_vocoder_says_so(model):
    with pytest.raises(ValueError, match="is no vocoder"):
        model.vocode(DIGITS / "3_jackson_0.wav")


def test_load_knows_the_kind_and_what_contradicts_itself(tmp_path):
    folder = save_wavenet(tmp_path / "mine")
    assert isinstance(seqgen.load(folder), AudioModel)
    with pytest.raises(ValueError, match="2 speakers, but the model has 3"):
        load_audio(save_wavenet(tmp_path / "odd", replace(SMALL, speakers=3)))
    with pytest.raises(ValueError, match="is a audio_wavenet: a recognizer is needed here"):
        load_recognizer(folder)
