"""The head of a translator: subwords whose embeddings are also the output weights."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core import Head, Sampling
from seqgen.core.sampling import at_least_float32
from seqgen.kernels import thin

UNKNOWN, END = 0, 1
"""token 0 stands for what the subwords cannot say and is never written; token 1 ends a sentence"""


class SubwordHead(Head):
    """One of V subwords; input and output share a table (Press and Wolf 2017).

    An embedding carries one number more: 1 where the subword ends a word.
    """

    draws = 1
    ends: Tensor

    def __init__(self, vocabulary_size: int, width: int):
        super().__init__()
        self.vocabulary_size, self.embedding_size = vocabulary_size, width + 1
        self.table = nn.Embedding(vocabulary_size + 2, width)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.register_buffer("ends", torch.zeros(vocabulary_size + 2))

    def set_ends(self, ends: Bool[Tensor, "V"]) -> None:
        """Which subwords end a word."""
        self.ends[: self.vocabulary_size] = ends.to(self.ends)

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        e = self.table(token) * (self.embedding_size - 1) ** 0.5
        return torch.cat([e, self.ends[token][..., None].to(e.dtype)], -1)

    def logits(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B V"]:
        return thin.linear(y, self.table.weight[: self.vocabulary_size], self.bias)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        logits = at_least_float32(self.logits(y))
        flat = F.cross_entropy(logits.flatten(0, -2), token.flatten(), reduction="none")
        return -flat.view(token.shape)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        logits = self.logits(y).clone()
        logits[..., UNKNOWN] = -torch.inf
        return how.draw(logits, uniform[..., 0])
