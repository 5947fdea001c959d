"""Three autoencoders of lines: a plain one, a VAE, and one with a critic of mixtures (ACAI).

They have one encoder, one decoder, one optimiser and the same images; the loss is all they differ in. The
mixtures and the critic's losses are those of a MusicVAE's training (`seqgen.core.acai`), with codes mixed
straight, as in the paper.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from experiments.line_images import PIXELS, SIZE, draw_lines
from seqgen.core.acai import critic_loss, fooling_loss, frozen, mixture

Name = Literal["ae", "vae", "acai"]
NAMES: dict[Name, str] = {"ae": "autoencoder", "vae": "VAE", "acai": "ACAI"}
CHANNELS = 16
"""of a convolution over patches of the image, whose outputs lie PLACES x PLACES"""
PLACES = 8
WIDTH = 128
"""of the layer between patches and code"""
LATENT = 4
BATCH = 32
RATE = 1e-3
NOISE = 0.1
"""standard deviation of a pixel, to the VAE"""
WEIGHT, GAMMA = 0.05, 0.2
"""lambda and gamma. The paper has 0.5, at a tenth of our learning rate: so fast, a game at 0.5 costs the
reconstructions (a squared error of .019 a pixel, .0003 without a critic)"""
RAMP = 0.3
"""share of the steps over which lambda rises from 0"""
CRITIC_RATE = 2e-3


class Encoder(nn.Module):
    """From images [B, P] to codes [B, outputs]; of the critic, to one number."""

    def __init__(self, outputs: int):
        super().__init__()
        self.patches = nn.Conv2d(1, CHANNELS, 8, stride=4, padding=2)
        self.hidden = nn.Linear(CHANNELS * PLACES**2, WIDTH)
        self.output = nn.Linear(WIDTH, outputs)

    def forward(self, image: Tensor) -> Tensor:
        x = F.leaky_relu(self.patches(image.view(-1, 1, SIZE, SIZE)), 0.2)
        found: Tensor = self.output(F.leaky_relu(self.hidden(x.flatten(1)), 0.2))
        return found


class Critic(Encoder):
    """The guessed share of each image [B, P]."""

    def __init__(self) -> None:
        super().__init__(1)

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image)[:, 0]


class Decoder(nn.Module):
    """From codes [B, Z] to images [B, P]."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(LATENT, WIDTH)
        self.hidden = nn.Linear(WIDTH, CHANNELS * PLACES**2)
        self.patches = nn.Conv2d(CHANNELS, (SIZE // PLACES) ** 2, 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        x = F.leaky_relu(self.hidden(F.leaky_relu(self.input(code), 0.2)), 0.2)
        x = self.patches(x.view(-1, CHANNELS, PLACES, PLACES))
        return F.pixel_shuffle(x, SIZE // PLACES).reshape(-1, PIXELS)


class Trained(NamedTuple):
    """What is left of a training."""

    encoder: Encoder
    decoder: Decoder
    error: float
    """of the last reconstructions, squared, a pixel"""


def train(name: Name, steps: int, seed: int) -> Trained:
    """A model after so many batches of lines at angles drawn evenly. The same seed gives the same model."""
    torch.manual_seed(seed)
    encoder, decoder = Encoder(2 * LATENT if name == "vae" else LATENT), Decoder()
    critic = Critic() if name == "acai" else None
    learners: list[list[nn.Module]] = [[encoder, decoder], *([[critic]] if critic else [])]
    optimizers = [
        torch.optim.Adam([p for module in part for p in module.parameters()], lr=RATE, fused=True)
        for part in learners
    ]
    angles, rng = np.random.default_rng(seed), Generator().manual_seed(seed)
    error = torch.tensor(math.nan)
    for step in range(steps):
        image = torch.from_numpy(draw_lines(angles.uniform(0, 2 * math.pi, BATCH)))
        code = encoder(image)
        if name == "vae":
            loss, error = vae_loss(image, code, decoder, rng)
        else:
            again = decoder(code)
            loss = error = F.mse_loss(again, image)
            if critic is not None:
                weight = WEIGHT * min(1.0, step / steps / RAMP)
                loss = loss + contest(image, again, code, decoder, critic, weight, rng)
        for optimizer, rate in zip(optimizers, (RATE, CRITIC_RATE), strict=False):
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return Trained(encoder, decoder, error.item())


def vae_loss(image: Tensor, code: Tensor, decoder: Decoder, rng: Generator) -> tuple[Tensor, Tensor]:
    """The evidence lower bound with Gaussian pixels, up to a constant, in nats an image; squared error."""
    mean, log_std = code.chunk(2, 1)
    again = decoder(mean + log_std.exp() * torch.randn(mean.shape, generator=rng))
    error = (again - image).square()
    kl = (0.5 * (mean.square() + (2 * log_std).exp() - 1) - log_std).sum(1)
    return (error.sum(1) / (2 * NOISE**2) + kl).mean(), error.mean()


def contest(
    image: Tensor,
    again: Tensor,
    code: Tensor,
    decoder: Decoder,
    critic: Critic,
    weight: float,
    rng: Generator,
) -> Tensor:
    """What the autoencoder pays, and the critic's own loss."""
    alpha = torch.rand(len(code), generator=rng) / 2
    mixed = decoder(mixture(code, code.roll(1, 0), alpha, "lerp"))
    blend = GAMMA * image + (1 - GAMMA) * again.detach()
    on_mixed, on_blend = critic(torch.cat([mixed.detach(), blend])).chunk(2)
    return weight * fooling_loss(frozen(critic, mixed)) + critic_loss(on_mixed, alpha, on_blend)


@torch.no_grad()
def interpolate(model: Trained, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Images [N, K, P] at even shares of the straight way between the codes of lines at angles [N]."""
    codes = [model.encoder(torch.from_numpy(draw_lines(angle)))[:, :LATENT] for angle in (start, end)]
    share = torch.linspace(0, 1, steps)[None, :, None]
    between = (1 - share) * codes[0][:, None] + share * codes[1][:, None]
    return model.decoder(between.flatten(0, 1)).view(len(start), steps, PIXELS).numpy()
