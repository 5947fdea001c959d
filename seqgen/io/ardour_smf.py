"""A track as a MIDI file of one chunk, on the grid of Ardour."""

from __future__ import annotations

import struct

from seqgen.io.arrangement import Track

TICKS_PER_QUARTER = 1920
DRUM_CHANNEL = 9


def ticks(quarter: float) -> int:
    return round(quarter * TICKS_PER_QUARTER)


def smf_bytes(track: Track, length: int) -> bytes:
    """A MIDI file, format 0, that ends at `length` ticks. A note lasts a tick at least.

    Where notes of one pitch overlap, first begun is first ended, as MIDI has it.
    """
    channel = DRUM_CHANNEL if track.is_drum else 0
    events = [(0, 1, bytes([0xC0 | channel, track.program]))]
    columns = (track.start.tolist(), track.end.tolist(), track.pitch.tolist(), track.velocity.tolist())
    for start, end, pitch, velocity in zip(*columns, strict=True):
        begin = ticks(start)
        events.append((begin, 2, bytes([0x90 | channel, pitch, velocity])))
        events.append((max(ticks(end), begin + 1), 0, bytes([0x80 | channel, pitch, 0])))
    events.sort(key=lambda event: event[:2])  # at one place: releases, the program, then onsets
    data, now = bytearray(), 0
    for tick, _, message in [*events, (max(length, events[-1][0]), 3, b"\xff\x2f\x00")]:
        data += _variable(tick - now) + message
        now = tick
    return struct.pack(">4sIHHH4sI", b"MThd", 6, 0, 1, TICKS_PER_QUARTER, b"MTrk", len(data)) + bytes(data)


def _variable(value: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the highest first."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))
