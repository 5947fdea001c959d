"""The WaveNet of sound: crops are parts of their takes, and what it is told reaches it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator

from seqgen.data.takes import Crop, Take, whole
from seqgen.models.audio_wavenet import AudioWaveNet, AudioWaveNetConfig
from seqgen.training.audio import take_nats, tensors
from tests.tasks.small_audio import SMALL, VOCODER, small_wavenet

CONFIGS = {
    "timing": SMALL,
    "unguided": replace(SMALL, guide="none"),
    "logistic": replace(SMALL, head="logistic"),
    "told-nothing": replace(SMALL, digits=0, speakers=0),
    "vocoder": VOCODER,
}


def take(length=400, digit=3, speaker=1):
    rng = np.random.default_rng(length)
    return Take(rng.integers(256, size=length).astype(np.uint8), digit, speaker, "")


def batch_of(model, *crops):
    return tensors(crops, model.config, 8000)


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS.keys())
def model(request):
    return small_wavenet(request.param).double()


def doubled(batch):
    return batch if batch.features is None else batch._replace(features=batch.features.double())


def test_a_crop_with_its_context_is_a_part_of_its_take(model):
    """The context is what the model looks back at, no more; in a batch with one that needs none."""
    long, short = take(400), take(170, digit=1)
    begin = 250
    reach = AudioWaveNet.reach(model.config)
    assert reach == model.decoder.core.voice.receptive_field if model.guide else True
    parts = [Crop(long, begin - reach, begin, 330), whole(short)]
    whole_take = model.log_prob(doubled(batch_of(model, whole(long), whole(short))))
    cropped = model.log_prob(doubled(batch_of(model, *parts)))
    torch.testing.assert_close(cropped[0, :80], whole_take[0, begin:330])
    torch.testing.assert_close(cropped[1, :170], whole_take[1, :170])


def test_without_its_context_it_would_not_be():
    model, long = small_wavenet().double(), take(400)
    right = model.log_prob(batch_of(model, whole(long)))[0, 250:255]
    wrong = model.log_prob(batch_of(model, Crop(long, 250, 250, 330)))[0, :5]
    assert (right - wrong).abs().min() > 1e-6


def test_gradients_reach_everything_from_a_crop():
    torch.manual_seed(0)
    model = AudioWaveNet(SMALL)
    crops = [Crop(take(400), 235, 250, 330), whole(take(170, digit=1, speaker=0))]
    model.losses(batch_of(model, *crops), 0.0, Generator().manual_seed(0)).loss.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert all((model.digit.weight.grad[row] != 0).any() == (row in (1, 3)) for row in range(11))


@pytest.mark.parametrize("change", [{"digit": 4}, {"speaker": 0}, {"digit": -1}, {"speaker": -1}])
def test_digit_speaker_and_their_absence_reach_every_sample(change):
    model, one = small_wavenet(), take()
    other = one._replace(**change)
    a, b = model.log_prob(batch_of(model, whole(one), whole(other)))
    assert (a != b).float().mean() > 0.9


def test_the_place_in_the_take_reaches_it_before_anything_is_heard():
    """The same first sample, in takes that will last 200 and 4000 samples."""
    model = small_wavenet()
    batch = batch_of(model, whole(take(200)), whole(take(4000)))
    batch.codes[:, 0] = 7
    first = model.log_prob(batch)[:, 0]
    assert first[0] != first[1]


def test_hidden_conditioning_is_drawn_from_the_generator():
    model, batch = small_wavenet(), batch_of(small_wavenet(), whole(take()))
    told, hidden = (model.losses(batch, p, Generator().manual_seed(1)).nll for p in (0.0, 1.0))
    unknown = batch._replace(digit=torch.tensor([-1]), speaker=torch.tensor([-1]))
    assert told != hidden
    torch.testing.assert_close(hidden, model.losses(unknown, 0.0, Generator()).nll)


def test_durations_are_a_distribution_and_draws_follow_it():
    model = small_wavenet().double()
    cond = model.told(torch.tensor([2]), torch.tensor([0]))
    every = torch.arange(1, 60_000)
    p = model.duration_log_prob(cond.expand(len(every), -1), every).exp()
    assert p.sum().item() == pytest.approx(1, abs=0.01)
    drawn = model.draw_duration(cond.expand(5000, -1), torch.randn(5000, dtype=torch.float64))
    mean = float((p * every).sum())
    assert drawn.double().mean().item() == pytest.approx(mean, rel=0.05)


def test_bits_of_a_take_are_those_of_its_samples_and_its_duration():
    model, takes = small_wavenet(), [take(300), take(120, digit=0, speaker=0), take(200)]
    nats = take_nats(model, takes, 8000, rows=2)
    batch = batch_of(model, whole(takes[1]))
    cond = model.told(batch.digit, batch.speaker)
    expected = -model.log_prob(batch).sum() - model.duration_log_prob(cond, batch.duration)[0]
    assert nats[1] == pytest.approx(expected.item(), rel=1e-5)
    assert nats[0] / 300 / math.log(2) == pytest.approx(8, abs=0.8)


def test_a_vocoder_needs_its_features_and_has_no_duration():
    model = small_wavenet(VOCODER)
    cond = model.told(torch.tensor([-1]), torch.tensor([-1]))
    with pytest.raises(ValueError, match="features: expected"):
        model.init_state(cond)
    with pytest.raises(ValueError, match="as long as its features"):
        model.draw_duration(cond, torch.zeros(1))
    levels = [model.init_state(cond, features=torch.full((1, 3, 12), level)) for level in (0.0, 1.0)]
    soft, loud = (model.decoder.log_prob(torch.full((1, 60), 128), state)[0] for state in levels)
    assert (soft != loud).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dilations": ()}, "dilations must be 1 to 64 numbers"),
        ({"dilations": (0,)}, "dilations must be"),
        ({"kernel": 1}, "kernel and vocabulary_size"),
        ({"features": 5}, "guide: features"),
        ({"guide": "features"}, "features must be above 0"),
        ({"width": 0}, "width must be"),
        ({"speakers": -1}, "speakers must be"),
    ],
)
def test_shapes_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        AudioWaveNetConfig(**settings)
