"""Recordings of every kind come out as one channel at one rate; broken ones as one sentence."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torchaudio.functional import resample

from seqgen.io.resample import Resampler
from seqgen.io.speech import SpeechFile, raw_blocks, read_speech

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"
SEVEN = DIGITS / "7_jackson_0.wav"


def seven():
    return soundfile.read(SEVEN, dtype="float32")[0]


def cut(samples, sizes):
    """Blocks of these sizes, over and over."""
    at, number = 0, 0
    while at < len(samples):
        yield samples[at : at + sizes[number % len(sizes)]]
        at += sizes[number % len(sizes)]
        number += 1


def test_a_recording_at_the_models_rate_is_read_as_it_is():
    samples, notices = read_speech(SEVEN)
    np.testing.assert_array_equal(samples, seven())
    assert samples.dtype == np.float32
    assert notices == []


@pytest.mark.parametrize("rate", [44100, 48000, 16000, 11025, 22050, 4000, 383975])
def test_blocks_are_resampled_as_the_whole(rate):
    sound = np.random.default_rng(1).standard_normal(30_000).astype(np.float32)
    resampler = Resampler(rate, 8000)
    parts = [resampler.feed(block) for block in cut(sound, [1, 700, 3, 2999])]
    streamed = np.concatenate([*parts, resampler.finish()])
    whole = resample(torch.from_numpy(sound), rate, 8000).numpy()
    assert len(streamed) == len(whole)
    np.testing.assert_allclose(streamed, whole, atol=2e-6)


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_a_few_samples_are_resampled_too(count):
    resampler = Resampler(44100, 8000)
    sound = np.ones(count, np.float32)
    assert len(np.concatenate([resampler.feed(sound), resampler.finish()])) == -(-count * 80 // 441)


def test_an_odd_rate_counts_as_its_neighbour_and_needs_no_huge_filter():
    assert (Resampler(44101, 8000).rate, Resampler(44101, 8000).target) == (441, 80)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_stereo_at_another_rate_is_mixed_and_said(tmp_path, kind):
    up = resample(torch.from_numpy(seven()), 8000, 44100).numpy().clip(-1, 1)
    path = tmp_path / f"stereo.{kind}"
    soundfile.write(path, np.stack([up, 0 * up], 1), 44100)
    samples, notices = read_speech(path)
    n = min(len(samples), len(seven()))
    assert abs(len(samples) - len(seven())) <= 1
    np.testing.assert_allclose(samples[400 : n - 400], 0.5 * seven()[400 : n - 400], atol=0.01)
    assert notices == [f"{path}: 2 channels were mixed into one"]


def test_silence_and_an_empty_file_are_said(tmp_path):
    for name, length in (("silent", 8000), ("empty", 0)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.zeros(length), 8000)
        samples, notices = read_speech(path)
        assert len(samples) == length
        assert notices == [f"{path}: silent, there is nothing to hear in it"]


def test_a_low_rate_is_said(tmp_path):
    path = tmp_path / "low.wav"
    soundfile.write(path, seven()[::2], 4000)
    samples, notices = read_speech(path)
    assert len(samples) == 2 * len(seven()[::2])
    assert "4000 samples a second, less than the 8000" in notices[0]


def test_a_wav_that_was_cut_short_is_read_and_said(tmp_path):
    path = tmp_path / "cut.wav"
    path.write_bytes(SEVEN.read_bytes()[:5001])
    samples, notices = read_speech(path)
    np.testing.assert_array_equal(samples, seven()[: len(samples)])
    assert len(samples) > 2000
    assert "cut short" in notices[0]


def flac(samples):
    data = io.BytesIO()
    soundfile.write(data, samples, 8000, format="FLAC")
    return data.getvalue()


def float_wav(samples):
    data = io.BytesIO()
    soundfile.write(data, samples, 8000, format="WAV", subtype="FLOAT")
    return data.getvalue()


BROKEN = {
    "empty": b"",
    "text": b"RIFF, but no sound\n" * 20,
    "no-data": SEVEN.read_bytes()[:30],
    "half-a-flac": flac(np.random.default_rng(0).uniform(-0.5, 0.5, 60_000))[:40_000],
    "not-a-number": float_wav(np.where(np.arange(4000) == 777, np.nan, 0.1)),
    "rate": SEVEN.read_bytes()[:24] + struct.pack("<I", 1000) + SEVEN.read_bytes()[28:],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_sentence_with_its_name(tmp_path, name):
    path = tmp_path / f"{name}.wav"
    path.write_bytes(BROKEN[name])
    with pytest.raises(ValueError, match=rf"{name}\.wav: ") as caught:
        read_speech(path)
    assert "\n" not in str(caught.value)


def test_the_place_of_a_number_that_is_none_is_said(tmp_path):
    path = tmp_path / "nan.wav"
    path.write_bytes(BROKEN["not-a-number"])
    with pytest.raises(ValueError, match="sample 777"):
        list(SpeechFile(path).blocks(0.01))


@pytest.mark.parametrize("name", ["nothing.wav", ""])
def test_a_missing_file_is_said(tmp_path, name):
    with pytest.raises(ValueError, match="there is no such file"):
        read_speech(tmp_path / name)


def test_a_recording_longer_than_allowed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.io.speech.MAX_MINUTES", 0.001)
    with pytest.raises(ValueError, match="minutes: at most"):
        read_speech(SEVEN)


def test_without_its_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(ValueError, match=r"pip install 'seqgen\[audio\]'"):
        read_speech(SEVEN)


def test_raw_samples_come_as_they_are_and_half_a_one_is_said():
    sound = np.array([0, 1, -32768, 32767], "<i2")
    notices = []
    blocks = list(raw_blocks(io.BytesIO(sound.tobytes() + b"x"), 3, notices))
    np.testing.assert_array_equal(np.concatenate(blocks), sound.astype(np.float32) / 32768)
    assert max(map(len, blocks)) <= 3
    assert len(notices) == 1
    assert "half a sample" in notices[0]


def test_raw_silence_is_said():
    notices = []
    assert list(raw_blocks(io.BytesIO(b""), 3, notices)) == []
    assert "silent" in notices[0]
