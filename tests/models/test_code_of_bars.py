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
