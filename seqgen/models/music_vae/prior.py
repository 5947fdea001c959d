"""A density of the codes that a trained MusicVAE gives its music: what to draw from in place of N(0, 1).

The codes of all music together (the aggregated posterior) are not what the objective compares each of them
with; a second model fitted to them closes the gap (Dai and Wipf 2019, arXiv:1903.05789; Ghosh et al. 2020,
arXiv:1903.12436). Where a code has a part for each bar the parts of real music repeat one another, which
N(0, 1) knows nothing of: there the density goes bar by bar and can point back (`core.copying`).

    gaussian: N(m, L L^T) over the whole code
    copying:  p(z) = prod_u p(z_u | z_1 .. z_{u-1}), an LSTM under a mixture of copies and fresh Gaussians
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from seqgen.core import LSTM, CopyMixture, Decoder, Recall, Sampling
from seqgen.core.decoder import rng_device
from seqgen.models.music_vae.config import MusicVAEConfig
from seqgen.models.music_vae.limits import LARGEST, MOST_BARS, check_sizes

PriorKind = Literal["gaussian", "copying"]
MOST_COMPONENTS = 256
MOST_TEMPERATURE = 10


@dataclass(frozen=True)
class PriorConfig:
    """What a fitted prior is made of."""

    kind: PriorKind = "copying"
    """gaussian: one with all covariances, for any code; copying: bar by bar, for a code of bars"""
    width: int = 192
    """copying: LSTM units"""
    lags: int = 15
    """copying: how many bars back it can point"""
    copies: int = 2
    """copying: kinds of copies, from exact to varied"""
    fresh: int = 8
    """copying: Gaussians that copy nothing"""
    noise: float = 0.8
    """it was fitted to means plus this share of the posterior's deviation: 1 is the density of what the
    decoder was trained on, less gives codes that say more clearly what they say"""

    temperature: float = 0.4
    """that samples are drawn with where no other is asked for"""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= MOST_TEMPERATURE:
            raise ValueError(f"temperature must be 0 to {MOST_TEMPERATURE}, got {self.temperature}")
        if not 0 < self.noise <= 1:
            raise ValueError(f"noise must lie above 0 and up to 1, got {self.noise}")
        check_sizes(self, width=LARGEST, lags=MOST_BARS, copies=MOST_COMPONENTS, fresh=MOST_COMPONENTS)


class CodePrior(nn.Module):
    """A density over codes z of `config.latent` numbers of a MusicVAE."""

    def __init__(self, config: PriorConfig, model: MusicVAEConfig):
        super().__init__()
        if config.kind == "copying" and (model.code != "bars" or model.bars < 2):
            raise ValueError(
                f"kind: copying needs a model whose code is one of bars, got code: {model.code}: use gaussian"
            )
        self.config, self.latent = config, model.latent
        self.parts = model.bars if config.kind == "copying" else 1
        if config.kind == "gaussian":
            self.mean = nn.Parameter(torch.zeros(self.latent))
            self.factor = nn.Parameter(torch.eye(self.latent))
            return
        c, size = config, self.latent // self.parts
        core = Recall(LSTM(size + 1 + c.lags, c.width, 0, feed_cond=False), c.lags)
        self.decoder = Decoder(core, CopyMixture(c.width, size, c.lags, c.copies, c.fresh))

    def log_prob(self, z: Float[Tensor, "B Z"]) -> Float[Tensor, "B"]:
        """Logarithm of the density, in nats."""
        if self.config.kind == "gaussian":
            white = torch.linalg.solve_triangular(self.factor, (z - self.mean).T, upper=False).T
            return normal_log_prob(white) - self.factor.diagonal().log().sum()
        parts = z.unflatten(1, (self.parts, -1))
        return self.decoder.log_prob(parts, self.decoder.init_state(len(z), z[:, :0]))[0].sum(1)

    @torch.no_grad()
    def sample(
        self, num: int, rng: Generator | None = None, temperature: float | None = None
    ) -> Float[Tensor, "B Z"]:
        """`num` codes. temperature: how far they stray from the likeliest; None takes the config's.

        It multiplies deviations, and divides the logits of a mixture's weights: 1 draws from the density.
        """
        temperature = self.config.temperature if temperature is None else temperature
        if self.config.kind == "gaussian":
            noise = torch.randn(num, self.latent, generator=rng, device=rng_device(rng))
            return self.mean + temperature * noise.to(self.mean) @ self.factor.T
        state = self.decoder.init_state(num, next(self.parameters()).new_zeros(num, 0))
        z, _ = self.decoder.generate(state, self.parts, Sampling(temperature), rng)
        return z.flatten(1)


def normal_log_prob(z: Float[Tensor, "B Z"]) -> Float[Tensor, "B"]:
    """Of N(0, 1), in nats."""
    return -0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


@torch.no_grad()
def fit_gaussian(
    prior: CodePrior, mean: Float[Tensor, "N Z"], std: Float[Tensor, "N Z"], shrinkage: float = 0.02
) -> None:
    """Mean and covariance of all codes, drawn from N posteriors: those of the means, and the mean variance.

    shrinkage: of the covariance towards its diagonal, so that it can be inverted whatever N is.
    """
    m, v = mean.double(), std.double() ** 2
    away = m - m.mean(0)
    covariance = away.T @ away / len(m) + v.mean(0).diag()
    covariance = (1 - shrinkage) * covariance + shrinkage * covariance.diagonal().diag()
    prior.mean.copy_(m.mean(0))
    prior.factor.copy_(torch.linalg.cholesky(covariance))
