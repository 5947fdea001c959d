"""Is the code z used? A VAE whose decoder ignores z still predicts well, and interpolates nothing."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from seqgen.core import GREEDY
from seqgen.core.product import parts_of
from seqgen.models.music_vae.config import MusicVAEConfig
from seqgen.models.music_vae.encoder import Posterior
from seqgen.models.music_vae.model import MusicVAE, shift
from seqgen.models.music_vae.tracks import counted


class Diagnosis(NamedTuple):
    """Means over windows; cross-entropies in nats a step (or event), KL in nats a window."""

    cross_entropy: float
    """with z drawn from the window's own posterior"""
    cross_entropy_random: float
    """with the z of another window"""
    kl: float
    kl_by_dimension: Tensor
    """[Z]"""
    active_units: int
    """dimensions whose posterior mean varies by more than 0.01 (Burda et al. 2016)"""
    teacher_forced_onset: float
    """share of the true onsets predicted, from the posterior mean and the true history"""
    free_run_onset: float
    """the same from the posterior mean alone"""


@torch.no_grad()
def diagnose(
    model: MusicVAE,
    token: Int[Tensor, "N T"],
    rng: Generator,
    batch: int = 128,
    controls: Float[Tensor, "N T C"] | None = None,
) -> Diagnosis:
    """Measure a model on N >= 2 windows. `rng` draws z and pairs each window with another.

    controls: of the true tokens; what is decoded freely is told the same.
    """
    told = () if controls is None else (controls,)
    pieces = zip(*(x.split(batch) for x in (token, *told)), strict=True)
    posteriors = [model.encode(piece[0], None, None, *piece[1:]) for piece in pieces]
    posterior = Posterior(*(torch.cat(parts) for parts in zip(*posteriors, strict=True)))
    z = posterior.sample(rng)
    other = z.roll(int(torch.randint(1, len(z), (), generator=rng)), 0)
    real = counted(token, model.config)

    def log_prob(x: Tensor, z: Tensor, controls: Tensor | None = None) -> Tensor:
        return model.log_prob(x, z, controls=controls)

    def free_run(z: Tensor, controls: Tensor | None = None) -> Tensor:
        return model.decode(z, GREEDY, controls=controls)

    nll = -_in_batches(log_prob, batch, token, z, *told)[real].mean()
    nll_random = -_in_batches(log_prob, batch, token, other, *told)[real].mean()
    kl = posterior.kl().mean(0)
    forced = _in_batches(partial(teacher_forced, model), batch, token, posterior.mean, *told)
    free = _in_batches(free_run, batch, posterior.mean, *told)
    onset = onsets(model.config, token) & real[..., None]
    token, forced, free = (parts(model.config, x) for x in (token, forced, free))
    return Diagnosis(
        nll.item(),
        nll_random.item(),
        kl.sum().item(),
        kl,
        int((posterior.mean.var(0) > 0.01).sum()),
        (forced == token)[onset].float().mean().item(),
        (free == token)[onset].float().mean().item(),
    )


def parts(config: MusicVAEConfig, token: Int[Tensor, "*B"]) -> Int[Tensor, "*B P"]:
    """The parts of a product's tokens; of others, the tokens themselves."""
    return torch.stack(parts_of(token, [size for size, _ in config.heads]), -1)


def onsets(config: MusicVAEConfig, token: Int[Tensor, "*B"]) -> Bool[Tensor, "*B P"]:
    """Where a note or a hit begins, part by part. What is no product has the onsets that it says it has."""
    first = [
        1 if config.head == "product" and head == "bernoulli" else config.first_onset
        for _, head in config.heads
    ]
    return parts(config, token) >= torch.tensor(first, device=token.device)


def teacher_forced(
    model: MusicVAE, token: Int[Tensor, "B T"], z: Tensor, controls: Tensor | None = None
) -> Int[Tensor, "B T"]:
    """The most likely token at every step given the true ones before it."""
    decoder = model.decoder
    fed = shift(token, decoder.head.start)
    y, _ = decoder.hidden(token, decoder.init_state(len(z), z), fed=fed, controls=controls)
    return decoder.head.sample(y, GREEDY, y.new_zeros(*token.shape, decoder.head.draws))


def collapse_warning(d: Diagnosis) -> str | None:
    """A sentence when the code is hardly used, with what to do; None when it is used."""
    latent = len(d.kl_by_dimension)
    signs = []
    if d.active_units < max(1, latent // 20):
        signs.append(f"{d.active_units} of {latent} dimensions of z are active")
    if d.kl < 1.0:
        signs.append(f"the KL is {d.kl:.2f} nats a window")
    if d.cross_entropy_random - d.cross_entropy < 0.05 * d.cross_entropy:
        signs.append(
            f"another window's z predicts as well ({d.cross_entropy_random:.3f} against "
            f"{d.cross_entropy:.3f} nats a step)"
        )
    if not signs:
        return None
    advice = "Lower beta, raise free_bits or input_dropout, or ramp beta more slowly"
    return f"posterior collapse: {'; '.join(signs)}. {advice}"


def _in_batches(function, batch: int, *tensors: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    pieces = zip(*(tensor.split(batch) for tensor in tensors), strict=True)
    return torch.cat([function(*piece) for piece in pieces])
