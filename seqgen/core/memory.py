"""Memory: what an attention reads, which may still be growing while it is read."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Memory(NamedTuple):
    """Frames of a source, batch first. Rows have lengths of their own; what lies beyond them is junk."""

    tracks: tuple[Tensor, ...]
    """each [B, S, *]: the values first, then whatever keys were made of them, once a frame"""
    unit: Tensor
    """[B, S] the unit (word) that a frame belongs to, counted from 0"""
    length: Tensor
    """[B] frames that are there"""
    offset: Tensor
    """[B] frames that were dropped in front: column 0 is frame `offset`"""
    closed: Tensor
    """[B] no frame will follow"""

    @property
    def values(self) -> Float[Tensor, "B S D"]:
        return self.tracks[0]

    @property
    def valid(self) -> Bool[Tensor, "B S"]:
        """Which columns hold frames."""
        return columns(self) < self.length[:, None]

    @property
    def end(self) -> Bool[Tensor, "B S"]:
        """The last frame of each row that is closed."""
        return (columns(self) == self.length[:, None] - 1) & self.closed[:, None]


def columns(memory: Memory) -> Int[Tensor, "S"]:
    return torch.arange(memory.unit.shape[1], device=memory.unit.device)


def empty_memory(batch_size: int, sizes: tuple[int, ...], like: Float[Tensor, "..."]) -> Memory:
    """Before the first frame. sizes: the last dimension of each track."""
    tracks = tuple(like.new_zeros(batch_size, 0, size) for size in sizes)
    none = torch.zeros(batch_size, dtype=torch.long, device=like.device)
    return Memory(tracks, none.new_zeros(batch_size, 0), none, none, none.bool())


def extend_memory(
    memory: Memory,
    tracks: tuple[Tensor, ...],
    lengths: Int[Tensor, "B"] | None = None,
    closed: Bool[Tensor, "B"] | None = None,
    unit: Int[Tensor, "B N"] | None = None,
    keep_from: Int[Tensor, "B"] | None = None,
) -> Memory:
    """Append up to N frames a row, and drop those before frame `keep_from`.

    lengths: frames of each row that count; all N when None. closed: rows whose source ends with these frames.
    unit: of each new frame; None makes each frame a unit of its own.
    """
    rows, new = tracks[0].shape[:2]
    count = memory.length.new_full((rows,), new) if lengths is None else lengths
    if unit is None:
        first = memory.offset + memory.length
        unit = first[:, None] + torch.arange(new, device=first.device)
    shut = memory.closed if closed is None else memory.closed | closed
    old = memory.unit.shape[1]
    parts = zip((*memory.tracks, memory.unit), (*tracks, unit), strict=True)
    if old == 0:  # the whole source at once: nothing to move
        return Memory(tracks, unit, count, memory.offset, shut)
    both = [torch.cat([before, after.to(before.dtype)], 1) for before, after in parts]
    drop = torch.zeros_like(count)
    if keep_from is not None:
        drop = torch.minimum((keep_from - memory.offset).clamp(min=0), memory.length)
    kept = memory.length - drop
    length = kept + count
    column = torch.arange(int(length.max()), device=count.device)
    source = torch.where(
        column < kept[:, None], column + drop[:, None], old + column - kept[:, None]
    )  # [B, S'] where each column comes from; junk beyond the length
    source = source.clamp(max=old + new - 1)
    moved = [_columns(track, source) for track in both]
    return Memory(tuple(moved[:-1]), moved[-1], length, memory.offset + drop, shut)


def _columns(track: Tensor, source: Int[Tensor, "B S"]) -> Tensor:
    index = source.view(*source.shape, *[1] * (track.dim() - 2)).expand(*source.shape, *track.shape[2:])
    return track.gather(1, index)
