"""Weights as the kernel on a GPU reads them: plain matrices, those of all layers together."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqgen.kernels.frames import Frames
from seqgen.kernels.packing import Precision, check_precision, plain
from seqgen.kernels.reduced import Matrix, reduced
from seqgen.kernels.wavenet_decode.packed import Sizes, sizes_of
from seqgen.kernels.wavenet_decode.weights import Layer, Weights

WIDEST, MOST_SKIP = 64, 256
"""C and S for which a layer's weights fit the shared memory of one multiprocessor"""


@dataclass(frozen=True)
class OnDevice:
    """What `wavenet_decode` generates from on a GPU. `on_device` makes it."""

    table: Tensor
    """[R, C]"""
    position: Tensor | None
    """[P, C]"""
    taps: Matrix
    """[L 2 C, k C]"""
    bias: Tensor
    """[L 2 C]"""
    leave: Matrix
    """[L (C + S), C]"""
    leave_bias: Tensor
    """[L (C + S)]"""
    exit: Matrix
    exit_bias: Tensor
    head: Matrix
    head_bias: Tensor
    dilation: Tensor
    """[L]"""
    first: Tensor
    """[L] slot of all rings with which a layer's begins"""
    precision: Precision
    dilations: tuple[int, ...]
    sizes: Sizes
    frames: Frames = field(default_factory=Frames, compare=False, repr=False)

    @property
    def device(self) -> torch.device:
        return self.table.device

    @property
    def draws(self) -> int:
        """Uniform numbers that a token takes."""
        return self.sizes.outputs if self.sizes.bits else 1

    @property
    def reach(self) -> list[int]:
        """Frames that each layer looks back at."""
        return [(self.sizes.taps - 1) * dilation for dilation in self.dilations]

    def weights(self) -> Weights:
        """Those that it stands for: rounded to its precision."""
        each = (self.taps.wide(), self.bias, self.leave.wide(), self.leave_bias)
        parts = zip(*(x.chunk(len(self.dilations)) for x in each), strict=True)
        layers = tuple(Layer(d, *part) for d, part in zip(self.dilations, parts, strict=True))
        last = self.exit.wide(), self.exit_bias, self.head.wide(), self.head_bias
        return Weights(self.table, self.position, layers, *last, bool(self.sizes.bits))


def on_device(weights: Weights, precision: Precision = "float32") -> OnDevice:
    """Where the weights are. int8 is multiplied in bfloat16, which holds it exactly."""
    check_precision(precision)
    sizes, device = sizes_of(weights), weights.table.device
    if sizes.width > WIDEST or sizes.skip > MOST_SKIP:
        raise ValueError(
            f"table must have at most {WIDEST} columns and exit {MOST_SKIP} for the kernel on a GPU, "
            f"got {sizes.width} and {sizes.skip}"
        )
    layers = weights.layers
    dilations = tuple(layer.dilation for layer in layers)
    dilation = torch.tensor(dilations, device=device)
    slots = (sizes.taps - 1) * dilation + 1
    return OnDevice(
        plain(weights.table),
        None if weights.position is None else plain(weights.position),
        reduced(torch.cat([x.taps for x in layers]), precision),
        plain(torch.cat([x.bias for x in layers])),
        reduced(torch.cat([x.leave for x in layers]), precision),
        plain(torch.cat([x.leave_bias for x in layers])),
        reduced(weights.exit, precision),
        plain(weights.exit_bias),
        reduced(weights.head, precision),
        plain(weights.head_bias),
        dilation,
        slots.cumsum(0) - slots,
        precision,
        dilations,
        sizes,
    )
