"""A language model of music: p(x_t | x_<t), for as long as the music goes on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from seqgen.core import Bernoulli, Categorical, Decoder, DecoderState, Head, Metre, Sampling
from seqgen.core.decoder import rng_device
from seqgen.kernels.packing import Precision
from seqgen.models.language_model.config import LanguageModelConfig
from seqgen.models.voice import build_voice, output_size


class Losses(NamedTuple):
    loss: Tensor
    """nats a step"""


class LanguageModel(nn.Module):
    """A decoder with nothing to condition on. Its windows begin on a bar line."""

    def __init__(self, config: LanguageModelConfig):
        super().__init__()
        self.config = config
        size, c = output_size(config), config
        head: Head = (
            Categorical(size, c.vocabulary_size, c.embedding)
            if c.head == "categorical"
            else Bernoulli(size, c.vocabulary_size.bit_length() - 1, c.embedding)
        )
        voice = build_voice(c, c.embedding, cond_size=0)
        self.decoder = Decoder(Metre(voice, c.steps_per_bar), head)

    def init_state(self, batch_size: int) -> DecoderState:
        """Before the first bar."""
        return self.decoder.init_state(batch_size, next(self.parameters()).new_zeros(batch_size, 0))

    def log_prob(
        self, token: Int[Tensor, "B T"], fed: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T"]:
        """log p(x_t | x_<t) in nats, from the beginning of the music on."""
        return self.decoder.log_prob(token, self.init_state(len(token)), fed=fed)[0]

    def extend(
        self,
        prompt: Int[Tensor, "B P"],
        steps: int,
        how: Sampling,
        uniform: Float[Tensor, "B T K"] | None = None,
        precision: Precision | None = None,
    ) -> Int[Tensor, "B T"]:
        """Draw `steps` tokens after each prompt, which begins on a bar line and may be empty.

        `uniform`, `precision`: as in `Decoder.generate`.
        """
        with torch.no_grad():
            state = self.init_state(len(prompt))
            if prompt.shape[1]:
                _, state = self.decoder.hidden(prompt, state)
        return self.decoder.generate(state, steps, how, uniform=uniform, precision=precision)[0]

    def losses(
        self, token: Int[Tensor, "B T"], input_dropout: float = 0.0, rng: Generator | None = None
    ) -> Losses:
        """Mean negative log-likelihood, with that share of the inputs blank: it must not trust one token."""
        head = self.decoder.head
        fed = torch.cat([torch.full_like(token[:, :1], head.start), token[:, :-1]], 1)
        if input_dropout:
            gone = torch.rand(token.shape, generator=rng, device=rng_device(rng)) < input_dropout
            fed = torch.where(gone.to(token.device) & (fed != head.start), head.blank, fed)
        return Losses(-self.log_prob(token, fed).mean())
