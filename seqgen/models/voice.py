"""Voices: the core that writes tokens, an LSTM or a WaveNet, as a config describes it."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from seqgen.core import LSTM, SequenceModule, WaveNet


@runtime_checkable
class Voice(Protocol):
    """The part of a config that shapes a voice; see `DecoderConfig` for what each means."""

    @property
    def voice(self) -> Literal["lstm", "wavenet"]: ...
    @property
    def width(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def dilations(self) -> tuple[int, ...]: ...
    @property
    def skip_width(self) -> int: ...


def output_size(shape: Voice) -> int:
    """Numbers a frame that a head reads."""
    return shape.skip_width if shape.voice == "wavenet" else shape.width


def build_voice(
    shape: Voice, input_size: int, cond_size: int, local_size: int = 0, feed_cond: bool = True
) -> SequenceModule:
    """A voice that reads `input_size` numbers a frame, the last `local_size` of them from a plan.

    cond_size: numbers that it starts from. feed_cond: whether it is told them at every frame as well. An LSTM
    may do without, a WaveNet has no other way: nothing but its gates could remember them.
    """
    if shape.voice == "wavenet":
        size = shape.skip_width
        return WaveNet(input_size, shape.width, size, size, cond_size, shape.dilations, local_size=local_size)
    return LSTM(input_size, shape.width, cond_size, shape.layers, feed_cond)
