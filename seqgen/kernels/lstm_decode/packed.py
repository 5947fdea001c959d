"""Weights packed once, in the order in which the native kernel reads them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.kernels.lstm_decode.weights import Layer, Weights
from seqgen.kernels.packing import (
    GROUP,
    Precision,
    as_words,
    block_words,
    blocks,
    check_precision,
    padded,
    rows_together,
    unpack,
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
    check_shapes(weights)
    D = weights.own.shape[1]
    first = Layer(weights.own, weights.own, torch.zeros(4 * D))
    parts = []
    for n, layer in enumerate((first, *weights.layers)):
        read = (layer.own,) if n == 0 else (layer.below, layer.own)
        matrices = [blocks(units_together(w.detach().float(), lanes), precision) for w in read]
        parts.append(
            torch.cat([as_words(units_together(layer.bias.detach(), lanes)), *matrices], 1).flatten()
        )
    head, bias = (rows_together(x.detach().float(), lanes) for x in (weights.head, weights.head_bias))
    parts.append(torch.cat([as_words(bias), blocks(head, precision)], 1).flatten())
    table, position = (
        None if x is None else x.detach().float().contiguous() for x in (weights.table, weights.position)
    )
    assert table is not None
    N, V = 1 + len(weights.layers), len(weights.head)
    return Packed(torch.cat(parts), table, position, precision, lanes, N, D, V, weights.bits)


def units_together(x: Float[Tensor, "G *K"], lanes: int) -> Float[Tensor, "N 4 L *K"]:
    """Outputs [4 D, ...] as blocks of the four gates of `lanes` units."""
    gates = x.unflatten(0, (4, -1))
    short = padded(gates.shape[1]) - gates.shape[1]
    gates = torch.cat([gates, gates.new_zeros(4, short, *x.shape[1:])], 1)
    return gates.unflatten(1, (-1, lanes)).transpose(0, 1)


def unpacked(
    stream: Int[Tensor, "W"], table: Tensor, position: Tensor | None, sizes: tuple[int, int, int, bool],
    precision: str, lanes: int,
) -> Weights:  # fmt: skip
    """The weights that a pack of `sizes` (N, D, V, bits) stands for: rounded to its precision."""
    N, D, V, bits = sizes
    each, at, layers = block_words(D, lanes, precision), 0, []
    for n in range(N):
        count, length = padded(D) // lanes, GROUP * lanes + (1 + (n > 0)) * each
        part, at = stream[at : at + count * length].view(count, length), at + count * length
        bias, *matrices = part.split([GROUP * lanes, *[each] * (1 + (n > 0))], 1)
        read = [_units(unpack(m, D, lanes, precision), D) for m in matrices]
        layers.append(Layer(read[0], read[-1], _units(bias.view(torch.float32).reshape(-1, GROUP, lanes), D)))
    part = stream[at:].view(-1, GROUP * lanes + each)
    bias = part[:, : GROUP * lanes].view(torch.float32).flatten()[:V]
    head = unpack(part[:, GROUP * lanes :], D, lanes, precision).flatten(0, 2)[:V]
    return Weights(table, position, layers[0].own, tuple(layers[1:]), head, bias, bits)


def _units(x: Tensor, D: int) -> Tensor:
    return x.transpose(0, 1).flatten(1, 2)[:, :D].flatten(0, 1)


def check_shapes(w: Weights) -> None:
    G, D = w.own.shape
    wanted: dict[str, tuple[Tensor, tuple[int, ...]]] = {
        "own": (w.own, (4 * D, D)),
        "table": (w.table, (len(w.table), G)),
    }
    if w.position is not None:
        wanted["position"] = (w.position, (len(w.position), G))
    for n, layer in enumerate(w.layers):
        wanted |= {
            f"layers[{n}].{name}": (x, (G, D)) for name, x in (("below", layer.below), ("own", layer.own))
        }
        wanted[f"layers[{n}].bias"] = (layer.bias, (G,))
    wanted["head"] = (w.head, (len(w.head), D))
    wanted["head_bias"] = (w.head_bias, (len(w.head),))
    for name, (x, shape) in wanted.items():
        if tuple(x.shape) != shape:
            raise ValueError(
                f"{name} must have the shape {list(shape)} to go with own {list(w.own.shape)}, "
                f"got {list(x.shape)}"
            )
