"""Plans: from a latent code to one vector a bar, and optionally one a segment (beat) of each bar.

The classical plan is a recurrence over bars (Roberts et al. 2018, section 3.3). A direct plan adds a linear
path from the code to every segment, with the recurrence as a correction that starts at zero: a small model
then learns to reconstruct in minutes instead of hours, because no information has to survive a recurrence.
With `by_bar` the code is a row of bar codes: each bar is planned from its own part, by weights that all bars
share, and the recurrence reads the parts in order.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqgen.core.bar_attention import BarAttention
from seqgen.core.packed_lstm import PackedLSTM
from seqgen.kernels.packing import Precision


class Plan(NamedTuple):
    bars: Tensor
    """[B, U, P] what each bar starts from"""
    segments: Tensor
    """[B, U, K, Q] what each of K segments of a bar is fed at every frame; Q = 0 for none"""


class Planner(nn.Module):
    """Plan `bars` bars from a code of size Z.

    width: of the recurrence over bars; 0 leaves it out, and each bar starts from the code itself.
    segments, segment_size: K vectors of size Q a bar by the direct path; K = 0 for none.
    layers: of that recurrence.
    by_bar: bar u is planned from numbers u Z / U .. (u + 1) Z / U of the code.
    reads: whether the recurrence reads the code at every bar; else it reads a zero, and only starts from it.
    joined: the segments of all bars are those of one bar as long as the piece (a flat decoder), which starts
        from the whole code.
    attention: width of an attention over the bars' parts, a further correction; 0 for none. Needs by_bar.
    """

    def __init__(
        self,
        code_size: int,
        bars: int,
        width: int,
        segments: int = 0,
        segment_size: int = 0,
        by_bar: bool = False,
        layers: int = 1,
        reads: bool = True,
        joined: bool = False,
        attention: int = 0,
    ):
        super().__init__()
        if by_bar and (bool(width) == joined or code_size % bars):
            raise ValueError(
                f"by_bar needs a code of {bars} equal parts, and a recurrence unless its bars are joined, "
                f"got {code_size} numbers and a recurrence of {width}"
            )
        if joined and not by_bar:
            raise ValueError("joined needs by_bar: a dense plan of one long bar has nothing to join")
        if attention and not (by_bar and width and segments and segment_size):
            raise ValueError("attention needs by_bar, a recurrence and segments")
        self.bars, self.width, self.by_bar, self.layers, self.reads = bars, width, by_bar, layers, reads
        part = code_size // bars if by_bar else code_size
        self.joined, self.each = joined, segments
        self.segments, self.segment_size = segments * (bars if joined else 1), segment_size if segments else 0
        self.bar_size = width or code_size
        if width:
            self.bridge = nn.Linear(code_size, 2 * layers * width)
            self.rnn = PackedLSTM(part if reads else 1, width, layers, bidirectional=False)
        if self.segment_size:
            self.direct = nn.Linear(part, (1 if by_bar else bars) * segments * segment_size)
        if self.segment_size and width:
            self.correction = nn.Linear(width, segments * segment_size)
            nn.init.zeros_(self.correction.weight)
            nn.init.zeros_(self.correction.bias)
        given = width + segments * segment_size
        self.attention = BarAttention(bars, part, given, attention) if attention else None

    def forward(self, code: Float[Tensor, "B Z"], precision: Precision | None = None) -> Plan:
        """precision: of the recurrence, as in `PackedLSTM.read`."""
        parts = code.unflatten(1, (self.bars, -1)) if self.by_bar else code
        bars = parts if self.by_bar else code[:, None].expand(-1, self.bars, -1)
        if self.width:
            h, c = self.bridge(code).tanh().unflatten(1, (2, self.layers, self.width)).unbind(1)
            read = bars if self.reads else bars.new_zeros(*bars.shape[:2], 1)
            bars, _ = self.rnn.read(read, precision, (h, c))
        further: Tensor | float = 0.0
        if self.attention is not None:
            own, further = self.attention(parts).split([self.width, self.each * self.segment_size], -1)
            bars = bars + own
        shape = (len(code), self.bars, self.each, self.segment_size)
        if not self.segment_size:
            return Plan(bars, bars.new_zeros(shape))
        segments = self.direct(parts).view(shape)
        if self.width:
            segments = segments + (self.correction(bars) + further).view(shape)
        if self.joined:
            bars, segments = code[:, None], segments.flatten(1, 2)[:, None]
        return Plan(bars, torch.tanh(segments))
