"""Weights packed once, in the order in which the native kernel reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from seqgen.kernels.packing import (
    GROUP,
    Precision,
    Reader,
    check_precision,
    check_shapes,
    joined,
    padded,
    plain,
    rows_together,
    units_apart,
    units_together,
)
from seqgen.kernels.wavenet_decode.weights import Layer, Weights


class Sizes(NamedTuple):
    """As whole numbers, so that an op can take them."""

    width: int
    """C"""
    skip: int
    """S"""
    exit: int
    """E"""
    outputs: int
    """V logits"""
    taps: int
    """k"""
    bits: int
    """1 where the logits are those of independent bits"""


@dataclass(frozen=True)
class Packed:
    """What `wavenet_decode` generates from. `pack` makes it."""

    stream: Tensor
    """[words] layer after layer, each gates and then leave; exit; head: for each block a bias and weights"""
    table: Tensor
    """[R, C]"""
    position: Tensor | None
    """[P, C]"""
    precision: Precision
    lanes: int
    dilations: tuple[int, ...]
    sizes: Sizes

    @property
    def draws(self) -> int:
        """Uniform numbers that a token takes."""
        return self.sizes.outputs if self.sizes.bits else 1

    @property
    def reach(self) -> list[int]:
        """Frames that each layer looks back at."""
        return [(self.sizes.taps - 1) * dilation for dilation in self.dilations]


def pack(weights: Weights, precision: Precision = "float32", lanes: int = 16) -> Packed:
    """Pack for a library whose vectors hold `lanes` numbers."""
    check_precision(precision)
    sizes = sizes_of(weights)
    parts = []
    for layer in weights.layers:
        bias, taps = (units_together(plain(w), 2, lanes, 2 * lanes) for w in (layer.bias, layer.taps))
        parts += [joined(bias, [taps], precision), _rows(layer.leave_bias, layer.leave, precision, lanes)]
    parts.append(_rows(weights.exit_bias, weights.exit, precision, lanes))
    parts.append(_rows(weights.head_bias, weights.head, precision, lanes))
    position = None if weights.position is None else plain(weights.position)
    dilations = tuple(layer.dilation for layer in weights.layers)
    return Packed(torch.cat(parts), plain(weights.table), position, precision, lanes, dilations, sizes)


def _rows(bias: Tensor, weight: Tensor, precision: str, lanes: int) -> Tensor:
    return joined(rows_together(plain(bias), lanes), [rows_together(plain(weight), lanes)], precision)


def unpacked(
    stream: Int[Tensor, "W"], table: Tensor, position: Tensor | None, dilations: list[int], sizes: Sizes,
    precision: str, lanes: int,
) -> Weights:  # fmt: skip
    """The weights that a pack stands for: rounded to its precision."""
    C, S, E, V, taps, bits = sizes
    reader, layers = Reader(stream, precision, lanes), []

    def rows(outputs: int, inputs: int) -> list[Tensor]:
        count = padded(outputs, GROUP * lanes) // (GROUP * lanes)
        return [x.flatten(0, 2)[:outputs] for x in reader.take(count, inputs)]

    for dilation in dilations:
        taken = reader.take(padded(C, 2 * lanes) // (2 * lanes), taps * C)
        bias, weight = (units_apart(x, 2, C) for x in taken)
        leave_bias, leave = rows(C + S, C)
        layers.append(Layer(dilation, weight, bias, leave, leave_bias))
    exit_bias, exit = rows(E, S)
    head_bias, head = rows(V, E)
    return Weights(table, position, tuple(layers), exit, exit_bias, head, head_bias, bool(bits))


def sizes_of(w: Weights) -> Sizes:
    """Checked against one another."""
    C, (E, S), V = w.table.shape[1], w.exit.shape, len(w.head)
    taps = w.layers[0].taps.shape[1] // C if w.layers else 0
    if taps < 2 or min(layer.dilation for layer in w.layers) < 1:
        raise ValueError(
            f"layers must be one or more, of dilation 1 or more and taps [2 C, k C], for C = {C} columns of "
            f"table and k = 2 or more, got {[(x.dilation, list(x.taps.shape)) for x in w.layers]}"
        )
    wanted: dict[str, tuple[Tensor, tuple[int, ...]]] = {}
    for n, layer in enumerate(w.layers):
        wanted[f"layers[{n}].taps"] = (layer.taps, (2 * C, taps * C))
        wanted[f"layers[{n}].bias"] = (layer.bias, (2 * C,))
        wanted[f"layers[{n}].leave"] = (layer.leave, (C + S, C))
        wanted[f"layers[{n}].leave_bias"] = (layer.leave_bias, (C + S,))
    if w.position is not None:
        wanted["position"] = (w.position, (len(w.position), C))
    wanted |= {"exit_bias": (w.exit_bias, (E,)), "head": (w.head, (V, E)), "head_bias": (w.head_bias, (V,))}
    check_shapes(wanted, f"table {list(w.table.shape)} and exit {list(w.exit.shape)}")
    return Sizes(C, S, E, V, taps, int(w.bits))
