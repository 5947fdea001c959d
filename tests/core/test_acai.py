"""ACAI's parts against their definitions: mixtures, the two losses, and where gradients go."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, nn

from seqgen.core.acai import aside, critic_loss, fooling_loss, frozen, mixture
from seqgen.tasks.latent import slerp


def codes(rows=7, size=5):
    rng = Generator().manual_seed(3)
    return (torch.randn(rows, size, generator=rng, dtype=torch.float64) for _ in range(2))


def test_a_straight_mixture_is_the_paper_s():
    a, b = codes()
    alpha = torch.rand(len(a), dtype=torch.float64) / 2
    torch.testing.assert_close(
        mixture(a, b, alpha, "lerp"), a + alpha[:, None] * (b - a), rtol=1e-12, atol=1e-12
    )


def test_a_turned_mixture_is_a_step_of_the_path_that_is_played():
    a, b = codes()
    for share in (0.0, 0.1, 0.37, 0.5):
        alpha = torch.full((len(a),), share, dtype=torch.float64)
        played = [
            slerp(x, y, torch.tensor([share], dtype=torch.float64))[0] for x, y in zip(a, b, strict=True)
        ]
        torch.testing.assert_close(mixture(a, b, alpha, "slerp"), torch.stack(played), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("way", ["slerp", "lerp"])
def test_codes_that_are_equal_opposite_or_zero_have_mixtures_and_gradients(way):
    a = torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0], [0.0, 0.0]], requires_grad=True)
    b = torch.tensor([[1.0, 2.0], [-1.0, -2.0], [3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    mixed = mixture(a, b, torch.full((4,), 0.25), way)
    torch.testing.assert_close(mixed[0], a[0].detach(), rtol=1e-3, atol=1e-3)
    mixed.sum().backward()
    for x in (mixed, a.grad, b.grad):
        assert x.isfinite().all()


def test_the_losses_are_those_of_the_equations():
    mixed, alpha, blended = [0.3, -0.1, 0.5], [0.1, 0.4, 0.5], [0.2, 0.0, -0.4]
    expected = sum((m - a) ** 2 for m, a in zip(mixed, alpha, strict=True)) / 3
    expected += sum(d**2 for d in blended) / 3
    tensors = (torch.tensor(x, dtype=torch.float64) for x in (mixed, alpha, blended))
    assert critic_loss(*tensors).item() == pytest.approx(expected, rel=1e-12)
    charged = fooling_loss(torch.tensor(mixed, dtype=torch.float64)).item()
    assert charged == pytest.approx(sum(m**2 for m in mixed) / 3, rel=1e-12)


def test_a_frozen_critic_passes_gradients_on_and_takes_none():
    critic = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
    x = torch.randn(5, 4, requires_grad=True)
    frozen(critic, x).square().sum().backward()
    given = x.grad.clone()
    assert all(parameter.grad is None for parameter in critic.parameters())
    assert all(parameter.requires_grad for parameter in critic.parameters())
    x.grad = None
    critic(x).square().sum().backward()
    torch.testing.assert_close(given, x.grad)


def test_draws_aside_do_not_move_the_generator():
    rng = Generator().manual_seed(5)
    first = torch.rand(4, generator=aside(rng))
    assert torch.equal(first, torch.rand(4, generator=aside(rng)))
    after = torch.rand(4, generator=rng)
    assert torch.equal(after, torch.rand(4, generator=Generator().manual_seed(5)))
    assert not torch.equal(first, after)
    assert not torch.equal(first, torch.rand(4, generator=aside(rng)))
    assert aside(None) is None
