"""What a model makes of windows: codes, reconstructions, likelihoods. Batched, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from seqgen.core import GREEDY, Sampling
from seqgen.models.music_vae import MusicVAE, Posterior
from seqgen.models.music_vae.diagnosis import teacher_forced

ACTIVE = 0.01
"""a unit is active when its posterior mean varies by more than this over the windows (Burda et al. 2016)"""


@dataclass(frozen=True, eq=False)
class Readings:
    """All that one pass over N windows of T steps gives."""

    posterior: Posterior
    teacher_forced: Tensor
    """[N, T] the most likely token at each step, given the posterior mean and the true history"""
    free_run: Tensor
    """[N, T] decoded greedily from the posterior mean alone"""
    sampled: Tensor
    """[N, T] decoded greedily from a draw from the posterior"""
    cross_entropy: float
    """nats a step, with a draw from the window's own posterior"""
    cross_entropy_random: float
    """nats a step, with the draw of another window"""

    @property
    def kl(self) -> float:
        """KL(q(z | x) || N(0, 1)) in nats a window."""
        return self.posterior.kl().sum(1).mean().item()

    @property
    def active_units(self) -> int:
        return int((self.posterior.mean.var(0) > ACTIVE).sum())


@torch.no_grad()
def read(model: MusicVAE, token: Int[Tensor, "N T"], rng: Generator, batch: int = 128) -> Readings:
    """Encode, reconstruct and score N >= 2 windows. `rng` draws z and says whose z is exchanged."""
    if len(token) < 2:
        raise ValueError(
            f"token: expected at least 2 windows, since each is paired with another, got {len(token)}"
        )
    parts = [model.encode(piece) for piece in token.split(batch)]
    posterior = Posterior(torch.cat([part.mean for part in parts]), torch.cat([part.std for part in parts]))
    z = posterior.sample(rng)
    other = z.roll(int(torch.randint(1, len(z), (), generator=rng)), 0)
    forced = in_batches(lambda x, m: teacher_forced(model, x, m), batch, token, posterior.mean)
    return Readings(
        posterior,
        forced,
        decode(model, posterior.mean, batch=batch),
        decode(model, z, batch=batch),
        -in_batches(model.log_prob, batch, token, z).mean().item(),
        -in_batches(model.log_prob, batch, token, other).mean().item(),
    )


@torch.no_grad()
def decode(
    model: MusicVAE,
    z: Float[Tensor, "N Z"],
    how: Sampling = GREEDY,
    rng: Generator | None = None,
    batch: int = 128,
) -> Int[Tensor, "N T"]:
    """Windows from codes, a batch at a time."""
    return in_batches(lambda code: model.decode(code, how, rng), batch, z)


def in_batches(function: Callable[..., Tensor], batch: int, *tensors: Tensor) -> Tensor:
    """The rows of `function(*tensors)`, computed a batch of rows at a time."""
    pieces = zip(*(tensor.split(batch) for tensor in tensors), strict=True)
    return torch.cat([function(*piece) for piece in pieces])
