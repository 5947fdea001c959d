"""Windows that a model makes of nothing: codes drawn from its prior."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqgen.core import Sampling
from seqgen.evaluation.latent import decode
from seqgen.models.music_vae import MusicVAE


@torch.no_grad()
def draw_samples(
    model: MusicVAE,
    number: int,
    temperature: float,
    seed: int,
    controls: Float[Tensor, "N T C"] | None = None,
) -> np.ndarray:
    """Tokens [number, T] of codes from N(0, 1).

    The codes depend on the seed alone, so two temperatures decode the same ones.
    """
    if number < 1:
        raise ValueError(f"number: expected at least 1 sample, got {number}")
    rng = Generator().manual_seed(seed)
    z = torch.randn(number, model.config.latent, generator=rng)
    return decode(model, z, Sampling(temperature), rng, controls=controls).numpy()
