"""The weights of a decoder of stacked LSTM layers, as plain tensors, folded as far as they can be."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Layer(NamedTuple):
    """A layer over another; gates in torch's order, which is input, forget, cell, output."""

    below: Tensor
    """[4 D, D] what it reads of the layer below"""
    own: Tensor
    """[4 D, D] what it reads of its own last output"""
    bias: Tensor
    """[4 D]"""


class Weights(NamedTuple):
    """The first layer's input is a sum of looked-up rows, so its input weights are folded into those."""

    table: Tensor
    """[R, 4 D] what each token that may come before adds to the first layer's gates, biases included"""
    position: Tensor | None
    """[P, 4 D] what the place of a frame adds, modulo P"""
    own: Tensor
    """[4 D, D] recurrent weights of the first layer"""
    layers: tuple[Layer, ...]
    """the layers over it"""
    head: Tensor
    """[V, D]"""
    head_bias: Tensor
    """[V]"""
    bits: bool
    """whether the V logits are those of independent bits, and not of one token each"""


class State(NamedTuple):
    """What generation continues from."""

    h: Tensor
    """[B, N, D]"""
    c: Tensor
    """[B, N, D]"""
    previous: Tensor
    """[B] the row of the table that the next frame reads"""
