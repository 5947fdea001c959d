"""Averages of bars that are alike, and what looks at all of them."""

import torch
from torch import nn

from seqgen.core import BarAttention
from seqgen.core.bar_attention import Alike

U, SIZE, USED = 8, 32, 18


def codes(rows: int = 64):
    """Posterior means whose second half repeats the first, and draws from them; some numbers say nothing."""
    mean, std = torch.zeros(rows, U, SIZE), torch.ones(SIZE)
    mean[..., :USED] = 0.75**0.5 * torch.randn(rows, U // 2, USED).repeat(1, 2, 1)
    std[:USED] = 0.5
    return mean, mean + std * torch.randn_like(mean)


def test_it_is_what_it_says():
    """Against its formulas, written out for one bar of one piece after another."""
    torch.manual_seed(1)
    alike = Alike(U, SIZE).double()
    for p in alike.parameters():
        nn.init.normal_(p, std=0.3)
    x = 0.2 * torch.randn(3, U, SIZE, dtype=torch.float64)  # so near that all bars have a say
    got = alike(x)
    w = alike.sharpness.exp()
    for piece, found in zip(x, got, strict=True):
        for u in range(U):
            s = torch.stack(
                [
                    alike.distance[u - v + U - 1]
                    - (w * (piece[u] - piece[v]) ** 2).sum()
                    + (alike.clear * ((piece**2).mean() - 1) if u == v else 0.0)
                    for v in range(U)
                ]
            )
            average = (s.softmax(0)[:, None] * piece).sum(0) - piece[u]
            others = torch.stack([s[v] for v in range(U) if v != u]).logsumexp(0)
            torch.testing.assert_close(found[u], torch.cat([average, (others - s[u]).sigmoid()[None]]))
    assert torch.autograd.gradcheck(alike, x[:1].clone().requires_grad_())


def test_repeated_bars_lose_noise_and_clear_ones_stay():
    torch.manual_seed(1)
    alike = Alike(U, SIZE)
    mean, draw = codes()
    with torch.no_grad():
        alike.sharpness[USED:] = -20  # as training makes of numbers that say nothing
        better = draw + alike(draw)[..., :-1]
        error, before = (((x - mean)[..., :USED] ** 2).mean() for x in (better, draw))
        assert error < 0.65 * before  # of two draws with the same noise, half is the least
        varied = mean + 0.1 * torch.randn_like(mean)  # bars that differ a little are music, not noise
        moved = (alike(varied)[..., :-1] ** 2).mean()
        alike.clear.zero_()
        assert moved < 0.5 * (alike(varied)[..., :-1] ** 2).mean()
        assert alike(draw)[..., -1].mean() > 0.5 > alike(torch.randn(9, U, SIZE))[..., -1].mean()


def test_one_bar_has_nothing_to_look_at():
    x = torch.randn(2, 1, SIZE)
    assert not Alike(1, SIZE)(x).any()
    assert BarAttention(1, SIZE, 3, 8)(x).shape == (2, 1, 3)


def test_rows_do_not_see_each_other():
    torch.manual_seed(1)
    attention = BarAttention(U, SIZE, 5, 8).double()
    for p in attention.parameters():
        nn.init.normal_(p, std=0.3)
    x = torch.randn(3, U, SIZE, dtype=torch.float64)
    torch.testing.assert_close(attention(x), torch.cat([attention(row[None]) for row in x]))
