"""What a plugin heard, as a clip of the protocol."""

from __future__ import annotations

from typing import Literal

from seqgen.serve.frames import ClipMessage
from seqgen.serve.protocol import Clip, Note

DRUM_CHANNEL = 9


def as_clip(message: ClipMessage, bar: float) -> Clip:
    """What a plugin heard, in a metre whose bar has `bar` quarter notes."""
    denominator: Literal[4, 8, 16] = 4 if bar.is_integer() else 8 if (2 * bar).is_integer() else 16
    return Clip(
        [
            Note(note.beat, note.duration, note.pitch, note.velocity, note.channel == DRUM_CHANNEL)
            for note in message.notes
        ],
        numerator=max(1, min(64, round(bar * denominator / 4))),
        denominator=denominator,
    )
