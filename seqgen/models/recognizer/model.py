"""The recogniser: a causal encoder that hears each frame once, and a decoder that says when it wants more."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from seqgen.core import (
    Attention,
    AttentionDecoder,
    Categorical,
    Decoder,
    MonotonicAttention,
    ResidualLSTM,
    SoftAttention,
    State,
    average_lagging,
    expected_delay,
)
from seqgen.core.decoder import DecoderState
from seqgen.core.state import where
from seqgen.models.recognizer.config import RecognizerConfig
from seqgen.models.turns import at_end, drawing, remember, sharpen, take_turn


class Batch(NamedTuple):
    """Recordings as frames of features, and their transcripts, which end with the end mark."""

    frames: Tensor
    """[B, S, F]; zeros beyond the lengths"""
    lengths: Tensor
    """[B]"""
    target: Tensor
    """[B, U]"""
    target_lengths: Tensor
    """[B]"""

    def to(self, device: torch.device) -> Batch:
        return Batch(*(part.to(device) for part in self))


class Objective(NamedTuple):
    """What is minimised: -log p(y|x) a token + latency * DAL."""

    latency: float = 0.0
    """price of a frame of delay"""
    smoothing: float = 0.05
    """label smoothing (Szegedy et al. 2016)"""
    straight_through: float = 0.0
    """share of the utterances whose stops are hard in the forward pass"""


class Losses(NamedTuple):
    loss: Tensor
    nll: Tensor
    """nats a token, with label smoothing"""
    delay: Tensor
    """DAL of the expected alignment, in frames; 0 for soft attention"""


class RecognizerState(NamedTuple):
    encoder: State
    decoder: DecoderState
    room: Tensor
    """[B] tokens that the sound heard so far can still hold"""


class Heard(NamedTuple):
    """A transcript, token by token; without the end mark."""

    token: list[int]
    frame: list[int]
    """the last frame that each token needed; the number of frames where it needed the end of the recording"""


class Recognizer(nn.Module):
    """`read` and `write` are its two moves; a whole recording is one `read` that closes it.

    The end of a recording is a frame of its own, a learned one, on which every query stops.
    """

    def __init__(self, config: RecognizerConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.input = nn.Linear(config.features, width)
        self.end = nn.Parameter(0.1 * torch.randn(width))
        self.encoder = ResidualLSTM(width, width, config.encoder_layers, config.dropout)
        core = AttentionDecoder(config.embedding, width, width, build_attention(config), config.dropout)
        # The core expects one number more, which tells where words end; this decoder has no use for it.
        self.decoder = Decoder(core, Categorical(width, config.vocabulary_size, config.embedding + 1))
        remember(self)

    @property
    def core(self) -> AttentionDecoder:
        return cast(AttentionDecoder, self.decoder.core)

    @property
    def head(self) -> Categorical:
        return cast(Categorical, self.decoder.head)

    def init_state(self, batch_size: int) -> RecognizerState:
        """Before the first frame."""
        none = self.end.new_zeros(batch_size, 0)
        start = torch.full((batch_size,), self.head.start, device=none.device)
        core = self.core.init_state(batch_size, none, hard=True)
        room = torch.zeros_like(start)
        return RecognizerState(self.encoder.init_state(batch_size, none), DecoderState(start, core), room)

    def with_end(
        self,
        frames: Float[Tensor, "B S F"],
        lengths: Int[Tensor, "B"] | None,
        closed: Bool[Tensor, "B"] | None,
    ) -> tuple[Float[Tensor, "B N D"], Int[Tensor, "B"]]:
        """What the encoder reads, with the end frame behind the last one of closed rows; its lengths."""
        rows, most = frames.shape[:2]
        x = self.input(frames)
        count = torch.full((rows,), most, device=x.device) if lengths is None else lengths
        if closed is None or not bool(closed.any()):
            return x, count
        here = closed[:, None] & (torch.arange(most + 1, device=x.device) == count[:, None])
        return torch.where(here[..., None], self.end.to(x.dtype), F.pad(x, (0, 0, 0, 1))), count + closed

    @torch.no_grad()
    def read(
        self,
        state: RecognizerState,
        frames: Float[Tensor, "B S F"],
        lengths: Int[Tensor, "B"] | None = None,
        closed: Bool[Tensor, "B"] | None = None,
    ) -> RecognizerState:
        """READ: `lengths[b]` frames arrive (all S when None). closed: rows whose recording ends with them."""
        x, count = self.with_end(frames, lengths, closed)
        if x.shape[1] == 0:
            return state
        full = bool((count == x.shape[1]).all())
        y, encoder = self.encoder(x, state.encoder, None if full else count)
        core = self.core.extend(state.decoder.core, y, count, closed)
        return RecognizerState(encoder, state.decoder._replace(core=core), state.room + count)

    @torch.no_grad()
    def write(
        self, state: RecognizerState, active: Bool[Tensor, "B"] | None = None
    ) -> tuple[Int[Tensor, "B"], RecognizerState]:
        """WRITE: the likeliest token of each active row; -1 where the row must read first, or is not active.

        The end mark counts only at the end of the recording; before it, the row looks further on, or reads.
        After a token the row looks further on too: a frame completes one symbol at most, except the last.
        """
        looking = torch.ones_like(state.room, dtype=torch.bool) if active is None else active
        looked = self._look(state.decoder)
        if bool(
            (self.core.attention.waiting(looked) | ~looking).all()
        ):  # most frames: not worth a whole step
            kept = where(looking, looked, state.decoder.core.attention)
            core = state.decoder.core._replace(attention=kept)
            return torch.full_like(state.room, -1), state._replace(decoder=state.decoder._replace(core=core))
        token, decoder = take_turn(
            self.decoder, self.core, state.decoder, looking, self.config.end, state.room <= 0
        )
        attention = self.core.attention
        further = (token >= 0) & ~at_end(attention, decoder.core.attention)
        looked = attention.move_on(decoder.core.attention, further)
        decoder = decoder._replace(core=decoder.core._replace(attention=looked))
        room = state.room - (token >= 0).long()
        return token, state._replace(decoder=decoder, room=room)

    def _look(self, state: DecoderState) -> Any:
        """The attention after the next query, without what a step would do with its answer."""
        asked, _ = self.core.lower(
            self.decoder.head.embed(state.previous[:, None])[..., :-1], state.core.lower
        )
        return self.core.attention.align(asked, state.core.attention)[2]

    def frame(self, state: RecognizerState) -> Int[Tensor, "B"]:
        """The last frame that the last token needed; the number of frames where that was the end frame."""
        return self.core.attention.position(state.decoder.core.attention)

    @torch.no_grad()
    def transcribe(self, frames: Float[Tensor, "B S F"], lengths: Int[Tensor, "B"]) -> list[Heard]:
        """Recordings whose end is known: the same tokens and frames as frame by frame."""
        state = self.init_state(len(frames))
        active = torch.ones_like(lengths, dtype=torch.bool)
        state = self.read(state, frames, lengths, active)
        heard = [Heard([], []) for _ in range(len(frames))]
        while bool(active.any()):
            token, state = self.write(state, active)
            active = active & (token != self.config.end)
            frame = self.frame(state)
            for row in active.nonzero()[:, 0].tolist():
                heard[row].token.append(int(token[row]))
                heard[row].frame.append(int(frame[row]))
        return heard

    def losses(self, batch: Batch, objective: Objective, rng: Generator | None = None) -> Losses:
        """The objective on a batch. `rng` draws dropout and noise."""
        with drawing(rng):
            attention = self._attention(len(batch.frames), False)
            attention = sharpen(attention, objective.straight_through)
            y, alpha = self._teacher_forced(batch, attention)
            logits = self.head.logits(y)
        inside = torch.arange(batch.target.shape[1], device=y.device) < batch.target_lengths[:, None]
        target = batch.target.masked_fill(~inside, -100)
        nll = F.cross_entropy(
            logits.flatten(0, 1).float(), target.flatten(), label_smoothing=objective.smoothing
        )
        if not isinstance(self.core.attention, MonotonicAttention):
            return Losses(nll, nll.detach(), nll.new_zeros(()))
        frame = torch.arange(alpha.shape[2], device=y.device).expand(len(y), -1)
        delay = expected_delay(alpha, frame.to(alpha.dtype))
        # The end mark has to wait for the end: it has no delay to be blamed for.
        lagging = average_lagging(delay, batch.lengths.to(delay.dtype), batch.target_lengths - 1)
        return Losses(nll + objective.latency * lagging.mean(), nll.detach(), lagging.mean().detach())

    def log_prob(
        self, batch: Batch, hard: bool = False
    ) -> tuple[Float[Tensor, "B U"], Float[Tensor, "B U S"]]:
        """log p of each target token (nats; junk beyond the lengths), and the alignment.

        hard: with the stops of streaming instead of the expectation over them.
        """
        y, alpha = self._teacher_forced(batch, self._attention(len(batch.frames), hard))
        return self.head.log_prob(y, batch.target), alpha

    def _attention(self, rows: int, hard: bool) -> Any:
        return self.core.attention.init_state(rows, self.end.new_zeros(rows, 0), hard)

    def _teacher_forced(
        self, batch: Batch, attention: Any
    ) -> tuple[Float[Tensor, "B U D"], Float[Tensor, "B U S"]]:
        rows = len(batch.frames)
        none = self.end.new_zeros(rows, 0)
        closed = torch.ones_like(batch.lengths, dtype=torch.bool)
        x, count = self.with_end(batch.frames, batch.lengths, closed)
        y, _ = self.encoder(x, self.encoder.init_state(rows, none))  # causal: padding lies behind what counts
        core = self.core.init_state(rows, none)._replace(attention=attention)
        core = self.core.extend(core, y, count, closed)
        start = torch.full_like(batch.target[:, :1], self.head.start)
        fed = torch.cat([start, batch.target[:, :-1]], 1)
        y, alpha, _ = self.core.align(self.head.embed(fed), core)
        return y, alpha


def build_attention(config: RecognizerConfig) -> Attention:
    width = config.width
    if config.attention == "soft":
        return SoftAttention(width, width, width)
    return MonotonicAttention(
        width,
        width,
        config.energy_width,
        config.attention,
        config.chunk,
        config.scale,
        config.offset,
        config.noise,
    )
