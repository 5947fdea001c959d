"""The translator: a causal encoder that reads each word once, and a decoder that says when to read."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from seqgen.core import (
    Attention,
    AttentionDecoder,
    Decoder,
    MonotonicAttention,
    ResidualLSTM,
    SoftAttention,
    State,
    WaitK,
    average_lagging,
    beam_search,
    expected_delay,
)
from seqgen.core.decoder import DecoderState
from seqgen.core.wait_k import WaitKState
from seqgen.models.translator.batch import Batch
from seqgen.models.translator.config import TranslatorConfig
from seqgen.models.translator.head import END, UNKNOWN, SubwordHead
from seqgen.models.translator.loss import smoothed_cross_entropy
from seqgen.models.turns import drawing, remember, sharpen, take_turn


class Objective(NamedTuple):
    """What is minimised: -log p(y|x) + latency * DAL, over the number of target tokens."""

    latency: float = 0.0
    """price of a word of delay"""
    smoothing: float = 0.1
    """label smoothing (Szegedy et al. 2016)"""
    lags: tuple[int, ...] = ()
    """wait-k: each batch draws its k from these; the config's k when there are none"""
    straight_through: float = 0.0
    """monotonic: share of the sentences whose stops are hard in the forward pass"""


class Losses(NamedTuple):
    loss: Tensor
    nll: Tensor
    """nats a target token, with label smoothing"""
    delay: Tensor
    """DAL of the expected alignment, in words; 0 for attentions that do not learn when to stop"""


class TranslatorState(NamedTuple):
    encoder: State
    decoder: DecoderState


class Written(NamedTuple):
    """A translation, token by token; without the end mark."""

    token: list[int]
    delay: list[int]
    """source words that had been read when each token was written"""
    frame: list[int]
    """source subword at which each token's query stopped"""


