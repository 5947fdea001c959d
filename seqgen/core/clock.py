"""Clock: a voice of events that is told what time it is, and what the plan says about that time.

Among events the place in the sequence says little about the place in the bar: time passes where an event says
so. The last number of a token's embedding is the time that it takes (`head.TimedEmbedding`); its running sum
is the time of the frame.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State


class ClockState(NamedTuple):
    time: Tensor
    """[B] steps that have passed; -1 before the first frame, whose input is no token of this voice's"""
    plan: Tensor
    """[B, K, Q]"""
    voice: State


class Clock(SequenceModule):
    """Adds to each frame a vector of its time, and sets behind it the plan of the part of the bar it is in.

    voice: reads `token` + Q + `controls` numbers a frame; it starts from the whole plan, K Q numbers.
    token: numbers that a token's embedding has without its duration.
    steps: of a bar; later is read as its end. parts: K.
    """

    def __init__(self, voice: SequenceModule, token: int, steps: int, parts: int, controls: int = 0):
        super().__init__()
        if steps % parts:
            raise ValueError(f"parts must divide the {steps} steps of a bar, got {parts}")
        self.voice, self.token, self.steps, self.parts = voice, token, steps, parts
        self.input_size, self.output_size = token + 1 + controls, voice.output_size
        self.moment = nn.Embedding(steps + 1, token)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B P"]) -> ClockState:
        time = torch.full((batch_size,), -1, dtype=torch.long, device=cond.device)
        return ClockState(time, cond.unflatten(1, (self.parts, -1)), self.voice.init_state(batch_size, cond))

    def forward(
        self, x: Float[Tensor, "B T I"], state: ClockState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], ClockState]:
        token, takes, controls = x.split([self.token, 1, self.input_size - self.token - 1], 2)
        takes = takes[..., 0].detach().float().round().long().clamp(min=0)
        first = torch.arange(x.shape[1], device=x.device) == 0
        takes = torch.where(first & (state.time < 0)[:, None], 0, takes)
        time = (state.time.clamp(min=0)[:, None] + takes.cumsum(1)).clamp(0, self.steps)
        part = (time * self.parts // self.steps).clamp(max=self.parts - 1)
        index = part[..., None].expand(-1, -1, state.plan.shape[2])
        read = [token + self.moment(time).to(x.dtype), controls, state.plan.gather(1, index).to(x.dtype)]
        y, voice = self.voice(torch.cat(read, -1), state.voice, lengths)
        if lengths is None:
            return y, ClockState(time[:, -1] if x.shape[1] else state.time, state.plan, voice)
        last = time.gather(1, (lengths - 1).clamp(min=0)[:, None])[:, 0]
        return y, ClockState(torch.where(lengths > 0, last, state.time), state.plan, voice)
