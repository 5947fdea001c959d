"""Product of heads: a token that is a tuple, its parts independent given the core's output.

A tuple is coded as one integer in mixed radix, the first part fastest: with parts of 3 and 5 tokens, (i, j)
is i + 3 j. So a note's pitch, velocity and length, or a melody's, a bass's and a drum kit's step, are one
token to a core, a decoder and a state, and each part keeps the distribution that suits it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.head import Head
from seqgen.core.sampling import Sampling

LARGEST = 1 << 31


class Product(Head):
    """Heads over one output; log-probabilities add, and draws stand one after another.

    join: how the parts' embeddings become one: their sum, for which all must be of one size, or `concat`.
    widths: how many numbers of the output each head reads, one slice after another, as `Voices` writes them;
        None: each reads all.
    """

    def __init__(
        self,
        heads: Sequence[Head],
        join: Literal["sum", "concat"] = "concat",
        widths: Sequence[int] | None = None,
    ):
        super().__init__()
        if widths is not None and len(widths) != len(heads):
            raise ValueError(f"widths: expected one for each of {len(heads)} heads, got {list(widths)}")
        sizes = [head.embedding_size for head in heads]
        if not heads or (join == "sum" and len(set(sizes)) > 1):
            raise ValueError(
                f"heads: expected one or more, of one embedding size where they are summed, got sizes {sizes}"
            )
        self.radix = [head.vocabulary_size for head in heads]
        self.vocabulary_size = math.prod(self.radix)
        if self.vocabulary_size >= LARGEST:
            raise ValueError(
                f"heads: expected fewer than 2**31 tuples, got {' x '.join(map(str, self.radix))} = "
                f"{self.vocabulary_size}: split a part into a time step of its own"
            )
        self.join, self.widths = join, None if widths is None else list(widths)
        self.embedding_size = sizes[0] if join == "sum" else sum(sizes)
        self.draws = sum(head.draws for head in heads)
        sizes = [head.soft_size for head in heads]
        self.soft_size = sum(sizes) if min(sizes) else 0
        self.heads = nn.ModuleList(heads)

    def parts(self, token: Int[Tensor, "*B"]) -> list[Int[Tensor, "*B"]]:
        """The tuple of a token; start and blank are those of every part."""
        return parts_of(token, self.radix)

    def token(self, parts: Sequence[Int[Tensor, "*B"]]) -> Int[Tensor, "*B"]:
        """The token of a tuple."""
        whole = torch.zeros_like(parts[-1])
        for part, radix in zip(reversed(parts), reversed(self.radix), strict=True):
            whole = whole * radix + part
        return whole

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        each = [head.embed(part) for head, part in zip(self.each(), self.parts(token), strict=True)]
        return torch.cat(each, -1) if self.join == "concat" else torch.stack(each).sum(0)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        return torch.stack(self.log_prob_by_part(y, token)).sum(0)

    def log_prob_by_part(
        self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]
    ) -> list[Float[Tensor, "*B"]]:
        """What each part adds to the log-probability of `token`."""
        heads = zip(self.each(), self._slices(y), self.parts(token), strict=True)
        return [head.log_prob(own, part) for head, own, part in heads]

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """Every part is drawn by itself; greedy takes the likeliest of each, which is the likeliest tuple."""
        heads = self.each()
        shares = uniform.split([head.draws for head in heads], -1)
        each = zip(heads, self._slices(y), shares, strict=True)
        return self.token([head.sample(own, how, share) for head, own, share in each])

    def soft(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B S"]:
        """Those of the parts, one after another."""
        return torch.cat([head.soft(own) for head, own in zip(self.each(), self._slices(y), strict=True)], -1)

    def hard(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B S"]:
        parts = zip(self.each(), self.parts(token), strict=True)
        return torch.cat([head.hard(part) for head, part in parts], -1)

    def each(self) -> list[Head]:
        return [cast(Head, head) for head in self.heads]

    def _slices(self, y: Float[Tensor, "*B D"]) -> Sequence[Tensor]:
        """What each head reads."""
        return [y] * len(self.heads) if self.widths is None else y.split(self.widths, -1)


class ProductEmbedding(nn.Module):
    """The embeddings of a token's parts, one after another, as a `Product` reads its tokens.

    parts: a module for each part, from its tokens (start and blank included) to vectors of `size` numbers.
    radix: how many tokens each part has.
    """

    def __init__(self, parts: Sequence[nn.Module], radix: Sequence[int]):
        super().__init__()
        self.parts, self.radix = nn.ModuleList(parts), list(radix)
        self.size = sum(cast(int, part.size) for part in parts)

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        each = zip(self.parts, parts_of(token, self.radix), strict=True)
        return torch.cat([embed(part) for embed, part in each], -1)


def parts_of(token: Int[Tensor, "*B"], radix: Sequence[int]) -> list[Int[Tensor, "*B"]]:
    """The tuple of a token in mixed radix; beyond all tuples, start and blank are those of every part."""
    special = token - math.prod(radix)
    parts = []
    for size in radix:
        parts.append(torch.where(special < 0, token % size, special + size))
        token = token // size
    return parts
