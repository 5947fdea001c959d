"""Voices: several cores side by side, each with a part of the frame to itself.

The tracks of a piece share a plan and nothing else: a voice reads its own part of every frame and the tail
that is meant for all (under a `Conductor`, the plan of the beat), starts from the same conditioning, and
writes its own part of the output. So voices are independent given the plan, as bars are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State


class Voices(SequenceModule):
    """Frames are the voices' parts, one after another, and the tail; outputs stand in the same order.

    voices: each reads its part and the tail. tail: numbers at the end of a frame that every voice reads.
    """

    def __init__(self, voices: Sequence[SequenceModule], tail: int = 0):
        super().__init__()
        self.tail = tail
        self.inputs = [voice.input_size - tail for voice in voices]
        self.outputs = [voice.output_size for voice in voices]
        if not voices or tail < 0 or min(self.inputs) < 0:
            raise ValueError(
                f"voices: expected one or more that read at least the tail of {tail} numbers, "
                f"got voices that read {[voice.input_size for voice in voices]}"
            )
        self.input_size, self.output_size = sum(self.inputs) + tail, sum(self.outputs)
        self.voices = nn.ModuleList(voices)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> tuple[State, ...]:
        return tuple(voice.init_state(batch_size, cond) for voice in self.each())

    def forward(
        self, x: Float[Tensor, "B T I"], state: tuple[State, ...], lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], tuple[State, ...]]:
        *parts, tail = x.split([*self.inputs, self.tail], -1)
        ys, new = [], []
        for voice, part, own in zip(self.each(), parts, state, strict=True):
            y, after = voice(torch.cat([part, tail], -1), own, lengths)
            ys.append(y)
            new.append(after)
        return torch.cat(ys, -1), tuple(new)

    def each(self) -> list[SequenceModule]:
        return [cast(SequenceModule, voice) for voice in self.voices]
