"""Mixture of logistics over ordered bins (Salimans et al. 2017, PixelCNN++; van den Oord et al. 2018).

The V tokens are the bins of a line from -1 to 1, token v around the centre -1 + 2 v / (V - 1). Component k is
a logistic distribution with mean m_k and scale s_k; bin v gets what lies between its borders, and the first
and the last bin get the tails as well, so the V probabilities sum to one:

    p(v) = sum_k w_k (F((b_v - m_k) / s_k) - F((b_{v-1} - m_k) / s_k)),    F(x) = 1 / (1 + exp(-x))

It fits whatever has an order: samples of sound, velocities, moments. K components take 3 K numbers where a
softmax takes V, and neighbouring bins learn from one another.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core.head import Head
from seqgen.core.sampling import Sampling, at_least_float32

STEEPEST = -9.0
"""least logarithm of a scale, on the line from -1 to 1: about an eighth of a step of 16 bits"""


class BinEmbedding(nn.Module):
    """The bin's centre as a number through a linear layer, and one vector each for start and blank."""

    def __init__(self, bins: int, size: int):
        super().__init__()
        self.bins, self.size = bins, size
        self.linear = nn.Linear(1, size)
        self.special = nn.Parameter(nn.init.normal_(torch.empty(2, size), std=0.5))

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        special = token - self.bins
        centre = 2 * token.to(self.linear.weight.dtype) / (self.bins - 1) - 1
        e = self.linear(centre[..., None])
        return torch.where(special[..., None] < 0, e, self.special[special.clamp(min=0)].to(e.dtype))


class LogisticMixture(Head):
    """One of V ordered bins, drawn in two steps: which of K components, and where in it."""

    draws = 2

    def __init__(self, width: int, vocabulary_size: int, embedding_size: int, components: int = 10):
        super().__init__()
        if vocabulary_size < 2 or components < 1:
            raise ValueError(
                f"expected at least 2 bins (vocabulary_size) and 1 of components, got {vocabulary_size} and "
                f"{components}"
            )
        self.vocabulary_size, self.embedding_size = vocabulary_size, embedding_size
        self.components = components
        self.embedding = BinEmbedding(vocabulary_size, embedding_size)
        self.mixture = nn.Linear(width, 3 * components)
        with torch.no_grad():  # spread over the line, so that the components do not begin as one
            self.mixture.bias[components : 2 * components] = torch.linspace(-0.9, 0.9, components)
            self.mixture.bias[2 * components :] = -2.0

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        return self.embedding(token)

    def parameters_of(
        self, y: Float[Tensor, "*B D"]
    ) -> tuple[Float[Tensor, "*B K"], Float[Tensor, "*B K"], Float[Tensor, "*B K"]]:
        """Logits of the weights, means, and logarithms of the scales."""
        logits, mean, log_scale = at_least_float32(self.mixture(y)).chunk(3, -1)
        return logits, mean, log_scale.clamp(min=STEEPEST)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        logits, mean, log_scale = self.parameters_of(y)
        return torch.logsumexp(logits.log_softmax(-1) + self._inside(mean, log_scale, token[..., None]), -1)

    def _inside(
        self, mean: Float[Tensor, "*B K"], log_scale: Float[Tensor, "*B K"], token: Int[Tensor, "*B 1"]
    ) -> Float[Tensor, "*B K"]:
        """log p(token) in each component.

        With borders at l < u, F(u) - F(l) = F(u) F(-l) (1 - exp(l - u)): a product, whose logarithm neither
        cancels nor underflows, however far out the bin and however thin it is against the scale.
        """
        last = self.vocabulary_size - 1
        step = 2.0 / last
        rate = (-log_scale).exp()
        centre = 2 * token.to(mean.dtype) / last - 1
        upper = (centre - mean + step / 2) * rate
        lower = (centre - mean - step / 2) * rate
        width = step * rate  # not upper - lower, which would be rounded
        below = F.logsigmoid(upper).masked_fill(token == last, 0.0)  # the last bin has all above its border
        above = F.logsigmoid(-lower).masked_fill(token == 0, 0.0)
        between = torch.log(-torch.expm1(-width)).masked_fill((token == 0) | (token == last), 0.0)
        return below + above + between

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """Greedy takes the likeliest bin of all V. Else a component and, at the second uniform number, a
        place in it, rounded to its bin.

        The temperature divides the logits of the components and multiplies their scales; top-k and top-p
        choose among components.
        """
        logits, mean, log_scale = self.parameters_of(y)
        if how.greedy:
            return self._likeliest(y)
        chosen = how.draw(logits, uniform[..., 0])[..., None]
        mean, log_scale = mean.gather(-1, chosen)[..., 0], log_scale.gather(-1, chosen)[..., 0]
        u = uniform[..., 1].to(mean.dtype).clamp(1e-7, 1 - 1e-7)
        place = mean + how.temperature * log_scale.exp() * (u.log() - torch.log1p(-u))
        last = self.vocabulary_size - 1
        return ((place + 1) * last / 2).round().clamp(0, last).long()

    def _likeliest(self, y: Float[Tensor, "*B D"]) -> Int[Tensor, "*B"]:
        """Over all bins, a block of them at a time: V may be 65,536."""
        best = y.new_full(y.shape[:-1], -torch.inf, dtype=torch.promote_types(y.dtype, torch.float32))
        token = torch.zeros(y.shape[:-1], dtype=torch.long, device=y.device)
        for bins in torch.arange(self.vocabulary_size, device=y.device).split(1024):
            every = bins.view(-1, *[1] * token.ndim).expand(-1, *token.shape)
            found, at = self.log_prob(y.expand(len(bins), *y.shape), every).max(0)
            token = torch.where(found > best, bins[at], token)
            best = torch.maximum(best, found)
        return token
