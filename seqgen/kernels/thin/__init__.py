"""Steps on a CPU: a product of a few rows with a large matrix, and an LSTM layer over a few frames.

torch computes them by routines made for many rows: they copy or repack the weights first, and one row then
costs several times what reading the weights costs.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from seqgen.kernels.choose import choose
from seqgen.kernels.thin import op

MOST_ROWS = 8
"""rows from which on torch is as fast"""
MOST_FRAMES = 16

__all__ = ["MOST_FRAMES", "MOST_ROWS", "linear", "lstm", "serves"]


def serves(x: Tensor, rows: int, *weights: Tensor) -> bool:
    """Whether the step kernels take an input of `rows` rows: on the CPU, where no gradient is asked for."""
    if rows > MOST_ROWS or x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return False
    if torch.is_autocast_enabled("cpu") or weights[0].dtype != x.dtype:
        return False
    if torch.is_grad_enabled() and (x.requires_grad or any(w.requires_grad for w in weights)):
        return False
    return rows > 0 and choose(x.device, "") != "torch"


def linear(
    x: Float[Tensor, "*B I"], weight: Float[Tensor, "O I"], bias: Float[Tensor, "O"] | None = None
) -> Float[Tensor, "*B O"]:
    """x W^T + b: what `torch.nn.functional.linear` gives but for the order of the sums.

    The step kernel serves up to 8 rows on a CPU without gradients, torch serves the rest.
    """
    if serves(x, x.numel() // max(1, x.shape[-1]), weight):
        return op.thin_linear(x, weight, bias)
    return F.linear(x, weight, bias)


def lstm(
    x: Float[Tensor, "B T I"],
    h: Float[Tensor, "B D"],
    c: Float[Tensor, "B D"],
    w_ih: Float[Tensor, "G I"],
    w_hh: Float[Tensor, "G D"],
    b_ih: Float[Tensor, "G"],
    b_hh: Float[Tensor, "G"],
) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B D"], Float[Tensor, "B D"]]:
    """Outputs, and h and c after the last frame, of one layer with torch's weights; G = 4 D gates.

    Only where `serves` says so.
    """
    return op.thin_lstm(x, h, c, w_ih, w_hh, b_ih, b_hh)
