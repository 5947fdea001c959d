"""Tokens as plain numbers, nothing learned: one-hot vectors and bits, as MusicVAE reads them.

What reads them has one vector of weights a number, which is an embedding of its own. Start and blank are
zeros: nothing is known of what came before.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


class OneHot(nn.Module):
    """One where the token is."""

    def __init__(self, vocabulary_size: int):
        super().__init__()
        self.size = vocabulary_size

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        return F.one_hot(token, self.size + 2)[..., : self.size].float()


class Bits(nn.Module):
    """The bits of the token; `none` adds a number that is one where no bit is set, so that a rest is read."""

    def __init__(self, bits: int, none: bool = False):
        super().__init__()
        self.bits, self.none, self.size = bits, none, bits + none

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        known = token < 2**self.bits
        x = unpack_bits(torch.where(known, token, 0), self.bits, torch.float32)
        return torch.cat([x, (token == 0)[..., None].float()], -1) if self.none else x


def unpack_bits(token: Int[Tensor, "*B"], bits: int, dtype: torch.dtype) -> Float[Tensor, "*B K"]:
    """The lowest `bits` bits of an integer, least significant first, as 0.0 and 1.0."""
    return (token[..., None] >> torch.arange(bits, device=token.device) & 1).to(dtype)


def pack_bits(on: Bool[Tensor, "*B K"]) -> Int[Tensor, "*B"]:
    """The integer whose bits these are, least significant first."""
    return (on.long() << torch.arange(on.shape[-1], device=on.device)).sum(-1)
