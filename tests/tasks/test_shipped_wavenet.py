"""The shipped WaveNet of sound: what it was trained on is better explained by it than by chance."""

from __future__ import annotations

import json

import numpy as np
import pytest

import seqgen
from seqgen.data.takes import read_corpus
from seqgen.models.audio_wavenet import bits
from seqgen.tasks.shipped import SHIPPED
from seqgen.training.audio import take_nats
from tests.tasks.small_audio import DIGITS

FOLDER = SHIPPED / "digits-wavenet"


@pytest.fixture(scope="module")
def model():
    return seqgen.load("digits-wavenet")


def test_a_take_that_it_has_not_learned_from_costs_few_bits_and_fewer_with_its_own_digit(model):
    (take,) = read_corpus(DIGITS, "test", model.sound, limit=1)
    found = [take_nats(model.wavenet, [take._replace(digit=digit)], 8000)[0] for digit in range(10)]
    assert bits(found[take.digit]) / len(take.codes) < 5.5
    assert found[take.digit] < np.median(found)


def test_it_samples_at_its_level(model):
    sound = model.sample("7", "jackson", seed=1, seconds=0.02)
    assert len(sound) == 160
    assert 0 < np.abs(sound).max() <= 1


def test_a_speaker_it_does_not_know_is_said(model):
    with pytest.raises(ValueError, match="expected one of george, jackson, lucas, nicolas, yweweler"):
        model.sample("7", "theo")


def test_the_card_carries_licence_attribution_and_figures(model):
    for part in ("CC BY-SA 4.0", "Free Spoken Digit Dataset", "Zohar Jackson", "Signature: `model:digits-"):
        assert part in model.card
    figures = json.loads((FOLDER / "evaluation.json").read_text())
    assert figures["bits_per_sample"] < figures["baseline"]["trigram"] < figures["baseline"]["unigram"]
    assert f"{figures['bits_per_sample']:.3f}" in model.card
    assert (FOLDER / "model.safetensors").stat().st_size < 3_000_000
