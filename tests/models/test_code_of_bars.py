"""Codes that have a part for each bar."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Generator

from seqgen.models.music_vae import MusicVAE, Objective
from tests.models.test_music_vae import small, windows


def test_a_code_of_bars_keeps_each_bar_in_its_place():
    """Number u of the parts of z reaches the direct plan of bar u alone; the posterior has one part a bar."""
    config = replace(small("hierarchical"), code="bars")
    model = MusicVAE(config)
    z = torch.randn(1, 6, requires_grad=True)
    segments = model.decoder.core.planner(z).segments  # its recurrent correction starts at zero
    segments[:, 1].sum().backward()
    assert (z.grad[0] != 0).tolist() == [False, False, True, True, False, False]
    assert model.encode(windows(config)).mean.shape == (4, 6)
    assert model.encoder.mean.out_features == 2
    losses = model.losses(windows(config), Objective(), Generator().manual_seed(0))
    losses.loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(ValueError, match="code: bars needs"):
        replace(small("flat"), code="bars")
    with pytest.raises(ValueError, match="code: bars needs"):
        replace(small("hierarchical", plan="recurrent"), code="bars")


@pytest.mark.parametrize("plan", ["recurrent", "direct"])
def test_a_flat_decoder_of_a_code_of_bars_reads_all_of_it(plan):
    """Planned directly, each bar is fed its own part, and the one long bar starts from the whole code."""
    config = replace(small("hierarchical", decoder="flat", plan=plan), code="bars")
    model = MusicVAE(config)
    losses = model.losses(windows(config), Objective(), Generator().manual_seed(0))
    losses.loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    z = torch.randn(1, 6, requires_grad=True)
    assert torch.equal(model.decode(z), model.decode(z))
    if plan == "direct":
        plans = model.decoder.core.planner(z)
        assert torch.equal(plans.bars, z[:, None])
        assert plans.segments.shape == (1, 1, 12, 4)
        for bar in range(3):
            (own,) = torch.autograd.grad(
                plans.segments[0, 0, 4 * bar : 4 * bar + 4].sum(), z, retain_graph=True
            )
            assert (own[0] != 0).tolist() == [part == bar for part in (0, 0, 1, 1, 2, 2)]


def attending(config):
    encoder, decoder = replace(config.encoder, bar_attention=8), replace(config.decoder, bar_attention=8)
    return replace(config, encoder=encoder, decoder=decoder)


def test_attention_over_bars_changes_nothing_before_it_has_learned():
    config = replace(small("hierarchical"), code="bars")
    plain, more = MusicVAE(config), MusicVAE(attending(config))
    more.load_state_dict(more.state_dict() | plain.state_dict())
    token = windows(config)
    for a, b in zip(plain.encode(token), more.encode(token), strict=True):
        assert torch.equal(a, b)
    z = torch.randn(4, 6)
    assert torch.equal(plain.log_prob(token, z), more.log_prob(token, z))


def test_with_attention_a_bar_can_answer_to_the_code_of_any_other():
    """Also of a later one: plans are made before the first token."""
    config = attending(replace(small("hierarchical"), code="bars"))
    model = MusicVAE(config)
    losses = model.losses(windows(config), Objective(), Generator().manual_seed(0))
    losses.loss.backward()
    for attention in (model.encoder.across, model.decoder.core.planner.attention):
        assert attention.out.weight.grad.abs().sum() > 0
        torch.nn.init.normal_(attention.out.weight)
    z = torch.randn(1, 6, requires_grad=True)
    for bar in range(3):
        segments = model.decoder.core.planner(z).segments
        (own,) = torch.autograd.grad(segments[:, bar].sum(), z)
        assert (own != 0).all()
    token = windows(config)
    other = token.clone()
    other[:, -1] = (token[:, -1] + 1) % config.vocabulary_size
    assert (model.encode(token).mean[:, :2] != model.encode(other).mean[:, :2]).all()


def test_attention_over_bars_needs_bars_with_codes():
    config = replace(small("hierarchical"), code="bars")
    with pytest.raises(ValueError, match="bar_attention needs code: bars"):
        attending(small("hierarchical"))
    with pytest.raises(ValueError, match="bar_attention needs code: bars"):
        attending(replace(small("hierarchical", decoder="flat"), code="bars"))
    with pytest.raises(ValueError, match=r"encoder.bar_attention must be a multiple of 4"):
        replace(config, encoder=replace(config.encoder, bar_attention=6))
