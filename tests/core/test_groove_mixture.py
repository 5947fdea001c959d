"""The groove mixture: it is a distribution, draws follow it, and its median has the least absolute error."""

from __future__ import annotations

import pytest
import torch

from seqgen.core import GREEDY, Sampling
from seqgen.core.groove_mixture import OFFSETS, VELOCITIES, GrooveMixture, off_line, on_line, towards_median


def mixture(given: bool) -> GrooveMixture:
    """The same weights, whatever was made before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return GrooveMixture(6, 2, 5, components=3, given=given)


HEAD, GIVEN = mixture(given=False), mixture(given=True)
VELOCITY = torch.arange(1, VELOCITIES + 1) / VELOCITIES
OFFSET = torch.linspace(-1, 1, OFFSETS)


def y(rows: int) -> torch.Tensor:
    return 3 * torch.randn(1, 6, generator=torch.Generator().manual_seed(3)).expand(rows, 6)


def tokens(hit: list[float], velocity: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
    """[N, 6]: the first drum plays, the second stands still."""
    still = torch.full_like(velocity, 0.5)
    hits = torch.tensor(hit).expand(len(velocity), 2)
    return torch.stack([*hits.T, velocity, still, offset, still], -1)


def test_probabilities_sum_to_one():
    """Over all velocities and offsets of a hit, and over hits."""
    every = torch.cartesian_prod(VELOCITY, OFFSET)
    p = torch.sigmoid(HEAD.hits(y(1)))[0]
    silent = HEAD.log_prob(y(1), tokens([0.0, 0.0], VELOCITY[:1], OFFSET[:1])).exp()[0]
    torch.testing.assert_close(silent, (1 - p[0]) * (1 - p[1]))
    first = HEAD.log_prob(y(len(every)), tokens([1.0, 0.0], *every.T)).exp().sum()
    torch.testing.assert_close(first, p[0] * (1 - p[1]))
    given = GIVEN.log_prob(y(len(every)), tokens([1.0, 0.0], *every.T)).exp().sum()
    torch.testing.assert_close(given, torch.tensor(1.0))


@torch.no_grad()
def test_draws_follow_the_probabilities():
    rows = 40_000
    drawn = GIVEN.sample(y(rows), Sampling(), torch.rand(rows, 6, generator=torch.Generator().manual_seed(1)))
    assert bool((drawn[:, :2] == 1).all())
    share = torch.bincount((drawn[:, 2] * VELOCITIES).round().long(), minlength=128)[1:] / rows
    expected = torch.zeros(VELOCITIES)
    for number in range(VELOCITIES):
        some = VELOCITY[number].expand(OFFSETS)
        expected[number] = GIVEN.log_prob(y(OFFSETS), tokens([1.0, 0.0], some, OFFSET)).exp().sum()
    torch.testing.assert_close(share, expected, atol=0.01, rtol=0)


@torch.no_grad()
def test_the_temperature_goes_from_the_median_to_wide():
    uniform = torch.rand(2000, 6, generator=torch.Generator().manual_seed(2))
    spread = []
    for temperature in (0.0, 0.5, 1.0, 2.0):
        drawn = GIVEN.sample(y(2000), Sampling(temperature), uniform)
        spread.append(float(drawn[:, 4].std()))
    assert spread[0] < 1e-6
    assert spread == sorted(spread)
    many = torch.rand(40_000, 6, generator=torch.Generator().manual_seed(2))
    normal = GIVEN.sample(y(len(many)), Sampling(), many)[:, 4]
    median = GIVEN.sample(y(1), GREEDY, torch.zeros(1, 6))[0, 4]
    errors = [(normal - guess).abs().mean() for guess in (median - 0.2, median, median + 0.2)]
    assert errors[1] == min(errors)


def test_equal_random_numbers_give_like_results():
    uniform = torch.tensor([0.1, 0.3, 0.7])
    assert towards_median(uniform, 0.0).tolist() == [0.5, 0.5, 0.5]
    torch.testing.assert_close(towards_median(uniform, 1.0), uniform)


def test_the_line_and_back():
    token = tokens([1.0, 1.0], VELOCITY[:121], OFFSET)
    velocity, offset = off_line(on_line(token, 2))
    torch.testing.assert_close(velocity, token[:, 2:4], atol=0.004, rtol=0)
    torch.testing.assert_close(offset, token[:, 4:].clamp(min=-0.999), atol=1e-5, rtol=0)


def test_what_is_not_hit_is_not_read():
    """Neither by the loss nor by the next step."""
    token = tokens([0.0, 1.0], VELOCITY[60:61], OFFSET[5:6])
    other = tokens([0.0, 1.0], VELOCITY[10:11], OFFSET[90:91])
    assert torch.equal(HEAD.embed(token), HEAD.embed(other))
    assert torch.equal(HEAD.log_prob(y(1), token), HEAD.log_prob(y(1), other))
    token[:, 0] = other[:, 0] = 1
    assert not torch.equal(HEAD.embed(token), HEAD.embed(other))
    assert not torch.equal(HEAD.log_prob(y(1), token), HEAD.log_prob(y(1), other))


@pytest.mark.parametrize("head", [HEAD, GIVEN], ids=["hits", "given"])
def test_start_and_blank_are_no_tokens(head):
    start = head.starts(1, torch.device("cpu"))
    assert not torch.equal(head.embed(start), head.embed(torch.full_like(start, head.blank)))
    assert torch.equal(head.embed(start)[0], head.embedding.special[0])
