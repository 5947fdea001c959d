"""NADE: bits that depend on one another (Larochelle and Murray 2011), conditioned on a core's output.

With hidden biases a and visible biases b from the core (Boulanger-Lewandowski et al. 2012, RNN-NADE),

    p(v_i = 1 | v_<i) = sigmoid(b_i + sigmoid(a + sum over j < i of v_j E_j) . D_i)
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.head import BitEmbedding, Head
from seqgen.core.one_hot import Bits, pack_bits, unpack_bits
from seqgen.core.sampling import Sampling, at_least_float32

LEAST = 1e-6
"""added to a probability before its logarithm is taken, as in MusicVAE"""


class Nade(Head):
    """K bits, drawn one after another; the token is the integer whose bit i is bit i (drum class i sounds).

    hidden: H, the size of what remembers the bits so far. embedding_size: as of `Bernoulli`.
    """

    def __init__(self, width: int, bits: int, hidden: int, embedding_size: int):
        super().__init__()
        self.bits = self.draws = bits
        self.hidden, self.vocabulary_size = hidden, 2**bits
        self.embedding = BitEmbedding(bits, embedding_size) if embedding_size else Bits(bits)
        self.embedding_size = self.embedding.size
        self.biases = nn.Linear(width, hidden + bits)
        self.encode = nn.Parameter(nn.init.normal_(torch.empty(bits, hidden), std=hidden**-0.5))
        self.decode = nn.Parameter(nn.init.normal_(torch.empty(bits, hidden), std=hidden**-0.5))

    def embed(self, token: Int[Tensor, "*B"]) -> Float[Tensor, "*B E"]:
        embedded: Tensor = self.embedding(token)
        return embedded.to(self.biases.weight.dtype)

    def log_prob(self, y: Float[Tensor, "*B D"], token: Int[Tensor, "*B"]) -> Float[Tensor, "*B"]:
        a, b = self._biases(y)
        v = unpack_bits(token, self.bits, a.dtype)
        told = v[..., None] * self.encode.to(a.dtype)
        remembered = a[..., None, :] + told.cumsum(-2) - told
        p = self._logits(remembered, b).sigmoid()
        return (v * (p + LEAST).log() + (1 - v) * (1 - p + LEAST).log()).sum(-1)

    def sample(
        self, y: Float[Tensor, "*B D"], how: Sampling, uniform: Float[Tensor, "*B K"]
    ) -> Int[Tensor, "*B"]:
        """Bit after bit, each told those before it; greedy sets the bits that are likelier set than not.

        A bit has two values, so top-k and top-p do not apply to it.
        """
        a, b = self._biases(y)
        bits = []
        for i in range(self.bits):
            logit = b[..., i] + a.sigmoid() @ self.decode[i].to(a.dtype)
            on = logit > 0 if how.greedy else uniform[..., i] < (logit / how.temperature).sigmoid()
            a = a + on[..., None] * self.encode[i].to(a.dtype)
            bits.append(on)
        return pack_bits(torch.stack(bits, -1))

    def _biases(self, y: Float[Tensor, "*B D"]) -> tuple[Float[Tensor, "*B H"], Float[Tensor, "*B K"]]:
        """Of the hidden and the visible units."""
        a, b = at_least_float32(self.biases(y)).split([self.hidden, self.bits], -1)
        return a, b

    def _logits(self, remembered: Float[Tensor, "*B K H"], b: Float[Tensor, "*B K"]) -> Float[Tensor, "*B K"]:
        return b + (remembered.sigmoid() * self.decode.to(b.dtype)).sum(-1)
