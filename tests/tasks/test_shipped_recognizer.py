"""The shipped recogniser on real recordings that it has not learned from, whatever file they come in."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torchaudio.functional import resample

from seqgen.cli.main import main
from seqgen.io.speech import read_speech
from seqgen.tasks.recognition import load_recognizer
from seqgen.tasks.shipped import SHIPPED

DIGITS = Path(__file__).parents[1] / "fixtures" / "digits"
SAID = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module")
def model():
    return load_recognizer("digits-mocha")


def said(digits, pause=0.25):
    """Recordings with pauses over a faint noise, and the second at which each of them is over."""
    silence = np.zeros(round(8000 * pause), np.float32)
    parts, ends = [silence], []
    for digit in digits:
        parts += [read_speech(DIGITS / f"{digit}_jackson_0.wav")[0], silence]
        ends.append(sum(map(len, parts[:-1])) / 8000)
    sound = np.concatenate(parts)
    return sound + 1e-3 * np.random.default_rng(0).standard_normal(len(sound), np.float32), ends


@pytest.mark.parametrize("digits", [SAID, [9, 2, 6], [8, 0, 7], [5, 5, 5, 5]])
def test_digits_are_heard_soon_after_they_are_said(model, digits):
    samples, ends = said(digits)
    words = list(model.stream(samples[at : at + 320] for at in range(0, len(samples), 320)))
    assert [int(word.text) for word in words] == digits
    assert all(-0.5 < word.seconds - end < 0.25 for word, end in zip(words, ends, strict=True))


def test_a_stereo_flac_at_44100_hz_is_heard_too(model, tmp_path, capsys):
    samples, _ = said(SAID)
    up = resample(torch.from_numpy(samples), 8000, 44100).numpy().clip(-1, 1)
    path = tmp_path / "said.flac"
    soundfile.write(path, np.stack([up, up], 1), 44100)
    assert main(["transcribe", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.split() == [str(digit) for digit in SAID]
    assert "2 channels were mixed into one" in err


def test_a_moment_of_noise_says_nothing(model):
    noise = 1e-3 * np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    assert list(model.stream([noise])) == []


def test_the_card_carries_licence_and_attribution(model):
    for part in (
        "CC BY-SA 4.0",
        "Free Spoken Digit Dataset",
        "Zohar Jackson",
        "Signature: `model:digits-mocha@",
    ):
        assert part in model.card
    assert (SHIPPED / "digits-mocha" / "model.safetensors").stat().st_size < 3_000_000
