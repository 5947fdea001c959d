"""Product of heads: a token that is a tuple, its parts independent given the core's output.

A tuple is coded as one integer in mixed radix, the first part fastest: with parts of 3 and 5 tokens, (i, j)
is i + 3 j. So a note's pitch, velocity and length are one token to a core, a decoder and a state, and each
part keeps the distribution that suits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.head import Head
from seqgen.core.sampling import Sampling

LARGEST = 1 << 31


class Product(Head):
    """Heads that read the same output; log-probabilities add, and draws stand one after another.

    join: how the parts' embeddings become one: their sum, for which all must be of one size, or `concat`.
    """

    def __init__(self, heads: Sequence[Head], join: Literal["sum", "concat"] = "concat"):
        super().__init__()
        sizes = [head.embedding_size for head in heads]
        if not heads or (join == "sum" and len(set(sizes)) > 1):
            raise ValueError(
                f"heads: expected one or more, of one embedding size where they are summed, got sizes {sizes}"
            )
        self.radix = [head.vocabulary_size for head in heads]
        self.vocabulary_size = 1
        for radix in self.radix:
            self.vocabulary_size *= radix
        if self.vocabulary_size >= LARGEST:
            raise ValueError(
                f"heads: expected fewer than 2**31 tuples, got {' x '.join(map(str, self.radix))} = "
                f"{self.vocabulary_size}: split a part into a time step of its own"
            )
        self.join = join
        self.embedding_size = sizes[0] if join == "sum" else sum(sizes)
        self.draws = sum(head.draws for head in heads)
        self.heads = nn.ModuleList(heads)

    def parts(self, token: Int[Tensor, "*B"]) -> list[Int[Tensor, "*B"]]:
        """The tuple of a token; start and blank are those of every part."""
        special = token - self.vocabulary_size
        parts = []
        rest = token
        for radix in self.radix:
            parts.append(torch.where(special < 0, rest % radix, special + radix))
            rest = rest // radix
        return parts

    def token(self, parts: Sequence[Int[Tensor, "*B"]]) -> Int[Tensor, "*B"]:
        """The token of a tuple."""
        whole = torch.zeros_like(parts[-1])
        for part, radix in zip(reversed(parts), reversed(self.radix), strict=True):
            whole = whole * radix + part
        return whole

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        each = [head.embed(part) for head, part in zip(self._each(), self.parts(token), strict=True)]
        return torch.cat(each, -1) if self.join == "concat" else torch.stack(each).sum(0)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        each = [head.log_prob(y, part) for head, part in zip(self._each(), self.parts(token), strict=True)]
        return torch.stack(each).sum(0)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """Every part is drawn by itself; greedy takes the likeliest of each, which is the likeliest tuple."""
        heads = self._each()
        shares = uniform.split([head.draws for head in heads], -1)
        return self.token([head.sample(y, how, share) for head, share in zip(heads, shares, strict=True)])

    def _each(self) -> list[Head]:
        return [cast(Head, head) for head in self.heads]
