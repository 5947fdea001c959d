"""A core that hands its head the frames it has read, so that an output can point back at them.

The pointer half of a pointer network (Vinyals et al. 2015, arXiv:1506.03134) with a window of fixed length:
a frame's output is the inner core's, and behind it the last K frames, the newest first. The inner core reads
each frame with how near it is to each of the K before it, which a recurrence could hardly find out by itself:
who has just repeated what stood 8 frames back is likely to go on.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State


class RecallState(NamedTuple):
    core: State
    frames: Tensor
    """[B, K, I] the last K frames, the newest last; what was before the first is marked as no code"""


class Recall(SequenceModule):
    """A core, and behind its output the last `lags` frames, flattened.

    The last number of a frame is 0 for a code, and else 1: there is nothing to point at. The core reads
    `lags` numbers more than a frame has: exp(-distance) of the frame to each of those before it, by learned
    weights, and 0 for what is no code.
    """

    def __init__(self, core: SequenceModule, lags: int):
        super().__init__()
        if lags < 1 or core.input_size <= lags:
            raise ValueError(f"lags must be 1 to {core.input_size - 1}, got {lags}")
        self.core, self.lags = core, lags
        self.input_size = core.input_size - lags
        self.output_size = core.output_size + lags * self.input_size
        self.sharpness = nn.Parameter(torch.full((self.input_size - 1,), -1.0))

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> RecallState:
        frames = cond.new_zeros(batch_size, self.lags, self.input_size)
        frames[..., -1] = 1
        return RecallState(self.core.init_state(batch_size, cond), frames)

    def forward(
        self, x: Float[Tensor, "B T I"], state: RecallState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], RecallState]:
        steps = x.shape[1]
        history = torch.cat([state.frames, x], 1)
        # [B, T, K, I], the newest first: the K frames before each, and with it all but the last of them.
        before = self._windows(history, 1, steps)
        y, core = self.core(torch.cat([x, self._nearness(x, before)], -1), state.core, lengths)
        recalled = self._windows(history, 0, steps).flatten(2)
        if lengths is None:
            frames = history[:, steps:]
        else:
            place = lengths[:, None] + torch.arange(self.lags, device=x.device)
            frames = history.gather(1, place[..., None].expand(-1, -1, self.input_size))
        return torch.cat([y, recalled.to(y.dtype)], -1), RecallState(core, frames)

    def _windows(self, history: Float[Tensor, "B S I"], lag: int, steps: int) -> Float[Tensor, "B T K I"]:
        """For each of the last `steps` frames, the K frames that end `lag` before it, the newest first."""
        first = [self.lags - lag - k for k in range(self.lags)]
        return torch.stack([history[:, start : start + steps] for start in first], 2)

    def _nearness(
        self, now: Float[Tensor, "B T I"], past: Float[Tensor, "B T K I"]
    ) -> Float[Tensor, "B T K"]:
        codes, others = now[..., :-1], past[..., :-1]
        sharp = self.sharpness.exp() / codes.shape[-1]
        products = (others @ (sharp * codes)[..., None])[..., 0]
        distance = ((codes**2) @ sharp)[..., None] - 2 * products + (others**2) @ sharp
        both = (now[..., -1:] == 0) & (past[..., -1] == 0)
        return torch.where(both, (-distance.clamp(min=0)).exp(), 0.0)
