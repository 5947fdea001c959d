"""What may follow what in a track of events, so that every row drawn is a whole bar without hanging notes.

A track is empty (the end alone), or: its program; then notes on and off, velocities and time. A note-on needs
a silent pitch and a velocity, a note-off a pitch that has sounded for a step at least; a velocity must be new
and a note-on must follow it; time passes once between events, to the end of the bar exactly; the end comes
there, when nothing sounds. And a token is allowed only if what it leaves open can be closed with the tokens
that are left: with n pitches sounding and the bar not over that takes n + 2 (time, n note-offs, the end).

This file needs torch, the others of this package do not.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from seqgen.representation.track_events import (
    END,
    MOST_EVENTS,
    NOTE_OFF,
    PROGRAM,
    STEPS_PER_BAR,
    TIME,
    VELOCITY,
)

BEGIN, AFTER_PROGRAM, AFTER_NOTE, AFTER_TIME, AFTER_VELOCITY, AFTER_END = range(6)
KINDS = (NOTE_OFF, TIME, VELOCITY, PROGRAM, END)
"""where the kinds of tokens change"""


class TrackState(NamedTuple):
    """One row: where a track stands, and the programs that its tracks must have."""

    position: Tensor
    """[B] tokens since the track began"""
    last: Tensor
    """[B] kind of the token before: BEGIN .. AFTER_END"""
    time: Tensor
    """[B] steps since the bar line"""
    loudness: Tensor
    """[B] velocity in force, 0 .. 7; -1 for none"""
    begun: Tensor
    """[B, 128] step at which a pitch that sounds was struck; -1 where it is silent"""
    played: Tensor
    """[B] bool, whether there has been a note"""
    programs: Tensor
    """[B, U] program of each track of the row, 0 .. 128, or -1 where any will do, or none"""
    track: Tensor
    """[B] number of the track, the last one for ever"""


class TrackGrammar:
    """Tracks of 64 tokens, one after the other.

    programs: of the tracks of each row, 0 .. 128 (drums); -1 leaves it open, and the track may be empty.
    """

    def __init__(self, programs: Int[Tensor, "B U"] | None = None):
        self.programs = programs

    def init_state(self, batch_size: int, device: torch.device) -> TrackState:
        zero = torch.zeros(batch_size, dtype=torch.long, device=device)
        begun = torch.full((batch_size, NOTE_OFF), -1, dtype=torch.long, device=device)
        programs = zero[:, None] - 1 if self.programs is None else self.programs.to(device)
        if len(programs) != batch_size:
            raise ValueError(f"programs: expected a row for each of {batch_size}, got {len(programs)}")
        return TrackState(zero, zero, zero, zero - 1, begun, zero.bool(), programs, zero)

    def allowed(self, state: TrackState) -> Bool[Tensor, "B 490"]:
        """The tokens that may come next."""
        left = (MOST_EVENTS - 1 - state.position)[:, None]  # behind the next token
        silent = state.begun < 0
        n = (~silent).sum(1, keepdim=True)
        time, last = state.time[:, None], state.last[:, None]
        running = (last >= AFTER_PROGRAM) & (last < AFTER_END) & (time < STEPS_PER_BAR)
        unset = state.loudness[:, None] < 0
        on = silent & running & ~unset & (left >= n + 3)
        off = ~silent & (state.begun < time) & (last != AFTER_VELOCITY)
        return torch.cat([on, off, self._time(state, left, n), self._loudness(state, left, n, running),
                          *self._frame(state, n)], 1)  # fmt: skip

    def _time(self, state: TrackState, left: Tensor, n: Tensor) -> Bool[Tensor, "B 96"]:
        to = state.time[:, None] + torch.arange(1, STEPS_PER_BAR + 1, device=n.device)
        last, unset = state.last[:, None], (state.loudness[:, None] < 0).long()
        # Before the bar is over a note must follow: one that ends, or one that begins and ends.
        go_on = torch.where(n > 0, n + 2, 4 + unset)
        fits = (to < STEPS_PER_BAR) & (left >= go_on) | (to == STEPS_PER_BAR) & state.played[:, None]
        return fits & ((last == AFTER_PROGRAM) | (last == AFTER_NOTE))

    def _loudness(self, state: TrackState, left: Tensor, n: Tensor, running: Tensor) -> Bool[Tensor, "B 8"]:
        new = torch.arange(PROGRAM - VELOCITY, device=n.device) != state.loudness[:, None]
        return new & running & (state.last[:, None] != AFTER_VELOCITY) & (left >= n + 4)

    def _frame(self, state: TrackState, n: Tensor) -> tuple[Bool[Tensor, "B 129"], Bool[Tensor, "B 1"]]:
        """Programs, and the end."""
        last = state.last[:, None]
        wanted = state.programs.gather(1, state.track[:, None])
        program = torch.arange(END - PROGRAM, device=n.device)
        programs = (last == BEGIN) & ((wanted < 0) | (wanted == program))
        over = (state.time[:, None] == STEPS_PER_BAR) & (n == 0)
        return programs, over | (last == AFTER_END) | (last == BEGIN) & (wanted < 0)

    def advance(self, state: TrackState, token: Int[Tensor, "B"]) -> TrackState:
        """The state after a token that was allowed."""
        kind = (token[:, None] >= torch.tensor(KINDS, device=token.device)).sum(1)
        last = torch.tensor(
            [AFTER_NOTE, AFTER_NOTE, AFTER_TIME, AFTER_VELOCITY, AFTER_PROGRAM, AFTER_END],
            device=token.device,
        )[kind]
        time = torch.where(kind == 2, state.time + token - TIME + 1, state.time)
        loudness = torch.where(kind == 3, token - VELOCITY, state.loudness)
        pitch = torch.arange(NOTE_OFF, device=token.device)
        struck = (kind == 0)[:, None] & (token[:, None] == pitch)
        ended = (kind == 1)[:, None] & (token[:, None] - NOTE_OFF == pitch)
        begun = torch.where(struck, state.time[:, None], state.begun).masked_fill(ended, -1)
        position = state.position + 1
        after = TrackState(
            position, last, time, loudness, begun, state.played | (kind == 0), state.programs, state.track
        )
        return self._next_track(after)

    def filling(self, state: TrackState) -> Bool[Tensor, "B"]:
        """Rows in which the next token only fills up a track that has ended."""
        return state.last == AFTER_END

    def _next_track(self, state: TrackState) -> TrackState:
        """Rows whose track is full begin another one."""
        full = state.position == MOST_EVENTS
        keep = (~full).long()
        most = state.programs.shape[1] - 1
        return TrackState(
            state.position * keep,
            state.last * keep,
            state.time * keep,
            torch.where(full, -1, state.loudness),
            torch.where(full[:, None], -1, state.begun),
            state.played & ~full,
            state.programs,
            (state.track + full).clamp(max=most),
        )

    def split(self, state: TrackState, steps: int, lanes: int) -> TrackState | None:
        """Whole tracks from the beginning of one: a row each."""
        if steps != lanes * MOST_EVENTS or bool(state.position.any()):
            return None
        at = state.track[:, None] + torch.arange(lanes, device=state.track.device)
        programs = state.programs.gather(1, at.clamp(max=state.programs.shape[1] - 1))
        rows = TrackState(*(leaf.repeat_interleave(lanes, 0) for leaf in state))
        return rows._replace(programs=programs.reshape(-1, 1), track=torch.zeros_like(rows.track))

    def join(self, state: TrackState, lanes: TrackState, steps: int) -> TrackState:
        """The state after whole tracks."""
        batch = len(state.position)
        rows = TrackState(*(leaf.unflatten(0, (batch, -1))[:, -1] for leaf in lanes))
        track = (state.track + steps // MOST_EVENTS).clamp(max=state.programs.shape[1] - 1)
        return rows._replace(programs=state.programs, track=track)
