"""Does music halfway between two windows sound like music? Judged by an n-gram model of the training windows.

Nats a step under `ngram`: of test windows, of their reconstructions, of what lies halfway between them (slerp
and lerp), of samples from the prior, and of a plain mix of two windows, each step from one or the other, as
music would be if nothing had been learned. Holding everything is very likely under any n-gram model, so the
onsets a step stand beside: a midpoint that falls silent is not a good one.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqgen.core import Sampling
from seqgen.evaluation.latent import Readings, decode
from seqgen.models.music_vae import MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.diagnosis import onsets
from seqgen.tasks.latent import slerp

WARM = Sampling(temperature=0.5)
WARMLY = ", T=0.5"
ENDS = "reconstructed ends"


@runtime_checkable
class Judge(Protocol):
    """A language model of windows."""

    def nll(self, tokens: np.ndarray) -> np.ndarray:
        """Nats of every step, [N, T] to [N, T]."""
        ...


class Likelihood(NamedTuple):
    """Of some windows."""

    nll: float
    """nats a step under the n-gram model"""
    onsets: float
    """share of the steps on which something begins"""


def measure_paths(
    model: MusicVAE,
    token: np.ndarray,
    readings: Readings,
    lm: Judge,
    pairs: int,
    rng: Generator,
    controls: Float[Tensor, "N T C"] | None = None,
) -> dict[str, Likelihood]:
    """The likelihood of ends, midpoints and samples, by name; `ratio` puts midpoints against ends.

    Args:
        token: the windows [N, T] that `readings` is of.
        pairs: how many random pairs of different windows are drawn; as many samples come from the prior.
        rng: draws pairs, samples and the mix.
        controls: that the windows were read with; what is drawn for a pair is told those of its first end.
    """
    if pairs < 1:
        raise ValueError(f"pairs: expected at least 1, got {pairs}")
    a, b = random_pairs(len(token), pairs, rng)
    mean = readings.posterior.mean
    prior = torch.randn(pairs, mean.shape[1], generator=rng).to(mean.device)
    middles = {
        "slerp midpoints": halfway(mean[a], mean[b]),
        "lerp midpoints": (mean[a] + mean[b]) / 2,
        "prior samples": prior,
    }
    ends = torch.cat([a, b]).numpy()
    warm_ends = decode(model, mean, WARM, rng, controls=controls).cpu().numpy()
    told = None if controls is None else controls[a]
    windows = {
        "ends": token[ends],
        ENDS: readings.free_run.cpu().numpy()[ends],
        ENDS + WARMLY: warm_ends[ends],
    }
    for name, z in middles.items():
        windows[name] = decode(model, z, controls=told).cpu().numpy()
        windows[name + WARMLY] = decode(model, z, WARM, rng, controls=told).cpu().numpy()
    coin = torch.rand(pairs, token.shape[1], generator=rng).numpy() < 0.5
    windows["mixed ends"] = np.where(coin, token[a.numpy()], token[b.numpy()])
    return {
        name: Likelihood(float(lm.nll(x).mean()), _onsets(model.config, x)) for name, x in windows.items()
    }


def _onsets(config: MusicVAEConfig, tokens: np.ndarray) -> float:
    """Share of the steps on which something begins, in any part."""
    return onsets(config, torch.from_numpy(tokens)).any(-1).double().mean().item()


def ratio(likelihoods: dict[str, Likelihood], name: str = "slerp midpoints") -> float:
    """Nats against those of the reconstructed ends at the same temperature: above 1 is less like music."""
    return likelihoods[name].nll / likelihoods[ENDS + WARMLY if name.endswith(WARMLY) else ENDS].nll


def random_pairs(windows: int, pairs: int, rng: Generator) -> tuple[Tensor, Tensor]:
    """Indices [pairs] of first and second ends, which are never the same window."""
    a = torch.randint(windows, (pairs,), generator=rng)
    b = (a + torch.randint(1, windows, (pairs,), generator=rng)) % windows
    return a, b


def halfway(a: Float[Tensor, "N Z"], b: Float[Tensor, "N Z"]) -> Float[Tensor, "N Z"]:
    """The middle of each path that `interpolate` takes."""
    half = torch.tensor([0.5])
    return torch.cat([slerp(x, y, half) for x, y in zip(a.cpu(), b.cpu(), strict=True)]).to(a.device)
