"""Paths and grids between latent codes.

Codes of a VAE with a Gaussian prior lie near a sphere, so a path keeps to it: directions turn along a great
circle at an even rate (slerp, Shoemake 1985) and lengths change linearly. For two codes of one length this is
the classical formula; unlike that, it stays finite for codes that are equal, opposite, or zero.

K steps, Z latent.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Way = Literal["slerp", "lerp"]
WAYS = get_args(Way)
STRAIGHT = 1e-6
"""radians: within this the great circle is a straight line, or leaves its direction open"""


def slerp(a: Float[Tensor, "Z"], b: Float[Tensor, "Z"], t: Float[Tensor, "K"]) -> Float[Tensor, "K Z"]:
    """The codes at shares `t` in [0, 1] of the way from `a` to `b`; exactly `a` at 0 and exactly `b` at 1.

    Opposite codes have no one great circle between them: the path turns through a fixed direction at right
    angles.

    >>> slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0])).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    start, end, share = a.double(), b.double(), t.double()[:, None]
    ends = torch.where(share == 0, start, end)
    on_way = _turn(start, end, share)
    # A straight line where there is nothing to turn: equal directions, or a code at the origin.
    path = (1 - share) * start + share * end if on_way is None else on_way
    return torch.where((share == 0) | (share == 1), ends, path).to(a.dtype)


def _turn(start: Tensor, end: Tensor, share: Tensor) -> Tensor | None:
    """Along the great circle, or None if the codes do not span one."""
    lengths = start.norm(), end.norm()
    if min(lengths) == 0:
        return None
    u, v = start / lengths[0], end / lengths[1]
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())  # accurate at both ends, as acos is not
    if angle < STRAIGHT:
        return None
    if torch.pi - angle < STRAIGHT:
        v = torch.zeros_like(u)
        v[u.abs().argmin()] = 1.0
    right = v - (v @ u) * u
    if right.norm() < STRAIGHT:  # Z = 1: there is no other direction
        return None
    right = right / right.norm()
    length = (1 - share) * lengths[0] + share * lengths[1]
    return length * ((share * angle).cos() * u + (share * angle).sin() * right)


def lerp(a: Float[Tensor, "Z"], b: Float[Tensor, "Z"], t: Float[Tensor, "K"]) -> Float[Tensor, "K Z"]:
    """The codes on the straight line: in its middle shorter than their ends, and so more usual music."""
    share = t.double()[:, None]
    return ((1 - share) * a.double() + share * b.double()).to(a.dtype)


def latent_path(
    a: Float[Tensor, "Z"], b: Float[Tensor, "Z"], num_steps: int, way: Way = "slerp"
) -> Float[Tensor, "K Z"]:
    """`num_steps` codes from `a` to `b` at equal angles (or distances), both ends included."""
    return (slerp if way == "slerp" else lerp)(a, b, shares(num_steps))


def latent_grid(
    a: Float[Tensor, "Z"],
    b: Float[Tensor, "Z"],
    c: Float[Tensor, "Z"],
    d: Float[Tensor, "Z"],
    num_steps: int,
    way: Way = "slerp",
) -> Float[Tensor, "K K Z"]:
    """`num_steps` rows of as many codes: `a` and `b` at the ends of the first row, `c` and `d` of the last.

    Bilinear: the first and the last row are paths, and each column is a path between them.
    """
    top, bottom = latent_path(a, b, num_steps, way), latent_path(c, d, num_steps, way)
    return torch.stack([latent_path(x, y, num_steps, way) for x, y in zip(top, bottom, strict=True)], 1)


def path_weights(num_steps: int) -> Float[Tensor, "K 2"]:
    """How much of each end is in each step of a path."""
    share = shares(num_steps)
    return torch.stack([1 - share, share], 1)


def grid_weights(num_steps: int) -> Float[Tensor, "K K 4"]:
    """How much of each corner is in each cell of a grid."""
    row, column = torch.meshgrid(shares(num_steps), shares(num_steps), indexing="ij")
    corners = [(1 - row) * (1 - column), (1 - row) * column, row * (1 - column), row * column]
    return torch.stack(corners, -1)


def shares(num_steps: int) -> Float[Tensor, "K"]:
    """Equal steps from 0 to 1."""
    return torch.linspace(0, 1, num_steps, dtype=torch.float64)


def check_codes(z: Tensor | np.ndarray, latent: int, model: str) -> Float[Tensor, "B Z"]:
    """Codes that a user gives to a model of that name, as float32.

    Raises:
        ValueError: unless they are finite numbers [B, latent].
    """
    real = z.is_floating_point() if isinstance(z, Tensor) else np.issubdtype(z.dtype, np.floating)
    if z.ndim != 2 or z.shape[1] != latent or not real or not len(z):
        shape = list(z.shape)
        raise ValueError(f"z: expected numbers [B, {latent}] for {model}, got {z.dtype} of shape {shape}")
    codes = z.float() if isinstance(z, Tensor) else torch.from_numpy(z.astype(np.float32))
    if not codes.isfinite().all():
        raise ValueError("z: expected finite numbers, got NaN or infinity")
    return codes
