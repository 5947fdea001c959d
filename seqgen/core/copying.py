"""A density over vectors that can point back: fresh Gaussians, and noisy copies of the vectors before.

A pointer mixture (Merity et al. 2017, arXiv:1609.07843, have one over words) for continuous codes. With
the last K vectors x_1 (the newest) .. x_K, S kinds of copies and M fresh components,

    p(z) = sum_ks w_ks N(z; a_s x_k, diag(c_s^2)) + sum_m w_m N(z; m_m, diag(s_m^2)),

where the weights w, the means m and the deviations s follow from the core's output, and what kinds of copies
there are (a: how much of each number is kept, c: how far it strays) is learned once: exact ones and varied
ones. Where there is no x_k the weight is 0. The likelihood is exact, and a draw is a choice and a vector of
normal numbers.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqgen.core.head import Head
from seqgen.core.sampling import Sampling, at_least_float32

LIMIT = 1 << 20
"""codes lie below it; it stands for start, and the next number for blank"""
LEAST_STD, MOST_STD = -4.0, 2.0
"""logarithms: of the deviations"""
LEAST_UNIFORM = 1e-6
"""uniform numbers are kept so far from 0 and 1: normal ones to within 4.8 of 0"""


class CopyMixture(Head):
    """Vectors of `size` numbers, from a core's output [width] behind which the last `lags` frames stand.

    A frame is the vector and a flag, as `embed` makes it and `Recall` hands it on.
    """

    def __init__(self, width: int, size: int, lags: int, copies: int = 2, fresh: int = 8):
        super().__init__()
        if min(width, size, lags, copies, fresh) < 1:
            sizes = f"{width}, {size}, {lags}, {copies} and {fresh}"
            raise ValueError(f"width, size, lags, copies and fresh must be at least 1, got {sizes}")
        self.vocabulary_size, self.token_shape = LIMIT, (size,)
        self.embedding_size, self.draws = size + 1, size + 1
        self.width, self.size, self.lags, self.copies, self.fresh = width, size, lags, copies, fresh
        self.weights = nn.Linear(width, copies * lags + fresh)
        self.components = nn.Linear(width, 2 * fresh * size)
        self.kept = nn.Parameter(torch.ones(copies, size))
        spread = torch.linspace(-2.0, -0.5, copies) if copies > 1 else torch.full((copies,), -1.0)
        self.strays = nn.Parameter(spread[:, None].repeat(1, size))
        with torch.no_grad():  # apart, so that the components do not begin as one
            mean, log_std = self.components.bias.view(2, fresh, size).unbind()
            nn.init.normal_(mean, std=0.5)
            log_std.zero_()

    def starts(self, rows: int, device: torch.device) -> Float[Tensor, "B N"]:
        dtype = self.weights.weight.dtype
        return torch.full((rows, *self.token_shape), float(self.start), device=device, dtype=dtype)

    def embed(self, token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B E"]:
        """The vector and a 0; zeros and a 1 for start and blank."""
        none = token[..., :1] >= LIMIT
        frame = torch.cat([torch.where(none, 0.0, token), none.to(token.dtype)], -1)
        return frame.to(self.weights.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B"]:
        """Logarithm of the density, in nats."""
        y = at_least_float32(y)
        own, past, none = self._read(y)
        z = token.to(y.dtype)
        strays = self.strays.clamp(LEAST_STD, MOST_STD)
        rate = (-2 * strays).exp()
        # (z - a x)^2 multiplied out: one product with all that is recalled, and no copy of it a kind.
        products = (z[..., None, :] * self.kept * rate) @ past.transpose(-1, -2)
        lengths = ((past**2) @ (self.kept**2 * rate).T).transpose(-1, -2)
        away = ((z**2) @ rate.T)[..., None] - 2 * products + lengths
        copied = -0.5 * away.clamp(min=0) - strays.sum(-1)[:, None]
        mean, log_std = self._fresh(own)
        fresh = -0.5 * (((z[..., None, :] - mean) * (-log_std).exp()) ** 2).sum(-1) - log_std.sum(-1)
        each = torch.cat([copied.flatten(-2), fresh], -1) - 0.5 * self.size * math.log(2 * math.pi)
        return torch.logsumexp(self._weights(own, none) + each, -1)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Float[Tensor, "*B N"]:
        """A component by the first uniform number, and by the others where in it.

        The temperature divides the logits of the weights and multiplies the deviations: at 0 it is the mean
        of the likeliest component. Top-k and top-p choose among components.
        """
        y = at_least_float32(y)
        own, past, none = self._read(y)
        chosen = how.draw(self._weights(own, none), uniform[..., 0])
        pointers = self.copies * self.lags
        kind, lag = (chosen // self.lags).clamp(max=self.copies - 1), chosen % self.lags
        copied = self.kept[kind] * pick(past, lag)
        strays = self.strays.clamp(LEAST_STD, MOST_STD)[kind]
        mean, log_std = (pick(part, (chosen - pointers).clamp(min=0)) for part in self._fresh(own))
        is_copy = (chosen < pointers)[..., None]
        mean, log_std = torch.where(is_copy, copied, mean), torch.where(is_copy, strays, log_std)
        u = uniform[..., 1:].to(y.dtype).clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM)
        return mean + how.temperature * log_std.exp() * torch.special.ndtri(u)

    def _read(
        self, y: Float[Tensor, "*B D"]
    ) -> tuple[Float[Tensor, "*B W"], Float[Tensor, "*B K N"], Bool[Tensor, "*B K"]]:
        """The core's own output, the vectors before, and which of them are none."""
        recalled = y[..., self.width :].unflatten(-1, (self.lags, -1))
        return y[..., : self.width], recalled[..., :-1], recalled[..., -1] != 0

    def _weights(self, own: Float[Tensor, "*B W"], none: Bool[Tensor, "*B K"]) -> Float[Tensor, "*B C"]:
        """Logarithms of the weights: of the copies, kind by kind, and of the fresh components."""
        pointers, fresh = self.weights(own).split([self.copies * self.lags, self.fresh], -1)
        pointers = pointers.unflatten(-1, (self.copies, self.lags)).masked_fill(none[..., None, :], -math.inf)
        return torch.cat([pointers.flatten(-2), fresh], -1).log_softmax(-1)

    def _fresh(self, own: Float[Tensor, "*B W"]) -> tuple[Float[Tensor, "*B M N"], Float[Tensor, "*B M N"]]:
        """Means, and logarithms of the deviations."""
        mean, log_std = self.components(own).unflatten(-1, (2, self.fresh, self.size)).unbind(-3)
        return mean, log_std.clamp(LEAST_STD, MOST_STD)


def pick(rows: Float[Tensor, "*B K N"], index: Int[Tensor, "*B"]) -> Float[Tensor, "*B N"]:
    """One of K rows each."""
    return rows.gather(-2, index[..., None, None].expand(*index.shape, 1, rows.shape[-1]))[..., 0, :]
