"""Mu-law codes: there and back within a step, silence is one code, and what is not known is said."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.representation.mulaw import CODES, SILENCE, MuLawConfig, decode, encode


def test_codes_come_back_and_the_error_is_small_where_it_is_quiet():
    assert np.array_equal(encode(decode(np.arange(CODES, dtype=np.uint8))), np.arange(CODES))
    sound = np.linspace(-1, 1, 4001, dtype=np.float32)
    error = np.abs(decode(encode(sound)) - sound)
    assert error.max() < 0.025
    assert error[np.abs(sound) < 0.01].max() < 0.0006


def test_codes_are_in_order_of_the_samples():
    assert (np.diff(decode(np.arange(CODES))) > 0).all()


def test_silence_is_one_code_and_comes_back_as_silence():
    assert (encode(np.zeros(3, np.float32)) == SILENCE).all()
    assert (decode(np.full(3, SILENCE)) == 0).all()


def test_what_lies_beyond_full_scale_is_clipped():
    assert encode(np.array([-3.0, 3.0], np.float32)).tolist() == [0, CODES - 1]


def test_a_code_outside_is_said():
    with pytest.raises(ValueError, match="expected 0 to 255, got 0 to 256"):
        decode(np.array([0, 256]))


def test_names_are_classes_and_unknown_ones_are_said_with_the_known():
    sound = MuLawConfig(speakers=("ann", "bob"))
    assert (sound.digit("7"), sound.speaker("bob"), sound.speaker(None)) == (7, 1, -1)
    with pytest.raises(ValueError, match=r"speaker: 'eve' is not known: expected one of ann, bob"):
        sound.speaker("eve")
    with pytest.raises(ValueError, match="the model was not told any"):
        MuLawConfig().speaker("ann")


@pytest.mark.parametrize("settings", [{"speakers": ("a", "a")}, {"digits": ("one two",)}, {"sample_rate": 1}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        MuLawConfig(**settings)
