"""Matrices in the order in which the native decoding kernels read them, in float32, bfloat16 or int8.

A block is four vectors of `lanes` outputs; its weights are 32-bit words [K / step][4][lanes], and a word
holds `step` neighbouring inputs of one output. K is padded with zeros to a multiple of 16, and so is what a
row is multiplied by. Before the words of an int8 block stand the scales of its outputs and -128 times the
sums of their weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from seqgen.kernels.paging import page_out

Precision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
STEP = {"float32": 1, "bfloat16": 2, "int8": 4}
PADDED = 16
GROUP = 4
AT_ONCE = 1 << 20
"""numbers that are converted at a time, so that a large matrix is not copied whole"""


def plain(x: Tensor) -> Tensor:
    return x.detach().float().contiguous()


def padded(size: int, to: int = PADDED) -> int:
    return -(-size // to) * to


def blocks(
    outputs: Float[Tensor, "N 4 L K"], precision: str, into: Int[Tensor, "N W"] | None = None
) -> Int[Tensor, "N W"]:
    """N blocks of a matrix, of whose outputs the caller has said which stand together; written `into` it."""
    K = padded(outputs.shape[3])
    words = block_words(outputs.shape[3], outputs.shape[2], precision)
    stream = outputs.new_empty(len(outputs), words, dtype=torch.int32) if into is None else into
    count = max(1, AT_ONCE // max(1, outputs[0].numel())) if len(outputs) else 1
    for from_, to in zip(outputs.split(count), stream.split(count), strict=True):
        to.copy_(_blocks(F.pad(from_.float(), (0, K - outputs.shape[3])), precision))
    page_out(outputs)
    return stream


def _blocks(x: Float[Tensor, "N 4 L K"], precision: str) -> Int[Tensor, "N W"]:
    if precision == "int8":
        scale = x.abs().amax(3, keepdim=True) / 127
        q = torch.where(scale > 0, x / scale, 0).round().to(torch.int8)
        scales = scale.flatten(1).contiguous().view(torch.int32)
        sums = -128 * q.sum(3, dtype=torch.int32).flatten(1)
        return torch.cat([scales, sums, words(q, precision)], 1)
    return words(x.to(getattr(torch, precision)), precision)


def words(x: Tensor, precision: str) -> Int[Tensor, "N W"]:
    parted = x.unflatten(3, (-1, STEP[precision]))  # [N, 4, L, K / step, step]
    return parted.permute(0, 3, 1, 2, 4).contiguous().flatten(1).view(torch.int32)


def unpack(stream: Int[Tensor, "N W"], K: int, lanes: int, precision: str) -> Float[Tensor, "N 4 L K"]:
    """The weights of `blocks` as float32: rounded, if the precision is less."""
    scale = None
    if precision == "int8":
        scale = stream[:, : GROUP * lanes].contiguous().view(torch.float32).view(-1, GROUP, lanes, 1)
        stream = stream[:, 2 * GROUP * lanes :]
    step = STEP[precision]
    numbers = (
        stream.contiguous().view(getattr(torch, precision)).view(-1, padded(K) // step, GROUP, lanes, step)
    )
    x = numbers.permute(0, 2, 3, 1, 4).flatten(3)[..., :K].float()
    return x if scale is None else x * scale


def block_words(K: int, lanes: int, precision: str) -> int:
    """32-bit words of one block."""
    header = 2 * GROUP * lanes if precision == "int8" else 0
    return header + padded(K) // STEP[precision] * GROUP * lanes


def units_together(x: Float[Tensor, "M *K"], parts: int, lanes: int, to: int) -> Float[Tensor, "N 4 L *K"]:
    """Outputs that are `parts` gates of the same units: a block has all gates of its units.

    to: the units are padded with zeros to a multiple of this.
    """
    gates = x.unflatten(0, (parts, -1))
    short = padded(gates.shape[1], to) - gates.shape[1]
    if short:
        gates = torch.cat([gates, gates.new_zeros(parts, short, *x.shape[1:])], 1)
    apart = gates.unflatten(1, (-1, GROUP // parts, lanes)).transpose(0, 1)
    return apart.squeeze(2) if parts == GROUP else apart.flatten(1, 2)  # a view where it can be


def units_apart(x: Float[Tensor, "N 4 L *K"], parts: int, size: int) -> Float[Tensor, "M *K"]:
    """What `units_together` put together: `parts` gates of `size` units."""
    gates = x.unflatten(1, (parts, -1)).transpose(0, 1).flatten(1, 3)
    return gates[:, :size].flatten(0, 1)


def rows_together(x: Float[Tensor, "M *K"], lanes: int) -> Float[Tensor, "N 4 L *K"]:
    """Outputs in their order, padded with zeros."""
    short = padded(len(x), GROUP * lanes) - len(x)
    return torch.cat([x, x.new_zeros(short, *x.shape[1:])]).unflatten(0, (-1, GROUP, lanes))


def joined(
    bias: Float[Tensor, "N 4 L"],
    matrices: Sequence[Float[Tensor, "N 4 L _"]],
    precision: str,
    into: Int[Tensor, "W"] | None = None,
) -> Int[Tensor, "W"]:
    """Part of a stream: for each block its biases, in float32, and its part of each matrix."""
    count, _, lanes = bias.shape
    sizes = [GROUP * lanes, *(block_words(m.shape[3], lanes, precision) for m in matrices)]
    stream = bias.new_empty(count * sum(sizes), dtype=torch.int32) if into is None else into
    first, *rest = stream.view(count, -1).split(sizes, 1)
    first.copy_(bias.contiguous().flatten(1).view(torch.int32))
    for matrix, part in zip(matrices, rest, strict=True):
        blocks(matrix, precision, part)
    return stream


class Reader:
    """Takes a stream apart again, from its beginning."""

    def __init__(self, stream: Int[Tensor, "W"], precision: str, lanes: int):
        self.rest, self.precision, self.lanes = stream, precision, lanes

    def take(self, count: int, *inputs: int) -> list[Float[Tensor, "N 4 L *K"]]:
        """The biases of `count` blocks, then for each number of inputs a matrix: rounded as it was packed."""
        sizes = [GROUP * self.lanes, *(block_words(K, self.lanes, self.precision) for K in inputs)]
        part, self.rest = self.rest.split([count * sum(sizes), len(self.rest) - count * sum(sizes)])
        bias, *matrices = part.view(count, -1).split(sizes, 1)
        pairs = zip(matrices, inputs, strict=True)
        biases = bias.contiguous().view(torch.float32).view(-1, GROUP, self.lanes)
        return [biases, *(unpack(m, K, self.lanes, self.precision) for m, K in pairs)]

    def take_matrix(self, count: int, inputs: int) -> Float[Tensor, "N 4 L K"]:
        """The same for a matrix without biases."""
        size = count * block_words(inputs, self.lanes, self.precision)
        part, self.rest = self.rest.split([size, len(self.rest) - size])
        return unpack(part.view(count, -1), inputs, self.lanes, self.precision)


def check_precision(precision: str) -> None:
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")


def check_shapes(wanted: dict[str, tuple[Tensor, tuple[int, ...]]], like: str) -> None:
    """name: tensor and the shape that it must have to go with the weights that `like` names."""
    for name, (x, shape) in wanted.items():
        if tuple(x.shape) != shape:
            raise ValueError(
                f"{name} must have the shape {list(shape)} to go with {like}, got {list(x.shape)}"
            )
