"""Decoder: head(core(embed(previous token))), the shape of every autoregressive model."""

from __future__ import annotations

import logging
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Generator, Tensor, nn

from seqgen.core import fast_decode
from seqgen.core.conductor import Conductor
from seqgen.core.grammar import Grammar
from seqgen.core.head import Categorical, Head
from seqgen.core.packs import Packs
from seqgen.core.sampling import Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, leaves, where
from seqgen.kernels.packing import Precision

LOG = logging.getLogger("seqgen")


class DecoderState(NamedTuple):
    previous: Tensor
    """[B, *N] the last token"""
    core: State
    rules: State = ()
    """of the grammar that `generate` followed; () before it has followed one"""


class Decoder(nn.Module):
    """A core and a head. Final: what varies is composed in, so nothing subclasses it.

    Below, N is the shape of one token: nothing for integers.

    controls: numbers that each step is told beside the token before it, known ahead (chords, given hits). The
        core reads them behind the embedding.
    """

    def __init__(self, core: SequenceModule, head: Head, controls: int = 0):
        super().__init__()
        if core.input_size != head.embedding_size + controls:
            raise ValueError(
                f"core reads {core.input_size} numbers a frame, head embeds {head.embedding_size}"
                + (f" and controls are {controls}" if controls else "")
            )
        self.core, self.head, self.controls = core, head, controls
        self.packs = Packs()

    def init_state(
        self, batch_size: int, cond: Float[Tensor, "B Z"], precision: Precision | None = None
    ) -> DecoderState:
        """precision: of a conductor's plan, where packed weights can serve; None for torch."""
        start = self.head.starts(batch_size, cond.device)
        if isinstance(self.core, Conductor):
            return DecoderState(start, self.core.init_state(batch_size, cond, precision))
        return DecoderState(start, self.core.init_state(batch_size, cond))

    def hidden(
        self,
        token: Shaped[Tensor, "B T *N"],
        state: DecoderState,
        lengths: Int[Tensor, "B"] | None = None,
        fed: Shaped[Tensor, "B T *N"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> tuple[Float[Tensor, "B T D"], DecoderState]:
        """Core outputs where `token` is the target: frame t has seen tokens before t, and control t.

        `fed` replaces the shifted targets as input (scheduled sampling, input dropout).
        """
        history = torch.cat([state.previous[:, None], token], 1)
        read = self._read(history[:, :-1] if fed is None else fed, controls)
        y, core = self.core(read, state.core, lengths)
        if lengths is None:
            return y, DecoderState(history[:, -1], core)
        return y, DecoderState(history[torch.arange(len(history), device=history.device), lengths], core)

    def log_prob(
        self,
        token: Shaped[Tensor, "B T *N"],
        state: DecoderState,
        lengths: Int[Tensor, "B"] | None = None,
        fed: Shaped[Tensor, "B T *N"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> tuple[Float[Tensor, "B T"], DecoderState]:
        """Log-probability (nats) of each token given those before it; junk at and beyond `lengths`."""
        y, state = self.hidden(token, state, lengths, fed, controls)
        return self.head.log_prob(y, token), state

    def step(
        self,
        state: DecoderState,
        how: Sampling,
        uniform: Float[Tensor, "B K"],
        control: Float[Tensor, "B C"] | None = None,
        grammar: Grammar | None = None,
    ) -> tuple[Shaped[Tensor, "B *N"], DecoderState]:
        """Draw one token a row. control: of this step. grammar: whose state is `state.rules`."""
        read = self._read(state.previous[:, None], None if control is None else control[:, None])
        y, core = self.core(read, state.core)
        if grammar is None:
            token = self.head.sample(y[:, 0], how, uniform)
            return token, DecoderState(token, core)
        if not isinstance(self.head, Categorical):
            raise ValueError(
                f"grammar: needs a head that draws one of V tokens, not {type(self.head).__name__}"
            )
        token = self.head.sample(y[:, 0], how, uniform, grammar.allowed(state.rules))
        read_as = torch.where(grammar.filling(state.rules), self.head.blank, token)
        return token, DecoderState(read_as, core, grammar.advance(state.rules, token))

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
        controls: Float[Tensor, "B T C"] | None = None,
        grammar: Grammar | None = None,
    ) -> tuple[Shaped[Tensor, "B T *N"], DecoderState]:
        """Draw `steps` tokens a row. The same generator state gives the same tokens.

        `uniform` in [0, 1) replaces the draws from `rng`: rows with equal numbers differ only by what they
        are conditioned on (common random numbers).

        Where the core can split the stretch into independent lanes (whole bars under a conductor), the lanes
        run side by side. The uniforms belong to positions, so the tokens are those of the sequential run.

        On a CPU the native kernels serve the decoders they know, on a GPU those in Triton (`backend` says
        whether). `precision` is that of their weights, float32 by default; torch computes in the module's.
        What has run is logged as information.

        end: a token at which a row is finished: its state is held, and it goes on with `end`.
        controls: of each of the steps.
        grammar: tokens that it does not allow are not drawn. It goes on from `state.rules`, which are its
            state after the tokens before; () is the beginning. No kernel follows one: torch computes.
        """
        if end is not None and self.head.token_shape:
            raise ValueError(f"end: tokens of shape {self.head.token_shape} have no end, got {end}")
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
        rows = 0 if lanes is None else len(next(leaves(lanes)))
        rules: State | None = ()
        if grammar is not None:
            state = state if state.rules else state._replace(rules=grammar.init_state(shape[0], device))
            rules = grammar.split(state.rules, steps, rows // shape[0]) if rows else None
        if lanes is None or rules is None:
            return self._run(state, uniform, how, precision, end, controls, grammar)
        start = DecoderState(self.head.starts(rows, device), lanes, rules)
        folded = uniform.reshape(rows, -1, self.head.draws)
        told = None if controls is None else controls.reshape(rows, -1, controls.shape[2])
        token, ran = self._run(start, folded, how, precision, controls=told, grammar=grammar)
        token = token.reshape(-1, steps, *self.head.token_shape)
        core = self.core.join(state.core, ran.core, steps)
        rules = () if grammar is None else grammar.join(state.rules, ran.rules, steps)
        return token, DecoderState(token[:, -1], core, rules)

    def backend(self, how: Sampling, precision: Precision | None = None) -> str:
        """What `generate` runs on: "torch", "native" with the precision and the level of the library, or
        "triton" with the precision."""
        return fast_decode.backend(self, how, precision)

    def precision_of(
        self, how: Sampling, precision: Precision | None = None, grammar: Grammar | None = None
    ) -> str:
        """That of the weights `generate` computes with: the one asked for, where the kernels serve;
        else the dtype of the module."""
        if grammar is not None:
            return fast_decode.dtype_of(next(self.parameters()))
        return fast_decode.precision_of(self, how, precision)

    def _run(
        self,
        state: DecoderState,
        uniform: Float[Tensor, "B T K"],
        how: Sampling,
        precision: Precision | None = None,
        end: int | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
        grammar: Grammar | None = None,
    ) -> tuple[Shaped[Tensor, "B T *N"], DecoderState]:
        fast: fast_decode.Ran | str = "no kernel follows a grammar"
        if grammar is None:
            fast = fast_decode.run(self, state.previous, state.core, uniform, how, precision, end, controls)
        if not isinstance(fast, str):
            LOG.info("decoding: %s", fast.by)
            return fast.token, DecoderState(fast.token[:, -1], fast.core)
        tokens = []
        for t, u in enumerate(uniform.unbind(1)):
            token, new = self.step(state, how, u, None if controls is None else controls[:, t], grammar)
            state = new if end is None else where(state.previous != end, new, state)
            tokens.append(token if end is None else state.previous)
        LOG.info("decoding: torch (%s)", fast)
        return torch.stack(tokens, 1), state

    def _read(
        self, previous: Shaped[Tensor, "B T *N"], controls: Float[Tensor, "B T C"] | None
    ) -> Float[Tensor, "B T I"]:
        """What the core reads."""
        embedded = self.head.embed(previous)
        given = 0 if controls is None else controls.shape[2]
        if given != self.controls:
            raise ValueError(f"controls: expected {self.controls} numbers a step, got {given}")
        return embedded if controls is None else torch.cat([embedded, controls.to(embedded.dtype)], -1)


def rng_device(rng: Generator | None) -> torch.device:
    """Where a generator draws; the CPU without one, so that a seed gives the same music on every device."""
    return torch.device("cpu") if rng is None else rng.device
