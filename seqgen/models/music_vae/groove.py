"""Grooves given in part: a beat without its feel, or a tapped rhythm, and the performance that goes with it.

GrooVAE (Gillick et al. 2019, arXiv:1905.06118) trains an encoder on part of a performance and its decoder on
the whole of it. What the encoder reads is `config.reads`. What it read of a step can also be told to the
decoder at that step, as controls:

* 9 numbers, the hits;
* 10, the hits and the tempo;
* 4, a tap (hit, velocity, offset) and the tempo.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import one_hot

from seqgen.core import GrooveMixture, Sampling
from seqgen.core.decoder import DecoderState
from seqgen.models.music_vae.config import MusicVAEConfig
from seqgen.models.music_vae.limits import DRUMS, TAPPED
from seqgen.models.music_vae.model import MusicVAE


def reading(config: MusicVAEConfig, token: Float[Tensor, "B T N"]) -> Float[Tensor, "B T N"]:
    """What the encoder reads of performances."""
    if config.reads == "hits":
        return without_feel(token)
    if config.reads in ("tap", "steady tap"):
        return tap(token, steady=config.reads == "steady tap")
    return token


def without_feel(token: Float[Tensor, "B T N"]) -> Float[Tensor, "B T N"]:
    """The hits alone."""
    hit = token[..., :DRUMS]
    return torch.cat([hit, torch.zeros_like(hit), torch.zeros_like(hit)], -1)


def tap(token: Float[Tensor, "B T N"], steady: bool = False) -> Float[Tensor, "B T N"]:
    """All drums as one, the open hi-hat: on each step the loudest hit. steady: without its velocity."""
    hit, velocity, offset = token.unflatten(-1, (3, DRUMS)).unbind(-2)
    loudest = (velocity * hit).argmax(-1, keepdim=True)
    any_hit = hit.amax(-1)
    result = torch.zeros_like(token).unflatten(-1, (3, DRUMS))
    result[..., 0, TAPPED] = any_hit
    if not steady:
        result[..., 1, TAPPED] = velocity.gather(-1, loudest)[..., 0] * any_hit
    result[..., 2, TAPPED] = offset.gather(-1, loudest)[..., 0] * any_hit
    return result.flatten(-2)


def controls_of(
    config: MusicVAEConfig, read: Float[Tensor, "B T N"], qpm: Float[Tensor, "B T"]
) -> Float[Tensor, "B T C"] | None:
    """What the decoder is told at each step. read: what the encoder reads. qpm: tempo, quarters a minute."""
    tempo = (qpm / 120).log2()[..., None]
    if config.controls == 0:
        return None
    if config.controls == DRUMS:
        return read[..., :DRUMS]
    if config.controls == DRUMS + 1:
        return torch.cat([read[..., :DRUMS], tempo], -1)
    tapped = read.unflatten(-1, (3, DRUMS))[..., TAPPED]
    return torch.cat([tapped, tempo], -1)


@torch.no_grad()
def perform(
    model: MusicVAE,
    z: Float[Tensor, "B Z"],
    hit: Bool[Tensor, "B T K"],
    how: Sampling,
    uniform: Float[Tensor, "B T D"],
    controls: Float[Tensor, "B T C"] | None = None,
) -> Float[Tensor, "B T N"]:
    """Velocities and offsets of these hits and no others, whatever the model would have hit.

    Drawn greedily, a mixture gives medians, which say nothing of the drummer; then no step is told what was
    played before it, and all depends on the hits alone.
    """
    decoder = model.decoder
    forgets = how.greedy and model.config.head == "groove_mixture"
    state = decoder.init_state(len(z), z)
    tokens = []
    for t, given in enumerate(hit.unbind(1)):
        token, state = decoder.step(state, how, uniform[:, t], None if controls is None else controls[:, t])
        token = torch.cat([given.to(token.dtype), token[..., DRUMS:]], -1)
        tokens.append(token)
        state = DecoderState(torch.full_like(token, decoder.head.blank) if forgets else token, state.core)
    return torch.stack(tokens, 1)


@torch.no_grad()
def answer(
    model: MusicVAE,
    z: Float[Tensor, "B Z"],
    tapped: Bool[Tensor, "B T"],
    how: Sampling,
    uniform: Float[Tensor, "B T D"],
    controls: Float[Tensor, "B T C"] | None = None,
) -> Float[Tensor, "B T N"]:
    """A beat that answers every tap: where none of the drums is drawn at one, the likeliest is hit.

    A tap stands for one hit or more, which drums that are drawn independently do not know. A head of another
    kind than the mixture draws as it is.
    """
    decoder = model.decoder
    head = decoder.head
    if not isinstance(head, GrooveMixture) or head.hits is None:
        return model.decode(z, how, uniform=uniform, controls=controls)
    state = decoder.init_state(len(z), z)
    unknown = state.previous[:, None]  # what is played at a step is not known when it is drawn
    tokens = []
    for t, tap_here in enumerate(tapped.unbind(1)):
        told = None if controls is None else controls[:, t : t + 1]
        y, state = decoder.hidden(unknown, state, controls=told)
        token = head.sample(y[:, 0], how, uniform[:, t])
        hit = token[..., :DRUMS]
        likeliest = one_hot(head.hits(y[:, 0]).argmax(-1), DRUMS).to(hit.dtype)
        missed = tap_here & (hit.sum(-1) == 0)
        token = torch.cat([torch.where(missed[:, None], likeliest, hit), token[..., DRUMS:]], -1)
        tokens.append(token)
        state = DecoderState(token, state.core)
    return torch.stack(tokens, 1)
