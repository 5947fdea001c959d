"""Plans: from a latent code to one vector a bar, and optionally one a segment (beat) of each bar.

The classical plan is a recurrence over bars (Roberts et al. 2018, section 3.3). A direct plan adds a linear
path from the code to every segment, with the recurrence as a correction that starts at zero: a small model
then learns to reconstruct in minutes instead of hours, because no information has to survive a recurrence.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Plan(NamedTuple):
    bars: Tensor
    """[B, U, P] what each bar starts from"""
    segments: Tensor
    """[B, U, K, Q] what each of K segments of a bar is fed at every frame; Q = 0 for none"""


class Planner(nn.Module):
    """Plan `bars` bars from a code of size Z.

    width: of the recurrence over bars; 0 leaves it out, and each bar starts from the code itself.
    segments, segment_size: K vectors of size Q a bar by the direct path; K = 0 for none.
    """

    def __init__(self, code_size: int, bars: int, width: int, segments: int = 0, segment_size: int = 0):
        super().__init__()
        self.bars, self.width = bars, width
        self.segments, self.segment_size = segments, segment_size if segments else 0
        self.bar_size = width or code_size
        if width:
            self.bridge = nn.Linear(code_size, 2 * width)
            self.rnn = nn.LSTM(code_size, width, batch_first=True)
        if self.segment_size:
            self.direct = nn.Linear(code_size, bars * segments * segment_size)
        if self.segment_size and width:
            self.correction = nn.Linear(width, segments * segment_size)
            nn.init.zeros_(self.correction.weight)
            nn.init.zeros_(self.correction.bias)

    def forward(self, code: Float[Tensor, "B Z"]) -> Plan:
        bars = code[:, None].expand(-1, self.bars, -1)
        if self.width:
            h, c = self.bridge(code).tanh().chunk(2, -1)
            bars = self.rnn(bars, (h[None].contiguous(), c[None].contiguous()))[0]
        shape = (len(code), self.bars, self.segments, self.segment_size)
        if not self.segment_size:
            return Plan(bars, bars.new_zeros(shape))
        segments = self.direct(code).view(shape)
        if self.width:
            segments = segments + self.correction(bars).view(shape)
        return Plan(bars, torch.tanh(segments))
