"""Weights packed once, in the order in which the native kernel reads them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from seqgen.kernels.lstm_decode.weights import Layer, Weights
from seqgen.kernels.packing import (
    GROUP,
    PADDED,
    Precision,
    Reader,
    block_words,
    check_precision,
    check_shapes,
    joined,
    padded,
    plain,
    rows_together,
    units_apart,
    units_together,
)


@dataclass(frozen=True)
class Packed:
    """What `lstm_decode` generates from. `pack` makes it."""

    stream: Tensor
    """[words] layer after layer and then the head; for each block a bias and one or two matrices"""
    table: Tensor
    """[R, 4 D]"""
    position: Tensor | None
    """[P, 4 D]"""
    precision: Precision
    lanes: int
    layers: int
    """N"""
    width: int
    """D"""
    outputs: int
    """V logits"""
    bits: bool

    @property
    def draws(self) -> int:
        """Uniform numbers that a token takes."""
        return self.outputs if self.bits else 1


def pack(weights: Weights, precision: Precision = "float32", lanes: int = 16) -> Packed:
    """Pack for a library whose vectors hold `lanes` numbers."""
    check_precision(precision)
    check_weights(weights)
    N, D, V = 1 + len(weights.layers), weights.own.shape[1], len(weights.head)
    count, own = padded(D) // lanes, block_words(D, lanes, precision)
    sizes = [count * (GROUP * lanes + (1 + (n > 0)) * own) for n in range(N)]
    sizes.append(padded(V, GROUP * lanes) // (GROUP * lanes) * (GROUP * lanes + own))
    stream = torch.empty(sum(sizes), dtype=torch.int32)
    *parts, last = stream.split(sizes)
    first = Layer(weights.own, weights.own, weights.own.new_zeros(4 * D))
    for n, (layer, part) in enumerate(zip((first, *weights.layers), parts, strict=True)):
        bias, *read = (
            units_together(plain(w), 4, lanes, PADDED)
            for w in ((layer.bias, layer.below, layer.own) if n else (layer.bias, layer.own))
        )
        joined(bias, read, precision, part)
    head, bias = (rows_together(plain(w), lanes) for w in (weights.head, weights.head_bias))
    joined(bias, [head], precision, last)
    position = None if weights.position is None else plain(weights.position)
    return Packed(stream, plain(weights.table), position, precision, lanes, N, D, V, weights.bits)


def unpacked(
    stream: Int[Tensor, "W"], table: Tensor, position: Tensor | None, sizes: tuple[int, int, int, bool],
    precision: str, lanes: int,
) -> Weights:  # fmt: skip
    """The weights that a pack of `sizes` (N, D, V, bits) stands for: rounded to its precision."""
    N, D, V, bits = sizes
    reader, layers = Reader(stream, precision, lanes), []
    for n in range(N):
        taken = reader.take(padded(D) // lanes, *[D] * (1 + (n > 0)))
        bias, *read = (units_apart(x, 4, D) for x in taken)
        layers.append(Layer(read[0], read[-1], bias))
    bias, head = (x.flatten(0, 2)[:V] for x in reader.take(padded(V, GROUP * lanes) // (GROUP * lanes), D))
    return Weights(table, position, layers[0].own, tuple(layers[1:]), head, bias, bits)


def check_weights(w: Weights) -> None:
    """Whether their shapes go together."""
    G, D = w.own.shape
    wanted: dict[str, tuple[Tensor, tuple[int, ...]]] = {"own": (w.own, (4 * D, D))}
    wanted["table"] = (w.table, (len(w.table), G))
    if w.position is not None:
        wanted["position"] = (w.position, (len(w.position), G))
    for n, layer in enumerate(w.layers):
        wanted[f"layers[{n}].below"] = (layer.below, (G, D))
        wanted[f"layers[{n}].own"] = (layer.own, (G, D))
        wanted[f"layers[{n}].bias"] = (layer.bias, (G,))
    wanted["head"] = (w.head, (len(w.head), D))
    wanted["head_bias"] = (w.head_bias, (len(w.head),))
    check_shapes(wanted, f"own {list(w.own.shape)}")
