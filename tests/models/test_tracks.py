"""A code a track: what belongs to one track reaches no other, and what lies behind an end does not count."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Generator

from seqgen.core import GREEDY, Sampling
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig, Objective
from seqgen.models.music_vae.config import EventsConfig
from seqgen.models.music_vae.diagnosis import diagnose
from seqgen.models.music_vae.tracks import counted, replace_track, times, until_end
from seqgen.representation.track_grammar import TrackGrammar

END = 11
SMALL = MusicVAEConfig(
    bars=3,
    steps_per_bar=8,
    vocabulary_size=12,
    first_onset=0,
    latent=3 * 2 + 4,
    shared=4,
    code="tracks",
    events=EventsConfig(end=END, clock=6, steps=4, parts=2),
    embedding=5,
    encoder=EncoderConfig("hierarchical", width=7, bar_width=8),
    decoder=DecoderConfig("hierarchical", width=9, plan_size=3),
)


def small(**more) -> MusicVAE:
    torch.manual_seed(1)
    return MusicVAE(replace(SMALL, **more))


def windows(count: int = 4) -> torch.Tensor:
    """Tracks that end at all places, empty ones among them, with ends behind the end."""
    rng = Generator().manual_seed(3)
    token = torch.randint(END, (count * 3, 8), generator=rng)
    lengths = torch.randint(8, (count * 3,), generator=rng)
    lengths[:2] = torch.tensor([0, 7])
    return torch.where(torch.arange(8) < lengths[:, None], token, END).reshape(count, 24)


def test_every_weight_trains():
    model, token = small(controls=2), windows()
    controls = torch.rand(4, 24, 2)
    losses = model.losses(
        token, Objective(input_dropout=0.3, sampling_rate=0.3), Generator().manual_seed(0), controls=controls
    )
    losses.loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []


@torch.no_grad()
def test_only_tokens_up_to_each_end_count():
    model, token = small(), windows()
    z = model.encode(token).mean
    real = counted(token, SMALL)
    assert real.reshape(-1, 8).sum(1).tolist() == until_end(token.reshape(-1, 8), END).tolist()
    log_prob = model.log_prob(token, z)
    whole, _ = model.decoder.log_prob(token, model.decoder.init_state(4, z))
    torch.testing.assert_close(log_prob[real], whole[real])
    assert (log_prob[~real] == 0).all()
    spoilt = torch.where(real, token, 3)
    torch.testing.assert_close(model.encode(spoilt).mean, z)
    torch.testing.assert_close(model.log_prob(spoilt, z), log_prob)
    assert diagnose(model, token, Generator().manual_seed(0)).cross_entropy > 0


@torch.no_grad()
def test_each_row_is_read_as_if_alone():
    model, token = small(), windows()
    together = model.encode(token)
    for row in range(4):
        torch.testing.assert_close(model.encode(token[row : row + 1]).mean[0], together.mean[row])


@torch.no_grad()
def test_a_tracks_own_code_depends_on_it_alone():
    model, token = small(), windows()
    other = token.clone()
    other[:, 16:] = windows(5)[1:, 16:]
    a, b = model.encode(token), model.encode(other)
    torch.testing.assert_close(a.mean[:, :4], b.mean[:, :4])
    assert not torch.allclose(a.mean[:, 4:], b.mean[:, 4:])


@pytest.mark.parametrize("how", [GREEDY, Sampling(1.0), Sampling(3.0)], ids=str)
@torch.no_grad()
def test_the_other_tracks_of_a_replaced_one_keep_their_tokens_to_the_bit(how):
    config = replace(
        SMALL, bars=8, steps_per_bar=64, vocabulary_size=490, latent=8 * 4 + 3, shared=3,
        events=EventsConfig(),
    )  # fmt: skip
    torch.manual_seed(2)
    model = MusicVAE(config)
    for parameter in model.decoder.parameters():
        parameter *= 3  # so that tokens depend strongly on the code
    rng = Generator().manual_seed(0)
    z, uniform = torch.randn(6, 35, generator=rng), torch.rand(6, 512, 1, generator=rng)
    before = model.decode(z, how, uniform=uniform, grammar=TrackGrammar()).reshape(6, 8, 64)
    for track in (0, 3, 7):
        new = replace_track(z, track, torch.randn(6, 4, generator=rng), config)
        after = model.decode(new, how, uniform=uniform, grammar=TrackGrammar()).reshape(6, 8, 64)
        others = [k for k in range(8) if k != track]
        assert torch.equal(after[:, others], before[:, others])
        assert not torch.equal(after[:, track], before[:, track])
    shared = torch.cat([z[:, :32], torch.randn(6, 3, generator=rng)], 1)
    moved = model.decode(shared, how, uniform=uniform, grammar=TrackGrammar()).reshape(6, 8, 64)
    assert (moved != before).any(2).sum() > 6  # what is shared bears on every track


@torch.no_grad()
def test_generation_agrees_with_teacher_forcing_and_fills_up_with_ends():
    model = small()
    z = torch.randn(5, 10, generator=Generator().manual_seed(0))
    token = model.decode(z)
    real = counted(token, SMALL)
    assert (token[~real] == END).all()
    y, _ = model.decoder.hidden(token, model.decoder.init_state(5, z))
    assert torch.equal(model.decoder.head.logits(y).argmax(-1)[real], token[real])


def test_the_time_of_events_is_that_before_them():
    events = EventsConfig(end=END, clock=6, steps=4, parts=2)
    assert times(torch.tensor([[0, 6, 1, 8, 2, 11]]), events).tolist() == [[0, 0, 1, 1, 4, 4]]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"events": None}, "needs events"),
        ({"code": "window"}, "need code: tracks"),
        ({"shared": 5}, "3 tracks divide"),
        ({"head": "bernoulli", "vocabulary_size": 16}, "code: tracks needs"),
        ({"events": EventsConfig(end=12, clock=6, steps=4, parts=2)}, "below 12"),
    ],
    ids=str,
)
def test_a_config_that_contradicts_itself_is_refused(more, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **more)


def test_parts_and_tracks_are_checked():
    with pytest.raises(ValueError, match="parts must divide"):
        EventsConfig(steps=96, parts=7)
    with pytest.raises(ValueError, match="track must be 0 to 2"):
        replace_track(torch.zeros(1, 10), 3, torch.zeros(1, 2), SMALL)
    with pytest.raises(ValueError, match="not one of tracks"):
        replace_track(torch.zeros(1, 128), 0, torch.zeros(1, 2), MusicVAEConfig())
