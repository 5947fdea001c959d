"""ACAI: mixtures of codes that a critic cannot tell from codes (Berthelot et al. 2019, arXiv:1807.07543).

A critic d reads what was decoded from a mixture of two codes and guesses how much of the second is in it,
alpha in [0, 1/2]. It learns from

    L_d = mean of (d(x_alpha) - alpha)^2 + d(gamma x + (1 - gamma) x_hat)^2                  (equation 2)

where x is data and x_hat its reconstruction, and the autoencoder pays for what the critic can tell:

    L_f = reconstruction + lambda * mean of d(x_alpha)^2                                       (equation 1)

Nothing here knows what x is: music and lines learn by the same functions. B batch, Z latent.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.func import functional_call

Way = Literal["slerp", "lerp"]
Reads = Literal["probabilities", "tokens"]
ALIGNED = 1e-6
"""cosines stay so far from 1 and -1, where the angle has no derivative"""


def mixture(
    a: Float[Tensor, "B Z"], b: Float[Tensor, "B Z"], alpha: Float[Tensor, "B"], way: Way
) -> Float[Tensor, "B Z"]:
    """Codes at shares `alpha` of the way from `a` to `b`.

    lerp: (1 - alpha) a + alpha b, as in the paper. slerp: on the great circle, at lengths between the two,
    which is the way that music is interpolated (`tasks.latent.slerp`); this one takes gradients.
    """
    share = alpha[:, None].to(a.dtype)
    if way == "lerp":
        return (1 - share) * a + share * b
    lengths = [code.norm(dim=1, keepdim=True).clamp(min=ALIGNED) for code in (a, b)]
    u, v = a / lengths[0], b / lengths[1]
    angle = (u * v).sum(1, keepdim=True).clamp(ALIGNED - 1, 1 - ALIGNED).acos()
    turned = (((1 - share) * angle).sin() * u + (share * angle).sin() * v) / angle.sin()
    return ((1 - share) * lengths[0] + share * lengths[1]) * turned


def critic_loss(
    mixed: Float[Tensor, "B"], alpha: Float[Tensor, "B"], blended: Float[Tensor, "B"]
) -> Float[Tensor, ""]:
    """L_d. mixed: d of mixtures with so much `alpha`. blended: d of gamma x + (1 - gamma) x_hat."""
    return (mixed - alpha).square().mean() + blended.square().mean()


def fooling_loss(mixed: Float[Tensor, "B"]) -> Float[Tensor, ""]:
    """What the autoencoder is charged, before lambda: 0 where the critic takes mixtures for codes."""
    return mixed.square().mean()


def frozen(critic: nn.Module, x: Tensor) -> Tensor:
    """critic(x), through which gradients go to x and not to the critic."""
    fixed = {name: tensor.detach() for name, tensor in critic.state_dict(keep_vars=True).items()}
    found: Tensor = functional_call(critic, fixed, (x,))
    return found


def aside(rng: Generator | None) -> Generator | None:
    """A generator for further draws, which `rng` seeds and which does not move it."""
    if rng is None:
        return None
    copy = Generator(rng.device)
    copy.set_state(rng.get_state())
    seed = torch.randint(1 << 62, (), generator=copy, device=rng.device).item()
    return copy.manual_seed(int(seed))
