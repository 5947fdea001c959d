"""Heads: a token's embedding on the way in, its distribution on the way out.

An output distribution is composed with a core, never subclassed into a decoder. A token is an integer or, for
a head with a `token_shape`, an array of that shape. Each head has two more of them, `start` (nothing came
before) and `blank` (what came before is hidden); as an array, one holds its number everywhere.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core.one_hot import Bits, OneHot, pack_bits, unpack_bits
from seqgen.core.sampling import Sampling, at_least_float32


class Head(nn.Module):
    """`embed` tokens for a core of `embedding_size`, and read its output as a distribution over tokens."""

    vocabulary_size: int
    """tokens 0 .. vocabulary_size - 1 can be emitted"""
    embedding_size: int
    draws: int
    """uniform numbers that one sample takes"""
    token_shape: tuple[int, ...] = ()
    """of one token; () for integers"""
    soft_size: int = 0
    """S, numbers that say a distribution; 0 for a head whose distribution they do not"""

    @property
    def start(self) -> int:
        return self.vocabulary_size

    @property
    def blank(self) -> int:
        return self.vocabulary_size + 1

    def starts(self, rows: int, device: torch.device) -> Shaped[Tensor, "B *K"]:
        """A start token for every row."""
        return torch.full((rows, *self.token_shape), self.start, device=device)

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        raise NotImplementedError

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        """Natural logarithm of the probability of `token`."""
        raise NotImplementedError

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """A token from `draws` = K uniform numbers in [0, 1)."""
        raise NotImplementedError

    def soft(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B S"]:
        """The distribution over tokens as `soft_size` = S probabilities, which take gradients."""
        raise NotImplementedError

    def hard(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B S"]:
        """The distribution that is certain of a token, as `soft` says it."""
        raise NotImplementedError


class TokenEmbedding(nn.Module):
    """One vector a token, and one each for start and blank."""

    def __init__(self, vocabulary_size: int, size: int):
        super().__init__()
        self.size = size
        self.table = nn.Embedding(vocabulary_size + 2, size)

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        return self.table(token)


class TimedEmbedding(nn.Module):
    """A vector for each token, start and blank, and behind it how many steps of time the token takes.

    The tokens of `clock` take 1, 2, ... steps in their order, all others none. `clock.Clock` reads it.
    """

    def __init__(self, vocabulary_size: int, size: int, clock: range):
        super().__init__()
        self.table, self.clock = nn.Embedding(vocabulary_size + 2, size), clock
        self.size = size + 1

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        vector = self.table(token)
        takes = (token >= self.clock.start) & (token < self.clock.stop)
        steps = torch.where(takes, token - self.clock.start + 1, 0)
        return torch.cat([vector, steps[..., None].to(vector.dtype)], -1)


class BitEmbedding(nn.Module):
    """The sum of a vector for each bit set in the token, and one vector each for start and blank."""

    def __init__(self, bits: int, size: int):
        super().__init__()
        self.bits, self.size = bits, size
        self.linear = nn.Linear(bits, size)
        self.special = nn.Parameter(nn.init.normal_(torch.empty(2, size), std=0.1))

    def forward(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        special = token - 2**self.bits
        e = self.linear(unpack_bits(token, self.bits, self.linear.weight.dtype))
        return torch.where(special[..., None] < 0, e, self.special[special.clamp(min=0)].to(e.dtype))


class Categorical(Head):
    """One of V tokens. embedding_size: 0 to have them read one-hot. clock: tokens that take time, see
    `TimedEmbedding`."""

    draws = 1

    def __init__(self, width: int, vocabulary_size: int, embedding_size: int, clock: range | None = None):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        size = embedding_size
        self.embedding: TokenEmbedding | OneHot | TimedEmbedding
        if clock is not None:
            self.embedding = TimedEmbedding(vocabulary_size, size, clock)
        else:
            self.embedding = TokenEmbedding(vocabulary_size, size) if size else OneHot(vocabulary_size)
        self.embedding_size = self.embedding.size
        self.soft_size = vocabulary_size
        self.logits = nn.Linear(width, vocabulary_size)

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        embedded: Tensor = self.embedding(token)
        return embedded.to(self.logits.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        logits = at_least_float32(self.logits(y))
        flat = F.cross_entropy(logits.flatten(0, -2), token.flatten(), reduction="none")
        return -flat.view(token.shape)

    def sample(
        self,
        y: Float[Tensor, "*B D"],
        how: Sampling,
        uniform: Float[Tensor, "*B K"],
        allowed: Bool[Tensor, "*B V"] | None = None,
    ) -> Int[Tensor, "*B"]:
        """allowed: tokens that may be drawn, at least one in each row; None for all."""
        logits = self.logits(y)
        if allowed is not None:
            logits = at_least_float32(logits).masked_fill(~allowed, -math.inf)
        return how.draw(logits, uniform[..., 0])

    def soft(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B V"]:
        return at_least_float32(self.logits(y)).softmax(-1)

    def hard(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B V"]:
        return F.one_hot(token, self.vocabulary_size).float()


class Bernoulli(Head):
    """K independent bits; the token is the integer whose bit i is bit i (drum class i sounds).

    embedding_size: 0 to have the bits read as they are.
    """

    def __init__(self, width: int, bits: int, embedding_size: int):
        super().__init__()
        self.bits = self.draws = self.soft_size = bits
        self.vocabulary_size = 2**bits
        self.embedding = BitEmbedding(bits, embedding_size) if embedding_size else Bits(bits)
        self.embedding_size = self.embedding.size
        self.logits = nn.Linear(width, bits)

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        embedded: Tensor = self.embedding(token)
        return embedded.to(self.logits.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        logits = at_least_float32(self.logits(y))
        bits = unpack_bits(token, self.bits, logits.dtype)
        return -F.binary_cross_entropy_with_logits(logits, bits, reduction="none").sum(-1)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """Each bit is drawn by itself. A bit has two values, so top-k and top-p do not apply to it."""
        logits = at_least_float32(self.logits(y))
        on = logits > 0 if how.greedy else uniform < (logits / how.temperature).sigmoid()
        return pack_bits(on)

    def soft(self, y: Float[Tensor, "*B D"]) -> Float[Tensor, "*B K"]:
        """Of each bit, that it is set."""
        return at_least_float32(self.logits(y)).sigmoid()

    def hard(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B K"]:
        return unpack_bits(token, self.bits, torch.float32)
