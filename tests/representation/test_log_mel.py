"""Features: a stream's are the whole's, nothing comes from the future, gain matters little."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.representation.log_mel import LogMel, LogMelConfig
from seqgen.representation.speech import SpeechConfig

CONFIG = LogMelConfig()
LOG_MEL = LogMel(CONFIG)


def sound(samples, rows=2):
    return 0.1 * torch.randn(rows, samples, generator=torch.Generator().manual_seed(samples))


@settings(max_examples=15)
@given(samples=st.integers(0, 6000), cuts=st.lists(st.integers(0, 2000), min_size=1, max_size=5))
def test_how_a_recording_is_cut_changes_nothing(samples, cuts):
    x = sound(samples)
    state, parts, at = LOG_MEL.init_state(2), [], 0
    for size in [*cuts, samples]:
        frames, state = LOG_MEL.feed(x[:, at : at + size], state)
        parts.append(frames)
        at += size
    streamed = torch.cat([*parts, LOG_MEL.finish(state)], 1)
    whole = LOG_MEL.whole(x)
    assert whole.shape == (2, LOG_MEL.frames(samples), CONFIG.size)
    torch.testing.assert_close(streamed, whole, rtol=1e-5, atol=1e-5)


def test_a_frame_needs_the_samples_that_seconds_says_and_no_later_one():
    x = sound(4000)
    first = LOG_MEL.whole(x)
    frame = 5
    heard = round(LOG_MEL.seconds(frame) * CONFIG.sample_rate)
    later, sooner = x.clone(), x.clone()
    later[:, heard:] = 0
    sooner[:, : heard - CONFIG.fft // 2] = 0
    torch.testing.assert_close(LOG_MEL.whole(later)[:, : frame + 1], first[:, : frame + 1], rtol=0, atol=0)
    assert (LOG_MEL.whole(sooner)[:, frame] - first[:, frame]).abs().max() > 0.1


def test_a_frame_comes_as_soon_as_its_samples_are_there():
    x = sound(4000)
    heard = round(LOG_MEL.seconds(5) * CONFIG.sample_rate)
    for samples, frames in ((heard - 1, 5), (heard, 6)):
        assert LOG_MEL.feed(x[:, :samples], LOG_MEL.init_state(2))[0].shape[1] == frames


def test_a_padded_row_equals_itself_alone():
    x = sound(4000)
    x[1, 2500:] = 0
    alone = LOG_MEL.whole(x[1:, :2500])
    torch.testing.assert_close(LOG_MEL.whole(x)[1:, : alone.shape[1]], alone, rtol=1e-5, atol=1e-5)


def test_gain_is_forgotten():
    """Ten times as loud: 4.6 nats at first, next to nothing once the running mean knows."""
    x = sound(8000 * 12, rows=1)
    difference = (LOG_MEL.whole(x) - LOG_MEL.whole(0.1 * x)).abs().mean((0, 2))
    assert difference[0] > 1
    assert difference[-10:].max() < 0.1


def test_the_columns_are_torchaudios_before_the_mean_is_taken_off():
    """The running mean by its definition, column by column."""
    x = sound(2000, rows=1)
    column = (LOG_MEL._transform(x) + 1e-5).log()[0].T
    mean = torch.full((CONFIG.mels,), -11.5)
    frames = LOG_MEL.whole(x)[0].reshape(-1, CONFIG.mels)
    for number in range(12):
        mean = mean + (column[number] - mean) / (number + 10)
        torch.testing.assert_close(frames[number], (column[number] - mean) / 3.0, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_rate": 10}, "sample_rate"),
        ({"hop": 300}, "hop <= window"),
        ({"mels": 200}, "mels"),
        ({"stack": 0}, "stack"),
    ],
)
def test_numbers_that_make_no_features_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LogMelConfig(**settings)


def test_symbols_there_and_back():
    speech = SpeechConfig()
    assert speech.encode(" 7 0  1 ") == [7, 0, 1]
    assert speech.decode([7, 0, 1]) == "7 0 1"
    with pytest.raises(ValueError, match="'ten' is not a symbol; the symbols are 0, 1"):
        speech.encode("1 ten")


@pytest.mark.parametrize("symbols", [(), ("a b",), ("a", "a"), ("",)])
def test_symbols_must_be_words(symbols):
    with pytest.raises(ValueError, match="symbols must be"):
        SpeechConfig(symbols=symbols)
