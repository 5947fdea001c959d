"""How near a groove model comes to performances that it has not seen. Times are shares of a sixteenth."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqgen.core import GREEDY
from seqgen.models.music_vae.groove import controls_of, perform, reading
from seqgen.models.music_vae.limits import DRUMS
from seqgen.models.music_vae.model import MusicVAE


class GrooveDiagnosis(NamedTuple):
    """Means over windows, or over their hits."""

    cross_entropy: float
    """nats a step, with z drawn from what the encoder read"""
    cross_entropy_random: float
    """with the z of another window"""
    kl: float
    """nats a window"""
    velocity_error: float
    """mean absolute error at the true hits, of 127"""
    offset_error: float
    """mean absolute error at the true hits, in sixteenths"""
    hit_f1: float
    """of the beat that is written; 1 where hits are given"""


@torch.no_grad()
def diagnose_groove(
    model: MusicVAE, token: Float[Tensor, "N T V"], qpm: Float[Tensor, "N T"], rng: Generator
) -> GrooveDiagnosis:
    """Measure a model on N >= 2 windows, played greedily. `rng` draws z and gives each window another's."""
    config, head = model.config, model.decoder.head
    read = reading(config, token)
    controls = controls_of(config, read, qpm)
    posterior = model.encode(read, controls=controls)
    z = posterior.sample(rng)
    other = z.roll(int(torch.randint(1, len(z), (), generator=rng)), 0)
    hit = token[..., :DRUMS] > 0.5
    uniform = token.new_zeros(*token.shape[:2], head.draws)
    played = perform(model, posterior.mean, hit, GREEDY, uniform, controls)
    velocity, offset = errors(played, token)
    given = config.head == "groove_mixture" and config.reads == "hits"
    written = hit if given else model.decode(posterior.mean, controls=controls)[..., :DRUMS] > 0.5
    return GrooveDiagnosis(
        -model.log_prob(token, z, controls=controls).mean().item(),
        -model.log_prob(token, other, controls=controls).mean().item(),
        posterior.kl().sum(1).mean().item(),
        127 * velocity.mean().item(),
        offset.mean().item() / 2,
        2 * (hit & written).sum().item() / max(1, (hit.sum() + written.sum()).item()),
    )


def errors(played: Float[Tensor, "N T V"], token: Float[Tensor, "N T V"]) -> tuple[Tensor, Tensor]:
    """How far velocities (of 1) and offsets (of half a sixteenth) are off at the hits of `token`: [H]."""
    hit, *true = token.unflatten(-1, (3, DRUMS)).unbind(-2)
    _, *found = played.unflatten(-1, (3, DRUMS)).unbind(-2)
    velocity, offset = ((a - b)[hit > 0.5].abs() for a, b in zip(found, true, strict=True))
    return velocity, offset
