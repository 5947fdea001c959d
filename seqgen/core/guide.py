"""Guide: local conditioning that is known ahead, at a slower rate than the frames (van den Oord 2016, 2.5).

    frame t reads its input and (1 - w) g_k + w g_{k+1},    k = t // hop,  w = (t mod hop) / hop

The vectors g stand in the state, so whoever decodes never learns what a voice is guided by. They are known
before the first frame: frame t is drawn towards g_{k+1}, whose time has not come yet. After the last vector
it stays.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State


class GuidedState(NamedTuple):
    guide: Tensor
    """[B, S, Q] a vector every `hop` frames"""
    position: Tensor
    """[B] frames so far"""
    voice: State


class Guided(SequenceModule):
    """Any core, fed with a guide behind its input.

    voice: reads `input_size` + size numbers a frame. size: Q. hop: frames from one vector to the next.
    """

    def __init__(self, voice: SequenceModule, size: int, hop: int):
        super().__init__()
        if not 0 < size < voice.input_size or hop < 1:
            raise ValueError(
                f"size must be 1 to {voice.input_size - 1}, below what the voice reads, and hop at least 1, "
                f"got {size} and {hop}"
            )
        self.voice, self.size, self.hop = voice, size, hop
        self.input_size, self.output_size = voice.input_size - size, voice.output_size

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> GuidedState:
        """Without a guide: zeros. `follow` gives it one."""
        position = torch.zeros(batch_size, dtype=torch.long, device=cond.device)
        silent = cond.new_zeros(batch_size, 1, self.size)
        return GuidedState(silent, position, self.voice.init_state(batch_size, cond))

    def follow(self, state: GuidedState, guide: Float[Tensor, "B S Q"]) -> GuidedState:
        """The state with this guide, of which vector 0 belongs to the first frame of all."""
        return state._replace(guide=guide)

    def forward(
        self, x: Float[Tensor, "B T I"], state: GuidedState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], GuidedState]:
        at = state.position[:, None] + torch.arange(x.shape[1], device=x.device)
        read = torch.cat([x, self._between(state.guide, at).to(x.dtype)], -1)
        y, voice = self.voice(read, state.voice, lengths)
        moved = x.shape[1] if lengths is None else lengths
        return y, GuidedState(state.guide, state.position + moved, voice)

    def _between(self, guide: Float[Tensor, "B S Q"], at: Int[Tensor, "B T"]) -> Float[Tensor, "B T Q"]:
        """The guide at frames `at`, between the vectors before and after."""
        row, last = torch.arange(len(guide), device=at.device)[:, None], guide.shape[1] - 1
        before, after = (at // self.hop).clamp(max=last), (at // self.hop + 1).clamp(max=last)
        share = (at % self.hop / self.hop).to(guide.dtype)[..., None]
        return torch.lerp(guide[row, before], guide[row, after], share)
