"""Fitting a prior to the codes of a trained MusicVAE: encode train once, and learn the density of its codes.

Each epoch draws its codes anew, z = mean + noise * std * e with e from N(0, 1). The weights that are kept are
those of the epoch with the least nats on valid; an epoch that is no better ends the run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from seqgen.data.batches import transpose, transpose_trio
from seqgen.data.shards import Shards
from seqgen.models.music_vae import MusicVAE, Posterior
from seqgen.models.music_vae.prior import CodePrior, PriorConfig, fit_gaussian, normal_log_prob
from seqgen.representation.told import classes_of_tokens

BATCH, ENCODED = 64, 256
"""windows: of a step, and encoded at a time"""
CLIP = 1.0
FEWEST = 20
"""windows of train and of valid"""
SEMITONES = 6
Say = Callable[[str], None]


class FitSettings(NamedTuple):
    """How a prior is fitted."""

    epochs: int = 12
    """at most"""
    learning_rate: float = 3e-3
    """falls to 0 over the epochs, linearly"""
    windows: int = 12000
    """at most so many of train, drawn with the seed"""
    transposed: bool = True
    """whether each window of melodies is moved to a random key near its own"""
    seed: int = 1


class Fitted(NamedTuple):
    """A prior, and nats a window of test (of valid where there is no test) against two that know less."""

    prior: CodePrior
    nats: float
    gaussian: float
    """of one Gaussian with all covariances"""
    standard: float
    """of N(0, 1)"""
    windows: int
    """of test"""


def fit_prior(vae: MusicVAE, shards: Shards, config: PriorConfig, settings: FitSettings, say: Say) -> Fitted:
    """A prior of the codes of `vae` on the shards it was trained on. `say` is told how far it is.

    Raises:
        ValueError: for shards of another representation, or with too few windows.
    """
    if vae.config.head in ("groove", "groove_mixture"):
        raise ValueError("fit-prior: reads windows of tokens, which models of played drums do not")
    if shards.steps != vae.config.steps or shards.vocabulary_size != vae.config.vocabulary_size:
        raise ValueError(
            f"data: the model reads windows of {vae.config.steps} tokens below {vae.config.vocabulary_size}, "
            f"{shards.folder} holds {shards.steps} below {shards.vocabulary_size}"
        )
    for split in ("train", "valid"):
        if shards.counts[split] < FEWEST:
            raise ValueError(
                f"data: expected at least {FEWEST} windows of {split} in {shards.folder}, got "
                f"{shards.counts[split]}"
            )
    with torch.random.fork_rng(devices=[]):  # torch's modules take their first weights from its own numbers
        torch.manual_seed(settings.seed)
        prior, flat = CodePrior(config, vae.config), CodePrior(PriorConfig("gaussian"), vae.config)
    rng = np.random.default_rng(settings.seed)
    train = encode_split(vae, shards, "train", settings.windows, rng, settings.transposed, say)
    valid = encode_split(vae, shards, "valid", settings.windows, rng, False, say)
    last = "test" if shards.counts["test"] >= FEWEST else "valid"
    test = valid if last == "valid" else encode_split(vae, shards, last, settings.windows, rng, False, say)
    fit_gaussian(flat, train.mean, config.noise * train.std)
    if config.kind == "gaussian":
        prior.load_state_dict(flat.state_dict())
    else:
        learn(prior, train, valid, settings, say)
    prior.load_state_dict({name: value.half().float() for name, value in prior.state_dict().items()})
    z = draw(test, config.noise, Generator().manual_seed(settings.seed))
    own, gaussian, standard = (nats_of(p, z) for p in (prior.log_prob, flat.log_prob, normal_log_prob))
    return Fitted(prior.eval().requires_grad_(False), own, gaussian, standard, len(z))


@torch.no_grad()
def nats_of(log_prob: Callable[[Tensor], Tensor], z: Float[Tensor, "N Z"]) -> float:
    """Mean of a window."""
    return -log_prob(z).mean().item()


def draw(codes: Posterior, noise: float, rng: Generator) -> Float[Tensor, "N Z"]:
    """Codes of windows, each with a share of its posterior's deviation."""
    return codes.mean + noise * codes.std * torch.randn(codes.mean.shape, generator=rng)


def learn(prior: CodePrior, train: Posterior, valid: Posterior, settings: FitSettings, say: Say) -> None:
    """Maximum likelihood by Adam; the best weights on valid are in `prior` at the end."""
    noise, rng = prior.config.noise, Generator().manual_seed(settings.seed)
    judged = draw(valid, noise, Generator().manual_seed(settings.seed))
    adam = torch.optim.Adam(prior.parameters(), settings.learning_rate)
    each = max(1, len(train.mean) // BATCH)
    best, kept = torch.inf, prior.state_dict()
    for epoch in range(settings.epochs):
        z = draw(train, noise, rng)[torch.randperm(len(train.mean), generator=rng)]
        for step, rows in enumerate(z.split(BATCH)[:each]):
            adam.param_groups[0]["lr"] = settings.learning_rate * (
                1 - (epoch * each + step) / (settings.epochs * each)
            )
            loss = -prior.log_prob(rows).mean() / prior.parts
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(prior.parameters(), CLIP)
            adam.step()
            if step % 20 == 0:
                say(f"epoch {epoch + 1} of {settings.epochs}, {step} of {each} steps")
        with torch.no_grad():
            nats = -prior.log_prob(judged).mean().item()
        say(f"epoch {epoch + 1} of {settings.epochs}: {nats:.1f} nats a window of valid\n")
        if not nats < best:
            break
        best, kept = nats, {name: value.clone() for name, value in prior.state_dict().items()}
    prior.load_state_dict(kept)


@torch.no_grad()
def encode_split(
    vae: MusicVAE,
    shards: Shards,
    split: str,
    most: int,
    rng: np.random.Generator,
    transposed: bool,
    say: Say,
) -> Posterior:
    """Posteriors of at most `most` windows of a split, on the CPU.

    transposed: whether melodies move to another key; not those of a model that is told chords.
    """
    rows, chords = shards.tokens(split), shards.chords(split)
    move = {"melody": transpose, "trio": transpose_trio}.get(shards.representation.name)
    device = next(vae.parameters()).device
    pick = np.sort(rng.permutation(len(rows))[:most])
    means, stds = [], []
    for start in range(0, len(pick), ENCODED):
        say(f"encoding {split}: {start} of {len(pick)} windows")
        some = pick[start : start + ENCODED]
        token, controls = np.asarray(rows[some], np.int64), None
        if vae.config.controls:
            told = np.zeros(token.shape, np.int64)
            if chords is not None:
                told = classes_of_tokens(token, chords[some])
            controls = one_hot(torch.from_numpy(told), vae.config.controls).float().to(device)
        elif transposed and move is not None:
            token = move(token, SEMITONES, rng)
        posterior = vae.encode(torch.from_numpy(token).to(device), "float32", controls=controls)
        means.append(posterior.mean.float().cpu())
        stds.append(posterior.std.float().cpu())
    return Posterior(torch.cat(means), torch.cat(stds))
