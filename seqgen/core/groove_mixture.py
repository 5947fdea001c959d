"""Hits, velocities and timing offsets of a drum kit, each velocity and offset by a mixture of logistics.

A token is a vector of 3 K numbers, as in GrooVAE (Gillick et al. 2019, arXiv:1905.06118): K hits (0 or 1),
K velocities in [0, 1] and K offsets in [-1, 1]. There a velocity and an offset are one number each, fitted by
squared error at hits and silences alike, so a model can give but one performance. Here each is a distribution
(see `logistic`), fitted where there is a hit and nowhere else:

    log p(token) = sum over drums of log p(hit) + hit * (log p(velocity) + log p(offset))

Velocities are 1 to 127 in steps of 1; offsets are told apart in steps of 1/60, and drawn without steps.

A draw turns one uniform number into a velocity or an offset by the quantile function, so equal numbers give
like results whatever the conditions. The temperature moves the numbers towards 1/2: at 0 everything is the
median, which has the least absolute error.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core.groove import GrooveEmbedding, PlainGroove
from seqgen.core.head import Head
from seqgen.core.sampling import Sampling, at_least_float32

VELOCITIES, OFFSETS = 127, 121
"""bins: of a velocity, and of an offset (60 are a tick each at 480 ticks a quarter note)"""
STEEPEST = -5.0
"""least logarithm of a scale, on the line from -1 to 1: less than a bin"""
HALVINGS = 16
"""of the line from -1 to 1 in search of a quantile: to 0.00003"""
MOST = 1 - 1e-6
LATEST = -0.999


class GrooveMixture(Head):
    """Tokens of K drums; given: their hits are known beforehand, so they cost nothing and are not drawn."""

    def __init__(self, width: int, drums: int, embedding_size: int, components: int = 3, given: bool = False):
        super().__init__()
        self.drums = drums
        self.vocabulary_size = 2**drums
        self.token_shape, self.draws = (3 * drums,), 3 * drums
        self.embedding = GrooveEmbedding(drums, embedding_size) if embedding_size else PlainGroove(drums)
        self.embedding_size = self.embedding.size
        self.hits = None if given else nn.Linear(width, drums)
        self.played = PlayedMixture(width, drums, components)

    def starts(self, rows: int, device: torch.device) -> Float[Tensor, "B N"]:
        dtype = self.played.linear.weight.dtype
        return torch.full((rows, *self.token_shape), self.start, device=device, dtype=dtype)

    def embed(self, token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B E"]:
        """Of hits alone: what a token says of a drum that is not hit is not read."""
        hit = token[..., : self.drums]
        embedded: Tensor = self.embedding(token * torch.cat([torch.ones_like(hit), hit, hit], -1))
        return embedded.to(self.played.linear.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B"]:
        hit = token[..., : self.drums]
        total = (hit * self.played.log_prob(self.played(y), on_line(token, self.drums)).sum(-1)).sum(-1)
        if self.hits is None:
            return total
        logits = at_least_float32(self.hits(y))
        cost = F.binary_cross_entropy_with_logits(logits, hit.to(logits.dtype), reduction="none")
        return total - cost.sum(-1)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Float[Tensor, "*B N"]:
        """Hits by the first third of the uniform numbers; velocities and offsets of all drums by the others.

        Where hits are given, all drums are hit here. Top-k and top-p do not apply.
        """
        hits, *played = uniform.unflatten(-1, (3, self.drums)).unbind(-2)
        mixture = self.played(y)
        share = towards_median(torch.stack(played, -1).to(mixture.dtype), how.temperature)
        velocity, offset = off_line(self.played.quantile(mixture, share).to(mixture.dtype))
        if self.hits is None:
            return torch.cat([torch.ones_like(velocity), velocity, offset], -1)
        logits = at_least_float32(self.hits(y))
        hit = logits > 0 if how.greedy else hits < (logits / how.temperature).sigmoid()
        return torch.cat([hit.to(velocity.dtype), velocity, offset], -1)


class PlayedMixture(nn.Module):
    """Mixtures over velocity and offset of each of K drums.

    Both lie on a line from -1 to 1 here, cut into bins of equal width; what is outside belongs to the first
    and the last bin.
    """

    def __init__(self, width: int, drums: int, components: int):
        super().__init__()
        self.shape = (drums, 2, 3, components)
        self.linear = nn.Linear(width, 6 * drums * components)
        with torch.no_grad():  # spread, so that the components do not begin as one
            logits, means, scales = self.linear.bias.view(self.shape).unbind(2)
            logits.zero_()
            means.copy_(torch.linspace(-0.5, 0.5, components).expand_as(means))
            scales.fill_(-1.5)

    def forward(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B K 2 3 M"]:
        """Logits of the weights, means and logarithms of the scales, of velocity and offset."""
        return at_least_float32(self.linear(y)).unflatten(-1, self.shape)

    def log_prob(
        self, mixture: Float[Tensor, "*B K 2 3 M"], played: Float[Tensor, "*B K 2"]
    ) -> Float[Tensor, "*B K 2"]:
        """Of the bin around each of `played`, which are centres of bins."""
        half = 1 / played.new_tensor([VELOCITIES, OFFSETS])
        upper = below(mixture, played + half).masked_fill(played > 1 - 1.5 * half, 1.0)
        lower = below(mixture, played - half).masked_fill(played < -1 + 1.5 * half, 0.0)
        return (upper - lower).clamp(min=1e-7).log()

    def quantile(
        self, mixture: Float[Tensor, "*B K 2 3 M"], share: Float[Tensor, "*B K 2"]
    ) -> Float[Tensor, "*B K 2"]:
        """The place below which `share` of each mixture lies, between -1 and 1."""
        low = torch.full_like(share, -1.0)
        high = torch.ones_like(share)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            up = below(mixture, middle) < share
            low, high = torch.where(up, middle, low), torch.where(up, high, middle)
        return (low + high) / 2


def below(mixture: Float[Tensor, "*B K 2 3 M"], place: Float[Tensor, "*B K 2"]) -> Float[Tensor, "*B K 2"]:
    """How much of each mixture lies below a place."""
    logits, mean, log_scale = mixture.unbind(-2)
    inside = ((place[..., None] - mean) * (-log_scale.clamp(min=STEEPEST)).exp()).sigmoid()
    return (logits.softmax(-1) * inside).sum(-1)


def on_line(token: Float[Tensor, "*B N"], drums: int) -> Float[Tensor, "*B K 2"]:
    """Velocities and offsets of tokens as centres of bins on the line from -1 to 1."""
    _, velocity, offset = token.unflatten(-1, (3, drums)).unbind(-2)
    loud = (velocity * VELOCITIES).round().clamp(1, VELOCITIES) - (VELOCITIES + 1) / 2
    late = (offset * (OFFSETS - 1) / 2).round()
    return torch.stack([2 * loud / VELOCITIES, 2 * late / OFFSETS], -1)


def off_line(place: Float[Tensor, "*B K 2"]) -> tuple[Float[Tensor, "*B K"], Float[Tensor, "*B K"]]:
    """Velocities, which are whole 127ths, and offsets at places on the line.

    Half a step late would be the next step, so that is out of reach; half a step early is not.
    """
    velocity = (place[..., 0] * VELOCITIES / 2 + (VELOCITIES + 1) / 2).round().clamp(1, VELOCITIES)
    offset = (place[..., 1] * OFFSETS / (OFFSETS - 1)).clamp(LATEST, 1)
    return velocity / VELOCITIES, offset


def towards_median(uniform: Float[Tensor, "*B"], temperature: float) -> Float[Tensor, "*B"]:
    """Uniform numbers moved towards 1/2 (temperature below 1) or away from it: at 0 all are the median."""
    u = uniform.clamp(1 - MOST, MOST)
    return (temperature * (u.log() - torch.log1p(-u))).sigmoid()
