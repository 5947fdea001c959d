"""Grooves: drums that hit, each with a velocity and an offset from the grid (Gillick et al. 2019)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqgen.core.head import Head
from seqgen.core.sampling import Sampling, at_least_float32

LEAST = 1e-7
"""added to a probability before its logarithm is taken, as in GrooVAE"""


class GrooveEmbedding(nn.Module):
    """A linear map of a groove's numbers, and one vector each for start and blank."""

    def __init__(self, drums: int, size: int):
        super().__init__()
        self.special_from, self.size = 2**drums, size
        self.linear = nn.Linear(3 * drums, size)
        self.special = nn.Parameter(nn.init.normal_(torch.empty(2, size), std=0.1))

    def forward(self, token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B E"]:
        e = self.linear(token.to(self.linear.weight.dtype))
        special = token[..., 0].long() - self.special_from
        return torch.where(special[..., None] < 0, e, self.special[special.clamp(min=0)].to(e.dtype))


class PlainGroove(nn.Module):
    """A groove's numbers as they are; zeros for start and blank."""

    def __init__(self, drums: int):
        super().__init__()
        self.special_from, self.size = 2**drums, 3 * drums

    def forward(self, token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B N"]:
        return torch.where(token[..., :1] < self.special_from, token, 0.0)


class Groove(Head):
    """K drums; a token is K hits (0 or 1), K velocities (0 to 1) and K offsets (-1 to 1), in this order.

    A hit is drawn, velocity and offset follow from the core's output: they are sigmoid and tanh of it, fed
    back also where nothing hits. `log_prob` is the negative of GrooVAE's loss: the logarithm of the hits'
    probability less the squared errors of velocity and offset. Those are Gaussian log-densities up to a
    factor and a constant, so tokens can be compared, but it is no normalised density. embedding_size: 0 to
    have the numbers read as they are.
    """

    def __init__(self, width: int, drums: int, embedding_size: int):
        super().__init__()
        self.drums = self.draws = drums
        self.token_shape = (3 * drums,)
        self.vocabulary_size = 2**drums
        self.embedding = GrooveEmbedding(drums, embedding_size) if embedding_size else PlainGroove(drums)
        self.embedding_size = self.embedding.size
        self.output = nn.Linear(width, 3 * drums)

    def starts(self, rows: int, device: torch.device) -> Float[Tensor, "B N"]:
        dtype = self.output.weight.dtype
        return torch.full((rows, *self.token_shape), self.start, device=device, dtype=dtype)

    def embed(self, token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B E"]:
        embedded: Tensor = self.embedding(token)
        return embedded.to(self.output.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Float[Tensor, "*B N"]) -> Float[Tensor, "*B"]:
        logits, velocity, offset = self._read(y)
        p = logits.sigmoid()
        hit, given_velocity, given_offset = token.to(p.dtype).unflatten(-1, (3, self.drums)).unbind(-2)
        hits = hit * (p + LEAST).log() + (1 - hit) * (1 - p + LEAST).log()
        missed = (velocity - given_velocity) ** 2 + (offset - given_offset) ** 2
        return (hits - missed).sum(-1)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Float[Tensor, "*B N"]:
        """Each hit is drawn by itself. A hit has two values, so top-k and top-p do not apply to it."""
        logits, velocity, offset = self._read(y)
        hit = logits > 0 if how.greedy else uniform < (logits / how.temperature).sigmoid()
        return torch.cat([hit.to(velocity.dtype), velocity, offset], -1)

    def _read(
        self, y: Float[Tensor, "*B D"]
    ) -> tuple[Float[Tensor, "*B K"], Float[Tensor, "*B K"], Float[Tensor, "*B K"]]:
        """Logits of the hits, velocities, offsets."""
        hit, velocity, offset = at_least_float32(self.output(y)).unflatten(-1, (3, self.drums)).unbind(-2)
        return hit, velocity.sigmoid(), torch.tanh(offset)
