"""Tracks of events that sound together, one code each (after Simon et al. 2018, arXiv:1806.00195).

There the whole bar has one code, and a recurrence over tracks plans them. Here z is a row of one code a track
and a part that all share: a track is read by itself, and planned from its own part and the shared one, so it
can be replaced without a change in the others. Encoder and decoder are told the time of every event.

R rows, one a track.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core import LSTM, Categorical, Clock, Conductor, Decoder, TokenEmbedding, TrackPlanner, select
from seqgen.core.decoder import DecoderState
from seqgen.core.packed_lstm import PackedLSTM
from seqgen.kernels.packing import Precision
from seqgen.models.music_vae.config import EventsConfig, MusicVAEConfig
from seqgen.models.music_vae.encoder import Posterior


class TrackEncoder(nn.Module):
    """Reads each track both ways, and out of it the mean state of each part of the bar."""

    def __init__(self, config: MusicVAEConfig):
        super().__init__()
        if config.events is None:
            raise ValueError("events: a code of tracks needs them")
        c, e, self.events = config, config.encoder, config.events
        self.config = config
        self.embedding = TokenEmbedding(c.vocabulary_size, c.embedding)
        self.moment = nn.Embedding(self.events.steps + 1, c.embedding)
        size = c.embedding + c.controls
        self.onward = PackedLSTM(size, e.width, e.layers, bidirectional=False)
        self.back = PackedLSTM(size, e.width, e.layers, bidirectional=False)
        self.track = nn.Linear(2 * e.width * self.events.parts, e.bar_width)
        self.empty = nn.Parameter(nn.init.normal_(torch.empty(e.bar_width), std=0.1))
        own = (c.latent - c.shared) // c.bars
        self.mean, self.scale = nn.Linear(e.bar_width, own), nn.Linear(e.bar_width, own)
        self.shared = nn.Linear(e.bar_width, 2 * c.shared) if c.shared else None
        start = math.log(math.expm1(c.initial_std))
        nn.init.constant_(self.scale.bias, start)
        if self.shared is not None:
            nn.init.constant_(self.shared.bias[c.shared :], start)

    def forward(
        self,
        token: Int[Tensor, "B T"],
        precision: Precision | None = None,
        lengths: Int[Tensor, "B"] | None = None,
        controls: Float[Tensor, "B T C"] | None = None,
    ) -> Posterior:
        """See `MusicVAE.encode`. Tracks end where they say so: there are no `lengths`."""
        given = 0 if controls is None else controls.shape[2]
        if given != self.config.controls or lengths is not None:
            raise ValueError(f"expected {self.config.controls} controls a step and no lengths, got {given}")
        rows = token.unflatten(1, (self.config.bars, -1))
        read = self._tracks(
            rows, precision, None if controls is None else controls.unflatten(1, rows.shape[1:])
        )
        mean, scale = (f(read).float().flatten(1) for f in (self.mean, self.scale))
        if self.shared is not None:
            there = (rows[:, :, :1] != self.events.end).to(read.dtype)
            average = (read * there).sum(1) / there.sum(1).clamp(min=1)
            common = self.shared(average).float()
            mean = torch.cat([mean, common[:, : self.config.shared]], 1)
            scale = torch.cat([scale, common[:, self.config.shared :]], 1)
        return Posterior(mean, F.softplus(scale) + 1e-4)

    def _tracks(
        self, token: Int[Tensor, "B U S"], precision: Precision | None, controls: Tensor | None
    ) -> Float[Tensor, "B U R"]:
        """A reading of each track; those that are empty share one."""
        flat = token.flatten(0, 1)
        lengths = until_end(flat, self.events.end)
        some = (lengths > 1).nonzero()[:, 0]
        out = self.empty.expand(len(flat), -1)
        if len(some):
            longest = int(lengths.max())
            told = None if controls is None else controls.flatten(0, 1)[some, :longest]
            read = self._read(flat[some, :longest], lengths[some], precision, told)
            out = out.to(read.dtype).index_copy(0, some, read)
        return out.unflatten(0, token.shape[:2])

    def _read(
        self,
        token: Int[Tensor, "R S"],
        lengths: Int[Tensor, "R"],
        precision: Precision | None,
        controls: Float[Tensor, "R S C"] | None,
    ) -> Float[Tensor, "R D"]:
        time = times(token, self.events)
        x = self.embedding(token) + self.moment(time)
        if controls is not None:
            x = torch.cat([x, controls.to(x.dtype)], -1)
        place = torch.arange(token.shape[1], device=token.device)
        # The way back begins at each row's own end: rows are turned round within their lengths.
        turned = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
        onward, _ = self.onward.read(x, precision)
        back, _ = self.back.read(around(x, turned), precision)
        y = torch.cat([onward, around(back, turned)], -1)
        part = (time * self.events.parts // self.events.steps).clamp(max=self.events.parts - 1)
        part = torch.where(place < lengths[:, None], part, self.events.parts)
        among = F.one_hot(part, self.events.parts + 1)[..., :-1].to(y.dtype)
        mean = torch.einsum("rsk,rsd->rkd", among, y) / among.sum(1).clamp(min=1)[..., None]
        return self.track(mean.flatten(1)).tanh()


def build_track_decoder(config: MusicVAEConfig) -> Decoder:
    """A conductor whose bars are tracks, over an LSTM that is told the time."""
    c, d, events = config, config.decoder, config.events
    if events is None:
        raise ValueError("events: a code of tracks needs them")
    own, plan = (c.latent - c.shared) // c.bars, events.parts * d.plan_size
    planner = TrackPlanner(c.bars, own, c.shared, plan)
    clock = range(events.clock, events.clock + events.steps)
    head = Categorical(d.width, c.vocabulary_size, c.embedding, clock)
    lstm = LSTM(c.embedding + c.controls + d.plan_size, d.width, plan, d.layers, feed_cond=False)
    voice = Clock(lstm, c.embedding, events.steps, events.parts, c.controls)
    return Decoder(Conductor(voice, planner, c.steps_per_bar, controls=c.controls), head, c.controls)


def events_log_prob(
    decoder: Decoder,
    config: MusicVAEConfig,
    token: Int[Tensor, "B T"],
    state: DecoderState,
    fed: Int[Tensor, "B T"] | None,
    controls: Float[Tensor, "B T C"] | None,
) -> Float[Tensor, "B T"]:
    """Log-probability (nats) of each token up to the end of its track, 0 behind it.

    Tracks are independent given the plan: they run side by side, and the empty ones for a step only.
    """
    if config.events is None:
        raise ValueError("events: the config has none")
    lanes = decoder.core.split(state.core, config.steps)
    rows = token.reshape(-1, config.steps_per_bar)
    lengths = until_end(rows, config.events.end)
    start = DecoderState(decoder.head.starts(len(rows), rows.device), lanes)
    result = state.previous.new_zeros(rows.shape, dtype=torch.float32)
    for which, steps in ((lengths == 1, 1), (lengths > 1, int(lengths.max()))):
        some = which.nonzero()[:, 0]
        if not len(some):
            continue
        part = [None if x is None else x.reshape(len(rows), config.steps_per_bar, *x.shape[2:])[some, :steps]
                for x in (token, fed, controls)]  # fmt: skip
        assert part[0] is not None
        found, _ = decoder.log_prob(part[0], select(start, some), fed=part[1], controls=part[2])
        inside = torch.arange(steps, device=rows.device) < lengths[some, None]
        found = F.pad(torch.where(inside, found.float(), 0.0), (0, config.steps_per_bar - steps))
        result = result.index_copy(0, some, found)
    return result.reshape(token.shape)


def replace_track(
    z: Float[Tensor, "B Z"], track: int, own: Float[Tensor, "B Y"], config: MusicVAEConfig
) -> Float[Tensor, "B Z"]:
    """The code with another part for one track. Decoded, the other tracks keep their tokens to the bit.

    Raises:
        ValueError: if the config has no code a track, or not this one.
    """
    part = track_part(track, config)
    new = z.clone()
    new[:, part] = own
    return new


def track_part(track: int, config: MusicVAEConfig) -> slice:
    """The numbers of z that belong to one track."""
    if config.code != "tracks":
        raise ValueError(f"track: the code of this model is not one of tracks but of {config.code}")
    if not 0 <= track < config.bars:
        raise ValueError(f"track must be 0 to {config.bars - 1}, got {track}")
    size = (config.latent - config.shared) // config.bars
    return slice(track * size, (track + 1) * size)


def until_end(token: Int[Tensor, "R S"], end: int) -> Int[Tensor, "R"]:
    """How many tokens of each row count: up to its first end, that included."""
    ended = (token == end).long().cumsum(1) > 0
    return ((~ended).sum(1) + 1).clamp(max=token.shape[1])


def counted(token: Int[Tensor, "B T"], config: MusicVAEConfig) -> Bool[Tensor, "B T"]:
    """The tokens that count: all, or those of events up to the end of each track."""
    if config.events is None:
        return torch.ones_like(token, dtype=torch.bool)
    rows = token.reshape(-1, config.steps_per_bar)
    place = torch.arange(config.steps_per_bar, device=token.device)
    return (place < until_end(rows, config.events.end)[:, None]).reshape(token.shape)


def keeps_time(token: Int[Tensor, "*B"], events: EventsConfig) -> Bool[Tensor, "*B"]:
    """Tokens that take time. They are never hidden from a decoder that has to know what time it is."""
    return (token >= events.clock) & (token < events.clock + events.steps)


def times(token: Int[Tensor, "R S"], events: EventsConfig) -> Int[Tensor, "R S"]:
    """When each event happens, in steps from the bar line."""
    takes = torch.where(keeps_time(token, events), token - events.clock + 1, 0)
    return (takes.cumsum(1) - takes).clamp(max=events.steps)


def around(x: Float[Tensor, "R S D"], place: Int[Tensor, "R S"]) -> Float[Tensor, "R S D"]:
    """Frame `place[r, s]` of each row at s."""
    return x.gather(1, place[..., None].expand(-1, -1, x.shape[2]))
