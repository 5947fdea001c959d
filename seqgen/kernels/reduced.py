"""Plain matrices in float32, bfloat16 or int8, as the decoding kernels on a GPU read them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from seqgen.kernels.packing import Precision, plain


class Matrix(NamedTuple):
    weight: Tensor
    """[J, K]"""
    scale: Tensor | None
    """[J] of int8: what each row is multiplied by"""

    def wide(self) -> Float[Tensor, "J K"]:
        """What it stands for, in float32: rounded, if the precision is less."""
        x = self.weight.float()
        return x if self.scale is None else x * self.scale[:, None]


def reduced(weight: Float[Tensor, "J K"], precision: Precision) -> Matrix:
    """Where the weight is."""
    x = plain(weight)
    if precision != "int8":
        return Matrix(x.to(getattr(torch, precision)), None)
    scale = x.abs().amax(1) / 127
    return Matrix(torch.where(scale[:, None] > 0, x / scale[:, None], 0).round().to(torch.int8), scale)
