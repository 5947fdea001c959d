"""Decoder: head(core(embed(previous token))), the shape of every autoregressive model."""

from __future__ import annotations

import logging
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from seqgen.core import fast_decode
from seqgen.core.conductor import Conductor
from seqgen.core.head import Head
from seqgen.core.packs import Packs
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, leaves, where
from seqgen.kernels.packing import Precision

LOG = logging.getLogger("seqgen")


class DecoderState(NamedTuple):
    previous: Tensor
    """[B] the last token"""
    core: State


class Decoder(nn.Module):
    """A core and a head. Final: what varies is composed in, so nothing subclasses it."""

    def __init__(self, core: SequenceModule, head: Head):
        super().__init__()
        if core.input_size != head.embedding_size:
            raise ValueError(
                f"core reads {core.input_size} numbers a frame, head embeds {head.embedding_size}"
            )
        self.core, self.head = core, head
        self.packs = Packs()

    def init_state(
        self, batch_size: int, cond: Float[Tensor, "B Z"], precision: Precision | None = None
    ) -> DecoderState:
        """precision: of a conductor's plan, where packed weights can serve; None for torch."""
        start = torch.full((batch_size,), self.head.start, device=cond.device)
        if isinstance(self.core, Conductor):
            return DecoderState(start, self.core.init_state(batch_size, cond, precision))
        return DecoderState(start, self.core.init_state(batch_size, cond))

    def hidden(
        self,
        token: Int[Tensor, "B T"],
        state: DecoderState,
        lengths: Int[Tensor, "B"] | None = None,
        fed: Int[Tensor, "B T"] | None = None,
    ) -> tuple[Float[Tensor, "B T D"], DecoderState]:
        """Core outputs where `token` is the target: frame t has seen tokens before t.

        `fed` replaces the shifted targets as input (scheduled sampling, input dropout).
        """
        history = torch.cat([state.previous[:, None], token], 1)
        y, core = self.core(self.head.embed(history[:, :-1] if fed is None else fed), state.core, lengths)
        last = history[:, -1] if lengths is None else history.gather(1, lengths[:, None])[:, 0]
        return y, DecoderState(last, core)

    def log_prob(
        self,
        token: Int[Tensor, "B T"],
        state: DecoderState,
        lengths: Int[Tensor, "B"] | None = None,
        fed: Int[Tensor, "B T"] | None = None,
    ) -> tuple[Float[Tensor, "B T"], DecoderState]:
        """Log-probability (nats) of each token given those before it; junk at and beyond `lengths`."""
        y, state = self.hidden(token, state, lengths, fed)
        return self.head.log_prob(y, token), state

    def step(
        self, state: DecoderState, how: Sampling, uniform: Float[Tensor, "B K"]
    ) -> tuple[Int[Tensor, "B"], DecoderState]:
        """Draw one token a row."""
        y, core = self.core(self.head.embed(state.previous[:, None]), state.core)
        token = self.head.sample(y[:, 0], how, uniform)
        return token, DecoderState(token, core)

    @torch.no_grad()
    def generate(
        self,
        state: DecoderState,
        steps: int,
        how: Sampling,
        rng: Generator | None = None,
        uniform: Float[Tensor, "B T K"] | None = None,
        precision: Precision | None = None,
        end: int | None = None,
    ) -> tuple[Int[Tensor, "B T"], DecoderState]:
        """Draw `steps` tokens a row. The same generator state gives the same tokens.

        `uniform` in [0, 1) replaces the draws from `rng`: rows with equal numbers differ only by what they
        are conditioned on (common random numbers).

        Where the core can split the stretch into independent lanes (whole bars under a conductor), the lanes
        run side by side. The uniforms belong to positions, so the tokens are those of the sequential run.

        On a CPU the native kernels serve the decoders they know, on a GPU those in Triton (`backend` says
        whether). `precision` is that of their weights, float32 by default; torch computes in the module's.
        What has run is logged as information.

        end: a token at which a row is finished: its state is held, and it goes on with `end`.
        """
        if end is not None and not 0 <= end < self.head.vocabulary_size:
            raise ValueError(f"end must be a token of 0 .. {self.head.vocabulary_size - 1}, got {end}")
        device = state.previous.device
        shape = (len(state.previous), steps, self.head.draws)
        # A greedy draw reads no uniforms: do not touch the caller's generator.
        if uniform is None:
            uniform = (
                torch.zeros(shape) if how.greedy else torch.rand(shape, generator=rng, device=rng_device(rng))
            )
        uniform = uniform.to(device)
        # A row that ends in one lane would have to hold the lanes after it.
        lanes = self.core.split(state.core, steps) if end is None else None
        if lanes is None:
            return self._run(state, uniform, how, precision, end)
        rows = len(next(leaves(lanes)))
        start = torch.full((rows,), self.head.start, device=device)
        folded = uniform.reshape(rows, -1, self.head.draws)
        token, ran = self._run(DecoderState(start, lanes), folded, how, precision)
        token = token.reshape(-1, steps)
        return token, DecoderState(token[:, -1], self.core.join(state.core, ran.core, steps))

    def backend(self, how: Sampling, precision: Precision | None = None) -> str:
        """What `generate` runs on: "torch", "native" with the precision and the level of the library, or
        "triton" with the precision."""
        return fast_decode.backend(self, how, precision)

    def precision_of(self, how: Sampling, precision: Precision | None = None) -> str:
        """That of the weights `generate` computes with: the one asked for, where the kernels serve;
        else the dtype of the module."""
        return fast_decode.precision_of(self, how, precision)

    def _run(
        self,
        state: DecoderState,
        uniform: Float[Tensor, "B T K"],
        how: Sampling,
        precision: Precision | None = None,
        end: int | None = None,
    ) -> tuple[Int[Tensor, "B T"], DecoderState]:
        fast = fast_decode.run(self, state.previous, state.core, uniform, how, precision, end)
        if not isinstance(fast, str):
            LOG.info("decoding: %s", fast.by)
            return fast.token, DecoderState(fast.token[:, -1], fast.core)
        tokens = []
        for u in uniform.unbind(1):
            _, new = self.step(state, how, u)
            state = new if end is None else where(state.previous != end, new, state)
            tokens.append(state.previous)
        LOG.info("decoding: torch (%s)", fast)
        return torch.stack(tokens, 1), state


def rng_device(rng: Generator | None) -> torch.device:
    """Where a generator draws; the CPU without one, so that a seed gives the same music on every device."""
    return torch.device("cpu") if rng is None else rng.device
