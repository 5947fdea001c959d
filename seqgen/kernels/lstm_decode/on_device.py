"""Weights as the kernel on a GPU reads them: plain matrices in their precision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from seqgen.kernels.frames import Frames
from seqgen.kernels.lstm_decode.packed import check_weights
from seqgen.kernels.lstm_decode.weights import Layer, Weights
from seqgen.kernels.packing import Precision, check_precision, plain
from seqgen.kernels.reduced import Matrix, reduced


class Cells(NamedTuple):
    """A layer."""

    below: Matrix | None
    """[4 D, D]; the first layer has none"""
    own: Matrix
    """[4 D, D]"""
    bias: Tensor | None
    """[4 D]"""


@dataclass(frozen=True)
class OnDevice:
    """What `lstm_decode` generates from on a GPU. `on_device` makes it."""

    table: Tensor
    """[R, 4 D]"""
    position: Tensor | None
    """[P, 4 D]"""
    cells: tuple[Cells, ...]
    head: Matrix
    """[V, D]"""
    head_bias: Tensor
    """[V]"""
    precision: Precision
    bits: bool
    frames: Frames = field(default_factory=Frames, compare=False, repr=False)

    @property
    def device(self) -> torch.device:
        return self.table.device

    @property
    def layers(self) -> int:
        """N"""
        return len(self.cells)

    @property
    def width(self) -> int:
        """D"""
        return self.table.shape[1] // 4

    @property
    def outputs(self) -> int:
        """V logits"""
        return len(self.head_bias)

    @property
    def draws(self) -> int:
        """Uniform numbers that a token takes."""
        return self.outputs if self.bits else 1

    def weights(self) -> Weights:
        """Those that it stands for: rounded to its precision."""
        layers = [
            Layer(c.below.wide(), c.own.wide(), c.bias)
            for c in self.cells
            if c.below is not None and c.bias is not None
        ]
        own = self.cells[0].own.wide()
        return Weights(
            self.table, self.position, own, tuple(layers), self.head.wide(), self.head_bias, self.bits
        )


def on_device(weights: Weights, precision: Precision = "float32") -> OnDevice:
    """Where the weights are. int8 is multiplied in bfloat16, which holds it exactly."""
    check_precision(precision)
    check_weights(weights)
    cells = [Cells(None, reduced(weights.own, precision), None)]
    for layer in weights.layers:
        below, own = (reduced(w, precision) for w in (layer.below, layer.own))
        cells.append(Cells(below, own, plain(layer.bias)))
    position = None if weights.position is None else plain(weights.position)
    head = reduced(weights.head, precision)
    return OnDevice(
        plain(weights.table), position, tuple(cells), head, plain(weights.head_bias), precision, weights.bits
    )
