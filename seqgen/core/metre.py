"""Metre: a voice that is told where in the bar it stands."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State


class MetreState(NamedTuple):
    place: Tensor
    """[B] frames since the last bar line: the place of the next frame"""
    voice: State


class Metre(SequenceModule):
    """Adds to each frame a learned vector of its place in the bar, and restarts nothing.

    A language model needs to know the beat and has no plan to learn it from. Unlike under a `Conductor`
    everything crosses the bar lines, and there is no last bar: the place is all that is counted.
    """

    def __init__(self, voice: SequenceModule, period: int):
        super().__init__()
        if period < 1:
            raise ValueError(f"period must be at least 1 frame, got {period}")
        self.voice, self.period = voice, period
        self.input_size, self.output_size = voice.input_size, voice.output_size
        self.beat = nn.Embedding(period, voice.input_size)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> MetreState:
        place = torch.zeros(batch_size, dtype=torch.long, device=cond.device)
        return MetreState(place, self.voice.init_state(batch_size, cond))

    def forward(
        self, x: Float[Tensor, "B T I"], state: MetreState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], MetreState]:
        place = state.place[:, None] + torch.arange(x.shape[1], device=x.device)
        y, voice = self.voice(x + self.beat(place % self.period).to(x.dtype), state.voice, lengths)
        passed = x.shape[1] if lengths is None else lengths
        return y, MetreState((state.place + passed) % self.period, voice)