class Translator(nn.Module):
    """`read` and `write` are its two moves; a whole source is one `read` that closes it."""

    def __init__(self, config: TranslatorConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.encoder = ResidualLSTM(width, width, config.encoder_layers, config.dropout)
        core = AttentionDecoder(width, width, width, build_attention(config), config.dropout)
        self.decoder = Decoder(core, SubwordHead(config.vocabulary_size, width))
        remember(self)

    def init_state(self, batch_size: int, threshold: float = 0.5) -> TranslatorState:
        """Before the first word. threshold: probability from which on a frame is a stop (monotonic kinds)."""
        none = self.head.table.weight.new_zeros(batch_size, 0)
        start = torch.full((batch_size,), self.head.start, device=none.device)
        core = self.core.init_state(batch_size, none, hard=True)
        if threshold != 0.5:
            energy = torch.full_like(core.attention.threshold, threshold).logit()
            core = core._replace(attention=core.attention._replace(threshold=energy))
        return TranslatorState(self.encoder.init_state(batch_size, none), DecoderState(start, core))

    @property
    def core(self) -> AttentionDecoder:
        return cast(AttentionDecoder, self.decoder.core)

    @property
    def head(self) -> SubwordHead:
        return cast(SubwordHead, self.decoder.head)

    def encode(
        self, source: Int[Tensor, "B S"], state: State, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B S D"], State]:
        return self.encoder(self.head.embed(source)[..., :-1], state, lengths)

    @torch.no_grad()
    def read(
        self,
        state: TranslatorState,
        source: Int[Tensor, "B S"],
        unit: Int[Tensor, "B S"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
    ) -> TranslatorState:
        """READ: `lengths[b]` subwords of whole words. closed: rows whose last subword is the end mark.

        unit: word of each subword, counted from the start of the sentence.
        """
        frames, encoder = self.encode(source, state.encoder, lengths)
        core = self.core.extend(state.decoder.core, frames, lengths, closed, unit)
        return TranslatorState(encoder, state.decoder._replace(core=core))

    @torch.no_grad()
    def write(
        self, state: TranslatorState, active: Bool[Tensor, "B"] | None = None
    ) -> tuple[Int[Tensor, "B"], TranslatorState]:
        """WRITE: the likeliest token of each active row; -1 where the row must read first, or is not active.

        The end mark counts only at the end of the source. Before it, it says that nothing can be added yet:
        the row looks further on, or reads.
        """
        looking = torch.ones_like(state.decoder.previous, dtype=torch.bool) if active is None else active
        token, decoder = take_turn(self.decoder, self.core, state.decoder, looking, END)
        return token, state._replace(decoder=decoder)

    def frame(self, state: TranslatorState) -> Int[Tensor, "B"]:
        """The source subword at which the last token's query stopped."""
        return self.core.attention.position(state.decoder.core.attention)

    def delay(self, state: TranslatorState) -> Int[Tensor, "B"]:
        """Source words that the last token needed: those up to `frame`. The end mark is no word."""
        memory = state.decoder.core.attention.memory
        column = (self.frame(state) - memory.offset).clamp(min=0)
        unit = memory.unit.gather(1, column[:, None])[:, 0]
        ended = memory.closed & (column == memory.length - 1)
        return torch.where(ended, unit, unit + 1)

    @torch.no_grad()
    def translate(
        self,
        source: Int[Tensor, "B S"],
        unit: Int[Tensor, "B S"],
        lengths: Int[Tensor, "B"],
        threshold: float = 0.5,
    ) -> list[Written]:
        """Sentences whose end is known: the same tokens and delays as word by word.

        At most 1.5 tokens a source subword, and ten, are written.
        """
        rows = len(source)
        state = self.init_state(rows, threshold)
        state = self.read(state, source, unit, lengths, torch.ones_like(lengths, dtype=torch.bool))
        room = lengths * 3 // 2 + 10
        active = torch.ones_like(lengths, dtype=torch.bool)
        columns: list[tuple[Tensor, Tensor, Tensor]] = []
        while bool(active.any()):
            token, state = self.write(state, active)
            active = active & (token != END)
            columns.append((torch.where(active, token, END), self.delay(state), self.frame(state)))
            active = active & (len(columns) < room)
        return [written(columns, row) for row in range(rows)]

    @torch.no_grad()
    def beam(
        self, source: Int[Tensor, "B S"], unit: Int[Tensor, "B S"], lengths: Int[Tensor, "B"], size: int
    ) -> list[Written]:
        """`translate` by beam search, for soft attention: each token's delay is the whole source."""
        closed = torch.ones_like(lengths, dtype=torch.bool)
        state = self.read(self.init_state(len(source)), source, unit, lengths, closed)
        found = beam_search(self.decoder, state.decoder, size, lengths * 3 // 2 + 10, END, UNKNOWN)
        last = lengths - 1
        words = unit.gather(1, last[:, None])[:, 0]
        return [
            Written(token, [int(words[row])] * len(token), [int(last[row])] * len(token))
            for row, token in enumerate(found.token)
        ]

    def log_prob(
        self, batch: Batch, hard: bool = False
    ) -> tuple[Float[Tensor, "B U"], Float[Tensor, "B U S"]]:
        """log p of each target token (nats; junk beyond the lengths), and the alignment.

        hard: with the stops of streaming instead of the expectation over them.
        """
        y, alpha = self._teacher_forced(batch, self._attention(len(batch.source), hard))
        return self.head.log_prob(y, batch.target), alpha

    def losses(self, batch: Batch, objective: Objective, rng: Generator | None = None) -> Losses:
        """The objective on a batch. `rng` draws dropout, noise, and k."""
        with drawing(rng):
            attention = self._attention(len(batch.source), False)
            if objective.lags and isinstance(attention, WaitKState):
                lag = objective.lags[int(torch.randint(len(objective.lags), ()))]
                attention = attention._replace(lag=torch.full_like(attention.lag, lag))
            attention = sharpen(attention, objective.straight_through)
            y, alpha = self._teacher_forced(batch, attention)
            logits = self.head.logits(y)
        inside = torch.arange(batch.target.shape[1], device=y.device) < batch.target_lengths[:, None]
        count = batch.target_lengths.sum()
        target = batch.target.masked_fill(~inside, -1)
        nll = smoothed_cross_entropy(logits.flatten(0, 1), target.flatten(), objective.smoothing)
        if not isinstance(self.core.attention, MonotonicAttention):
            return Losses(nll, nll.detach(), nll.new_zeros(()))
        delay = expected_delay(alpha, batch.words_read())
        lagging = average_lagging(delay, batch.words().to(delay.dtype), batch.target_lengths)
        loss = nll + objective.latency * lagging.sum() / count
        return Losses(loss, nll.detach(), lagging.mean().detach())

    def _attention(self, rows: int, hard: bool) -> Any:
        none = self.head.table.weight.new_zeros(rows, 0)
        return self.core.attention.init_state(rows, none, hard)

    def _teacher_forced(
        self, batch: Batch, attention: Any
    ) -> tuple[Float[Tensor, "B U D"], Float[Tensor, "B U S"]]:
        """What is padded lies behind what counts, and everything is causal: no lengths are needed for it."""
        rows = len(batch.source)
        none = self.head.table.weight.new_zeros(rows, 0)
        frames, _ = self.encode(batch.source, self.encoder.init_state(rows, none))
        core = self.core.init_state(rows, none)._replace(attention=attention)
        closed = torch.ones_like(batch.source_lengths, dtype=torch.bool)
        core = self.core.extend(core, frames, batch.source_lengths, closed, batch.unit)
        start = torch.full_like(batch.target[:, :1], self.head.start)
        fed = torch.cat([start, batch.target[:, :-1]], 1)
        y, alpha, _ = self.core.align(self.head.embed(fed), core)
        return y, alpha


def build_attention(config: TranslatorConfig) -> Attention:
    width = config.width
    if config.attention == "soft":
        return SoftAttention(width, width, width)
    if config.attention == "wait_k":
        return WaitK(width, width, width, config.wait_k)
    return MonotonicAttention(
        width,
        width,
        config.energy_width,
        config.attention,
        config.chunk,
        config.scale,
        config.offset,
        config.noise,
        look_back=config.look_back,
    )


def written(columns: list[tuple[Tensor, Tensor, Tensor]], row: int) -> Written:
    """One row of what was written, up to its end mark."""
    steps = [tuple(int(part[row]) for part in column) for column in columns]
    ended = next((i for i, step in enumerate(steps) if step[0] == END), len(steps))
    return (
        Written(*(list(part) for part in zip(*steps[:ended], strict=True))) if ended else Written([], [], [])
    )
