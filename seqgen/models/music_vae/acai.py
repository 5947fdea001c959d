"""ACAI on a MusicVAE: the critic reads the decoder's distributions of what lies between two windows.

A path is decoded from its codes alone, each token told those that the decoder has written itself. So is a
mixture here: a greedy free run without gradients says what is read, and a second pass over it gives the
distributions of all steps, through which gradients go to the mixture and to both of its ends. The
reconstruction that the critic compares it with is written in the same way, lest the critic learn to tell a
decoder that is told the truth from one that is not. Mixed are the posterior means, as in `interpolate`.

A critic of probabilities mostly reads how sure the decoder is, which is not heard: halfway between two
windows it is less sure. A critic of `tokens` reads what is played. A blend of tokens has those of the data on
a share gamma of its steps, for a step with two half tokens would give it away.

B batch, T time, Z latent, S numbers that a distribution is told in (`Head.soft`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from seqgen.core.acai import Reads, Way, aside, critic_loss, fooling_loss, frozen, mixture
from seqgen.core.decoder import rng_device

if TYPE_CHECKING:
    from seqgen.models.music_vae.config import MusicVAEConfig
    from seqgen.models.music_vae.model import MusicVAE

KERNEL = 5
"""steps that a layer of the critic looks at"""


class Critic(nn.Module):
    """Convolutions over time, each halving it; one number a window, the mean over what time is left.

    inputs: S, numbers a step. Any number of steps of at least 1 will do.
    """

    def __init__(self, inputs: int, width: int, layers: int):
        super().__init__()
        sizes = [inputs, *[width] * layers]
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, KERNEL, stride=2, padding=KERNEL // 2) for a, b in pairwise(sizes)
        )
        self.output = nn.Linear(width, 1)

    def forward(self, x: Float[Tensor, "B T S"]) -> Float[Tensor, "B"]:
        """The guessed alpha, which nothing keeps within its bounds."""
        y = x.transpose(1, 2)
        for layer in self.layers:
            y = F.leaky_relu(layer(y), 0.2)
        found: Tensor = self.output(y.transpose(1, 2)).float()
        return found.mean((1, 2))


class Opponent(NamedTuple):
    """A critic, and on what terms it is met."""

    critic: nn.Module
    """through which it learns: in several processes a wrapper that averages its gradients"""
    bare: nn.Module
    """the same without wrapper"""
    weight: float = 0.5
    """lambda, a step of the window: the paper's reconstruction error is a mean, that of a window is a sum"""
    gamma: float = 0.2
    """how much of the data is blended into the reconstruction that the critic has to call no mixture"""
    way: Way = "slerp"
    reads: Reads = "probabilities"


class AcaiLosses(NamedTuple):
    """As `Losses`; `loss` is that of the autoencoder and of the critic, whose gradients do not meet."""

    loss: Tensor
    nll: Tensor
    kl: Tensor
    kl_by_dimension: Tensor
    """[Z]"""
    fooling: Tensor
    """mean of d(x_alpha)^2"""
    critic: Tensor
    """L_d; 1/48, the variance of alpha, is what a critic has that knows nothing but its mean, on mixtures"""


class Contest(NamedTuple):
    """Both losses of a round."""

    fooling: Tensor
    critic: Tensor


def contest(
    model: MusicVAE,
    token: Int[Tensor, "B T"],
    z: Float[Tensor, "B Z"],
    opponent: Opponent,
    rng: Generator | None,
    controls: Float[Tensor, "B T C"] | None = None,
) -> Contest:
    """Mix each code with the next row's, decode, and ask the critic. B at least 2.

    rng: draws alpha, and is left as it was. controls: a mixture is told those of the end it is nearer to.
    """
    rng, head = aside(rng), model.decoder.head
    alpha = torch.rand(len(z), generator=rng, device=rng_device(rng)).to(z.device) / 2
    mixed = mixture(z, z.roll(1, 0), alpha, opponent.way)
    told = None if controls is None else torch.cat([controls, controls])
    played = model.decode(torch.cat([mixed, z]).detach(), controls=told)
    between, again = played.chunk(2)
    with torch.set_grad_enabled(torch.is_grad_enabled() and opponent.weight > 0):
        x_alpha = distributions(model, between, mixed, controls)
        if opponent.reads == "tokens":  # what is drawn, with the gradients of what it is drawn from
            x_alpha = head.hard(between) + (x_alpha - x_alpha.detach())
    with torch.no_grad():
        if opponent.reads == "tokens":
            real = torch.rand(token.shape, generator=rng, device=rng_device(rng)).to(z.device)
            blend = head.hard(torch.where(real < opponent.gamma, token, again))
        else:
            x_hat = distributions(model, again, z, controls)
            blend = opponent.gamma * head.hard(token) + (1 - opponent.gamma) * x_hat
    on_mixed, on_blend = cast(Tensor, opponent.critic(torch.cat([x_alpha.detach(), blend]))).chunk(2)
    return Contest(fooling_loss(frozen(opponent.bare, x_alpha)), critic_loss(on_mixed, alpha, on_blend))


def distributions(
    model: MusicVAE,
    token: Int[Tensor, "B T"],
    z: Float[Tensor, "B Z"],
    controls: Float[Tensor, "B T C"] | None = None,
) -> Float[Tensor, "B T S"]:
    """The decoder's distribution at every step, given z and the tokens before it."""
    state = model.decoder.init_state(len(z), z)
    y, _ = model.decoder.hidden(token, state, controls=controls)
    return model.decoder.head.soft(y)


def check_acai(config: MusicVAEConfig) -> None:
    """Raises ValueError for a model whose distributions no critic can read."""
    if config.events is not None:
        raise ValueError("acai: events end where they say so, and a critic reads windows of one length")
    if config.head not in ("categorical", "bernoulli", "product"):
        raise ValueError(
            f"acai: a critic reads the probabilities of a categorical or bernoulli head, or of a product of "
            f"them, which a {config.head} head does not have at hand"
        )
