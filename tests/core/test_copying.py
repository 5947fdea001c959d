"""A mixture that points back: a density, whose draws are its own, over codes that a core recalls."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from seqgen.core import GREEDY, LSTM, CopyMixture, Decoder, Recall, Sampling

LAGS, SIZE, WIDTH = 4, 2, 5


def make(size: int = SIZE) -> Decoder:
    torch.manual_seed(3)
    core = Recall(LSTM(size + 1 + LAGS, WIDTH, 0, feed_cond=False), LAGS)
    decoder = Decoder(core, CopyMixture(WIDTH, size, LAGS, copies=2, fresh=2)).double().eval()
    torch.nn.init.normal_(decoder.head.weights.weight, std=2.0)
    with torch.no_grad():
        decoder.head.kept.uniform_(0.3, 1.2)
    return decoder.requires_grad_(False)


def codes(rows: int, steps: int, size: int = SIZE, seed: int = 0):
    return torch.randn(rows, steps, size, generator=Generator().manual_seed(seed), dtype=torch.float64)


def frames(decoder: Decoder, z):
    return decoder.hidden(z, decoder.init_state(len(z), z[:, 0, :0]))[0]


def test_it_is_a_density():
    """The integral over a grid is 1, before any code can be pointed at and after."""
    decoder = make()
    y = frames(decoder, codes(1, 6))
    line = torch.arange(-12, 12, 0.04, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    for t in (0, 1, 5):
        p = decoder.head.log_prob(y[:, t].expand(len(grid), -1), grid).exp()
        assert p.sum() * 0.04**2 == pytest.approx(1, abs=1e-6)


def test_it_is_the_formula():
    decoder, z = make(), codes(2, 6)
    head, y = decoder.head, frames(decoder, z)
    for t in range(6):
        own = y[:, t, :WIDTH]
        logits = head.weights(own)
        parts = []
        for kind in range(2):
            for lag in range(LAGS):
                if lag < t:
                    normal = torch.distributions.Normal(
                        head.kept[kind] * z[:, t - 1 - lag], head.strays[kind].exp()
                    )
                    parts.append((logits[:, kind * LAGS + lag], normal.log_prob(z[:, t]).sum(-1)))
        mean, log_std = head.components(own).view(2, 2, 2, SIZE).unbind(1)
        for m in range(2):
            normal = torch.distributions.Normal(mean[:, m], log_std[:, m].exp())
            parts.append((logits[:, 2 * LAGS + m], normal.log_prob(z[:, t]).sum(-1)))
        weight = torch.stack([w for w, _ in parts], 1).log_softmax(1)
        expected = (weight + torch.stack([p for _, p in parts], 1)).logsumexp(1)
        torch.testing.assert_close(head.log_prob(y[:, t], z[:, t]), expected)


def test_draws_are_its_own():
    """The share of draws in each cell is the integral over it."""
    decoder = make(1)
    y = frames(decoder, codes(1, 6, 1))[:, 5]
    number = 40000
    uniform = torch.rand(number, 2, generator=Generator().manual_seed(1), dtype=torch.float64)
    drawn = decoder.head.sample(y.expand(number, -1), Sampling(), uniform)[:, 0]
    line = torch.arange(-4, 4, 0.01, dtype=torch.float64) + 0.005
    p = decoder.head.log_prob(y.expand(len(line), -1), line[:, None]).exp() * 0.01
    expected = p.view(-1, 40).sum(1)
    found = torch.histc(drawn, 20, -4, 4) / number
    assert (found - expected).abs().max() < 5 * math.sqrt(0.25 / number)


def test_greedy_takes_the_mean_of_the_likeliest_component():
    """All weight on the exact copy of three back gives that code, less what is not kept."""
    decoder, z = make(), codes(3, 6)
    head, y = decoder.head, frames(decoder, z)
    head.weights.weight.zero_()
    head.weights.bias.copy_(torch.eye(2 * LAGS + 2, dtype=torch.float64)[2] * 50)
    uniform = torch.rand(3, SIZE + 1, generator=Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(head.sample(y[:, 5], GREEDY, uniform), head.kept[0] * z[:, 2])


def test_nearness_marks_what_comes_again():
    core = make().core
    z = codes(1, 6)
    z[:, 4] = z[:, 1]
    x = torch.cat([z, torch.zeros_like(z[..., :1])], -1)
    state = core.init_state(1, z[:, 0, :0])
    before = core._windows(torch.cat([state.frames, x], 1), 1, 6)
    near = core._nearness(x, before)
    assert near[0, 4, 2] == pytest.approx(1)
    assert near[0, 4].argmax() == 2
    assert (near[0, 0] == 0).all(), "there is nothing before the first"


def test_how_it_is_cut_changes_nothing():
    """Farther back than the laws' small one points: 4 frames, in cuts of 1, 3 and 2, and rows of a length."""
    decoder, z = make(), codes(2, 6)
    whole, _ = decoder.log_prob(z, decoder.init_state(2, z[:, 0, :0]))
    state, parts = decoder.init_state(2, z[:, 0, :0]), []
    for part in z.split([1, 3, 2], 1):
        found, state = decoder.log_prob(part, state)
        parts.append(found)
    torch.testing.assert_close(torch.cat(parts, 1), whole)
    _, state = decoder.log_prob(z, decoder.init_state(2, z[:, 0, :0]), torch.tensor([2, 5]))
    after, _ = decoder.log_prob(z[:, 5:], state)
    torch.testing.assert_close(after[1], whole[1, 5:])


@pytest.mark.parametrize("sizes", [(0, 2, 1, 1, 1), (3, 2, 0, 1, 1), (3, 2, 1, 1, 0)])
def test_sizes_are_positive(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        CopyMixture(*sizes)
