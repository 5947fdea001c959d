"""What a model makes of windows: codes, reconstructions, likelihoods. Batched, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

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
def read(
    model: MusicVAE,
    token: Int[Tensor, "N T"],
    rng: Generator,
    batch: int = 128,
    controls: Float[Tensor, "N T C"] | None = None,
) -> Readings:
    """Encode, reconstruct and score N >= 2 windows. `rng` draws z and says whose z is exchanged.

    controls: of a model that is told chords, in all of this.
    """
    if len(token) < 2:
        raise ValueError(
            f"token: expected at least 2 windows, since each is paired with another, got {len(token)}"
        )
    told = () if controls is None else (controls,)
    pieces = zip(*(x.split(batch) for x in (token, *told)), strict=True)
    parts = [model.encode(piece[0], None, None, *piece[1:]) for piece in pieces]
    posterior = Posterior(torch.cat([part.mean for part in parts]), torch.cat([part.std for part in parts]))
    z = posterior.sample(rng)
    other = z.roll(int(torch.randint(1, len(z), (), generator=rng)), 0)
    forced = in_batches(partial(teacher_forced, model), batch, token, posterior.mean, *told)

    def log_prob(x: Tensor, z: Tensor, controls: Tensor | None = None) -> Tensor:
        return model.log_prob(x, z, controls=controls)

    return Readings(
        posterior,
        forced,
        decode(model, posterior.mean, batch=batch, controls=controls),
        decode(model, z, batch=batch, controls=controls),
        -in_batches(log_prob, batch, token, z, *told).mean().item(),
        -in_batches(log_prob, batch, token, other, *told).mean().item(),
    )


@torch.no_grad()
def decode(
    model: MusicVAE,
    z: Float[Tensor, "N Z"],
    how: Sampling = GREEDY,
    rng: Generator | None = None,
    batch: int = 128,
    controls: Float[Tensor, "N T C"] | None = None,
) -> Int[Tensor, "N T"]:
    """Windows from codes, a batch at a time."""

    def draw(code: Tensor, controls: Tensor | None = None) -> Tensor:
        return model.decode(code, how, rng, controls=controls)

    return in_batches(draw, batch, z, *(() if controls is None else (controls,)))


def in_batches(function: Callable[..., Tensor], batch: int, *tensors: Tensor) -> Tensor:
    """The rows of `function(*tensors)`, computed a batch of rows at a time."""
    pieces = zip(*(tensor.split(batch) for tensor in tensors), strict=True)
    return torch.cat([function(*piece) for piece in pieces])
