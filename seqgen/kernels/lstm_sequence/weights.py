"""The weights of one LSTM layer, and those packed once in the order in which the native kernel reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from seqgen.kernels.packing import (
    GROUP,
    PADDED,
    Precision,
    Reader,
    block_words,
    blocks,
    check_precision,
    check_shapes,
    joined,
    padded,
    units_apart,
    units_together,
)


class Direction(NamedTuple):
    """Gates in torch's order, which is input, forget, cell, output."""

    read: Tensor
    """[4 D, J] what a frame reads of x"""
    own: Tensor
    """[4 D, D] what it reads of its own last output"""
    bias: Tensor
    """[4 D]"""


@dataclass(frozen=True)
class Packed:
    """What `lstm_sequence` runs on. `pack` makes it."""

    stream: Tensor
    """[words] direction after direction: bias and input weights block after block, then the recurrent ones"""
    precision: Precision
    lanes: int
    inputs: int
    """J"""
    width: int
    """D"""
    directions: int
    """G"""


def pack(directions: Sequence[Direction], precision: Precision = "float32", lanes: int = 16) -> Packed:
    """Pack one direction, or two of which the second runs backward, for vectors of `lanes` numbers."""
    check_precision(precision)
    if len(directions) not in (1, 2):
        raise ValueError(f"directions must be one or two, got {len(directions)}")
    (G, J), D = directions[0].read.shape, directions[0].own.shape[1]
    count = padded(D) // lanes
    sizes = [
        count * (GROUP * lanes + block_words(J, lanes, precision)),
        count * block_words(D, lanes, precision),
    ]
    stream = torch.empty(len(directions) * sum(sizes), dtype=torch.int32)
    for n, (d, part) in enumerate(zip(directions, stream.split(sum(sizes)), strict=True)):
        wanted = {"read": (d.read, (4 * D, J)), "own": (d.own, (G, D)), "bias": (d.bias, (G,))}
        check_shapes({f"directions[{n}].{k}": v for k, v in wanted.items()}, f"a width of {D}")
        given = (d.bias.float(), d.read, d.own)
        bias, read, own = (units_together(w.detach(), 4, lanes, PADDED) for w in given)
        first, then = part.split(sizes)
        joined(bias, [read], precision, first)
        blocks(own, precision, then.view(count, -1))
    return Packed(stream, precision, lanes, J, D, len(directions))


def unpacked(stream: Int[Tensor, "W"], sizes: Sequence[int], precision: str, lanes: int) -> list[Direction]:
    """The weights that a pack of `sizes` (J, D, G) stands for: rounded to its precision."""
    J, D, G = sizes
    reader, directions = Reader(stream, precision, lanes), []
    for _ in range(G):
        bias, read = reader.take(padded(D) // lanes, J)
        own = reader.take_matrix(padded(D) // lanes, D)
        directions.append(Direction(*(units_apart(x, 4, D) for x in (read, own, bias))))
    return directions
