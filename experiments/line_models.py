"""Three autoencoders of lines: a plain one, a VAE, and one with a critic of mixtures (ACAI).

They have one encoder, one decoder, one optimiser and the same images; the loss is all they differ in. The
mixtures and the critic's losses are those of a MusicVAE's training (`seqgen.core.acai`), with codes mixed
straight, as in the paper.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from experiments.line_images import PIXELS, draw_lines
from seqgen.core.acai import critic_loss, fooling_loss, frozen, mixture

Name = Literal["ae", "vae", "acai"]
NAMES: dict[Name, str] = {"ae": "autoencoder", "vae": "VAE", "acai": "ACAI"}
WIDTH = 128
LATENT = 32
BATCH = 64
RATE = 1e-3
WEIGHT, GAMMA = 0.5, 0.2
"""lambda and gamma of the paper"""
DRAWN = 8192
"""even angles, of whose lines the batches are drawn"""


def layers(inputs: int, outputs: int) -> nn.Sequential:
    """Two hidden layers, slope as in the paper."""
    sizes = (inputs, WIDTH, WIDTH, outputs)
    linear = [nn.Linear(before, after) for before, after in pairwise(sizes)]
    return nn.Sequential(linear[0], nn.LeakyReLU(0.2), linear[1], nn.LeakyReLU(0.2), linear[2])


class Decoder(nn.Module):
    """From codes [B, Z] to images [B, P] within [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = layers(LATENT, PIXELS)

    def forward(self, code: Tensor) -> Tensor:
        return shown(self.logits(code))


def shown(logits: Tensor) -> Tensor:
    """The mean image within [-1, 1] of Bernoulli pixels, each 1 or -1, with such logits."""
    return (logits / 2).tanh()


def nats(logits: Tensor, image: Tensor) -> Tensor:
    """Of Bernoulli pixels, a pixel: what all three pay for their reconstructions."""
    return F.binary_cross_entropy_with_logits(logits, (image + 1) / 2)


class Critic(nn.Module):
    """The guessed share of each image [B, P]: an encoder, and the mean of its outputs, as in the paper."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = layers(PIXELS, LATENT)

    def forward(self, image: Tensor) -> Tensor:
        share: Tensor = self.layers(image).mean(1)
        return share


class Trained(NamedTuple):
    """What is left of a training."""

    encoder: nn.Sequential
    decoder: Decoder
    error: float
    """of the last reconstructions, squared, a pixel"""


def train(name: Name, steps: int, seed: int) -> Trained:
    """A model after so many batches of lines at angles drawn evenly. The same seed gives the same model."""
    torch.manual_seed(seed)
    encoder, decoder = layers(PIXELS, 2 * LATENT if name == "vae" else LATENT), Decoder()
    critic = Critic() if name == "acai" else None
    learners = [nn.ModuleList([encoder, decoder]), *([nn.ModuleList([critic])] if critic else [])]
    optimizers = [torch.optim.Adam(part.parameters(), lr=RATE, fused=True) for part in learners]
    lines, rng = torch.from_numpy(draw_lines(drawn_angles())), Generator().manual_seed(seed)
    error = torch.tensor(math.nan)
    for step in range(steps):
        image = lines[torch.randint(len(lines), (BATCH,), generator=rng)]
        code, kl = encoder(image), torch.tensor(0.0)
        if name == "vae":
            code, kl = posterior(code, rng)
        logits = decoder.logits(code)
        again = shown(logits)
        loss, error = nats(logits, image) + kl / PIXELS, F.mse_loss(again, image)
        if critic is not None:
            loss = loss + contest(image, again, code, decoder, critic, rng)
        for optimizer in optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return Trained(encoder, decoder, error.item())


def drawn_angles() -> np.ndarray:
    """[DRAWN] of the lines that models learn from."""
    return np.arange(DRAWN) * (2 * math.pi / DRAWN)


def posterior(code: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """A draw [B, Z] from the Gaussians told by codes [B, 2 Z], and their mean KL from N(0, I) in nats."""
    mean, log_std = code.chunk(2, 1)
    kl = (0.5 * (mean.square() + (2 * log_std).exp() - 1) - log_std).sum(1)
    return mean + log_std.exp() * torch.randn(mean.shape, generator=rng), kl.mean()


def contest(
    image: Tensor, again: Tensor, code: Tensor, decoder: Decoder, critic: Critic, rng: Generator
) -> Tensor:
    """What the autoencoder pays, and the critic's own loss."""
    alpha = torch.rand(len(code), generator=rng) / 2
    mixed = decoder(mixture(code, code.roll(1, 0), alpha, "lerp"))
    blend = GAMMA * image + (1 - GAMMA) * again.detach()
    on_mixed, on_blend = critic(torch.cat([mixed.detach(), blend])).chunk(2)
    return WEIGHT * fooling_loss(frozen(critic, mixed)) + critic_loss(on_mixed, alpha, on_blend)


@torch.no_grad()
def interpolate(model: Trained, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Images [N, K, P] at even shares of the straight way between the codes of lines at angles [N]."""
    codes = [model.encoder(torch.from_numpy(draw_lines(angle)))[:, :LATENT] for angle in (start, end)]
    share = torch.linspace(0, 1, steps)[None, :, None]
    between = (1 - share) * codes[0][:, None] + share * codes[1][:, None]
    return model.decoder(between.flatten(0, 1)).view(len(start), steps, PIXELS).numpy()
