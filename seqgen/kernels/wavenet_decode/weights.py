"""The weights of a WaveNet and its head, as plain tensors, folded as far as they can be."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Layer(NamedTuple):
    dilation: int
    taps: Tensor
    """[2 C, k C] from k frames side by side, the oldest first, to both halves of the gates"""
    bias: Tensor
    """[2 C]"""
    leave: Tensor
    """[C + S, C] from what passed the gates to the next layer (added) and to the skip path"""
    leave_bias: Tensor
    """[C + S]"""


class Weights(NamedTuple):
    """What is read is a sum of looked-up rows, so the input weights are folded into those."""

    table: Tensor
    """[R, C] what the first layer reads for each token that may come before, bias included"""
    position: Tensor | None
    """[P, C] what the place of a frame adds, modulo P"""
    layers: tuple[Layer, ...]
    exit: Tensor
    """[E, S]"""
    exit_bias: Tensor
    head: Tensor
    """[V, E]"""
    head_bias: Tensor
    bits: bool
    """whether the V logits are those of independent bits, and not of one token each"""


class State(NamedTuple):
    """What generation continues from."""

    past: tuple[Tensor, ...]
    """each [B, (k - 1) d, C]: the frames that a layer still looks back at, latest last"""
    previous: Tensor
    """[B] the row of the table that the next frame reads"""
