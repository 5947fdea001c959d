"""MusicVAE in the ways of Magenta's: what its checkpoints need that our own models leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Generator

from seqgen.core import Sampling
from seqgen.models.music_vae import (
    DecoderConfig,
    EncoderConfig,
    MusicVAE,
    MusicVAEConfig,
    Objective,
)
from seqgen.models.music_vae.config import EventsConfig
from tests.models.test_music_vae import windows


def magenta(head: str, size: int, **more) -> MusicVAEConfig:
    """With all that Magenta's MusicVAE does in another way: tokens as they are, nothing learned between."""
    return MusicVAEConfig(
        bars=3,
        latent=6,
        head=head,
        vocabulary_size=size,
        first_onset=1,
        embedding=0,
        nade_hidden=4,
        least_std=0.0,
        encoder=EncoderConfig(
            "hierarchical", "final", 7, bar_width=14, bar_layer=False, tokens=more.pop("tokens", "as written")
        ),
        decoder=DecoderConfig(
            "hierarchical", "recurrent", width=9, conductor_width=8, conductor_reads="nothing", carry=True
        ),
        **more,
    )


@pytest.mark.parametrize(
    "config",
    [
        magenta("categorical", 90),
        magenta("categorical", 90, controls=2),
        magenta("categorical", 512, tokens="roll"),
        magenta("nade", 512, tokens="roll"),
        magenta("nade", 512),
        magenta("bernoulli", 512),
    ],
    ids=["melody", "chords", "drums", "nade", "nade as written", "bernoulli"],
)
def test_magentas_ways_train_every_weight_and_decode(config):
    model = MusicVAE(config)
    token, lengths = windows(config), torch.tensor([[16, 3, 0], [16, 16, 16], [1, 2, 3], [0, 0, 0]])
    controls = torch.rand(4, config.steps, 2) if config.controls else None
    spoilt = Objective(input_dropout=0.3, sampling_rate=0.3)
    losses = model.losses(token, spoilt, Generator().manual_seed(0), controls=controls, lengths=lengths)
    losses.loss.backward()
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()
    ] == []
    music = model.decode(torch.randn(4, 6), Sampling(1.0), Generator().manual_seed(0), controls=controls)
    assert music.shape == token.shape
    assert 0 <= music.min() <= music.max() < config.vocabulary_size


def test_nothing_past_a_bars_length_is_read_or_counted():
    model = MusicVAE(magenta("categorical", 90)).eval()
    token, lengths = windows(model.config), torch.tensor([[16, 3, 0], [16, 16, 16], [1, 2, 3], [0, 0, 0]])
    there = (torch.arange(16) < lengths[..., None]).flatten(1)
    other = torch.where(there, token, (token + 1) % 90)
    z = torch.randn(4, 6)
    torch.testing.assert_close(
        model.encode(other, lengths=lengths).mean, model.encode(token, lengths=lengths).mean
    )
    log_prob = model.log_prob(token, z, lengths=lengths)
    torch.testing.assert_close(model.log_prob(other, z, lengths=lengths), log_prob)
    assert (log_prob[~there] == 0).all()
    assert (log_prob[there] != 0).all()
    by_row = torch.tensor([19, 48, 1, 0])
    by_bar = torch.tensor([[16, 3, 0], [16, 16, 16], [1, 0, 0], [0, 0, 0]])
    torch.testing.assert_close(
        model.encode(token, lengths=by_row).mean, model.encode(token, lengths=by_bar).mean
    )


def test_bars_that_say_where_they_end_are_read_so_far_and_written_so_far():
    config = magenta("categorical", 90, events=EventsConfig(end=5))
    model, plain = MusicVAE(config).eval(), MusicVAE(replace(config, events=None)).eval()
    plain.load_state_dict(model.state_dict())
    token = windows(config).clone()
    token[token == 5] = 6
    token[:, 3] = token[1, 16] = token[2, 47] = 5
    lengths = torch.tensor([[4, 16, 16], [4, 1, 16], [4, 16, 16], [4, 16, 16]])
    torch.testing.assert_close(model.encode(token).mean, plain.encode(token, lengths=lengths).mean)
    z = torch.randn(4, 6)
    torch.testing.assert_close(model.log_prob(token, z), plain.log_prob(token, z, lengths=lengths))
    torch.nn.init.constant_(model.decoder.head.logits.bias[5:6], 2.0)
    music = model.decode(z, Sampling(1.0), Generator().manual_seed(1)).unflatten(1, (3, 16))
    ended = (music == 5).long().cumsum(2) > 0
    assert 0 < ended.sum() < ended.numel()
    assert (music[ended] == 5).all()


def test_magentas_ways_are_checked():
    with pytest.raises(ValueError, match=r"decoder\.carry needs decoder\.kind"):
        MusicVAEConfig(decoder=DecoderConfig("flat", carry=True))
    with pytest.raises(ValueError, match="roll needs embedding: 0"):
        MusicVAEConfig(encoder=EncoderConfig(tokens="roll"))
    with pytest.raises(ValueError, match="bar_width must be 512"):
        MusicVAEConfig(encoder=EncoderConfig("hierarchical", "final", bar_layer=False))
    with pytest.raises(ValueError, match="least_std must be at least 0"):
        MusicVAEConfig(least_std=-0.1)
