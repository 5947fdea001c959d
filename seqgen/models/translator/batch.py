"""What a translator is trained and scored on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Batch(NamedTuple):
    """Sentence pairs as subwords; both sides end with the end mark, and are padded with anything."""

    source: Tensor
    """[B, S]"""
    unit: Tensor
    """[B, S] word that each subword belongs to; that of the end mark is the number of words"""
    source_lengths: Tensor
    """[B]"""
    target: Tensor
    """[B, U]"""
    target_lengths: Tensor
    """[B]"""

    def words(self) -> Int[Tensor, "B"]:
        """Words of each source."""
        return self.unit.gather(1, self.source_lengths[:, None] - 1)[:, 0]

    def words_read(self) -> Float[Tensor, "B S"]:
        """Words that have been read at each frame: the end mark comes with the last word."""
        return torch.minimum(self.unit + 1, self.words()[:, None]).float()

    def to(self, device: torch.device) -> Batch:
        return Batch(*(part.to(device) for part in self))
