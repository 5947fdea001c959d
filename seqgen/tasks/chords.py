"""Models that were trained with chords, used without: they are told that there is none."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqgen.core import Grammar
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae import MusicVAE, Posterior
from seqgen.tasks.settings import Drawing

NO_CHORD = 0
"""its class; there is a control for each"""


def encode(
    vae: MusicVAE,
    token: Shaped[Tensor, "B T *N"],
    precision: Precision | None,
    lengths: Int[Tensor, "B *U"] | None = None,
) -> Posterior:
    """See `MusicVAE.encode`."""
    return vae.encode(token, precision, lengths, no_chords(vae, len(token)))


def decode(
    vae: MusicVAE,
    z: Float[Tensor, "B Z"],
    wanted: Drawing,
    uniform: Float[Tensor, "B T K"],
    grammar: Grammar | None = None,
) -> Shaped[Tensor, "B T *N"]:
    """See `MusicVAE.decode`."""
    controls = no_chords(vae, len(z))
    return vae.decode(
        z, wanted.how, uniform=uniform, precision=wanted.precision, controls=controls, grammar=grammar
    )


def no_chords(vae: MusicVAE, rows: int) -> Float[Tensor, "B T C"] | None:
    """Controls that say "no chord" at every step; None for a model without controls."""
    if not vae.config.controls:
        return None
    controls = torch.zeros(rows, vae.config.steps, vae.config.controls)
    controls[..., NO_CHORD] = 1.0
    return controls.to(next(vae.parameters()).device)
