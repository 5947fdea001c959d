"""The binary messages between the service and the native plugin, version 1, over TCP on the loopback.

Little-endian. A frame is a header (kind u16, version u16, size of the payload u32) and a payload. The plugin
says HELLO with its token first, then POSITION several times a second, SETTINGS and CLIP when they change. The
service answers WELCOME, then streams NOTE frames in the order of their beats, and STATUS when there is
something to say.
`plugins/native/frames.h` says the same in C++; a test compares them.
"""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

from seqgen.tasks.sliders import check_known

VERSION = 1
HEADER = struct.Struct("<HHI")
MOST_BYTES = 1 << 20
"""of a payload"""

HELLO, POSITION, SETTINGS, CLIP = 1, 2, 3, 4
WELCOME, NOTE, STATUS = 16, 17, 18

TOKEN_BYTES = 64
"""of HELLO: the token in hexadecimal"""
NOTE_RECORD = struct.Struct("<IBBBBdd")
"""epoch, channel, pitch, velocity, 0, beat and duration (quarter notes): all of NOTE, each note of CLIP"""
POSITION_RECORD = struct.Struct("<IIddd")
"""epoch, playing (0 or 1), beat, tempo (quarter notes a minute), quarter notes in a bar"""
SETTINGS_RECORD = struct.Struct("<IIIff")
"""model (its place in WELCOME), run (0 or 1), seed, position between A and B, temperature; then a slider for
each attribute that is moved"""
SLIDER_RECORD = struct.Struct("<28sf")
"""name of an attribute (ASCII, filled up with zeros), amount in standard deviations"""
FURTHEST = 3.0
"""that a slider goes, either way"""
CLIP_RECORD = struct.Struct("<II")
"""slot (0 for A, 1 for B), number of notes; then the notes, with beats from the beginning of the clip"""
STATUS_RECORD = struct.Struct("<I")
"""code; then a sentence in UTF-8"""
READY, LOADING, BUSY, ERROR = 0, 1, 2, 3
"""codes of STATUS"""
# WELCOME: names of the models in UTF-8, one a line.


class NoteEvent(NamedTuple):
    epoch: int
    """in which it is valid: a seek, a loop or a change of tempo begins another"""
    channel: int
    pitch: int
    velocity: int
    beat: float
    duration: float

    def pack(self) -> bytes:
        return NOTE_RECORD.pack(
            self.epoch, self.channel, self.pitch, self.velocity, 0, self.beat, self.duration
        )


class Position(NamedTuple):
    epoch: int
    playing: bool
    beat: float
    tempo: float
    bar: float
    """quarter notes in a bar"""


class Settings(NamedTuple):
    model: int
    run: bool
    seed: int
    position: float
    temperature: float
    amounts: tuple[tuple[str, float], ...] = ()
    """names of attributes, and how far each is moved; 0 for the others"""


class ClipMessage(NamedTuple):
    slot: int
    notes: list[NoteEvent]


def frame(kind: int, payload: bytes = b"") -> bytes:
    return HEADER.pack(kind, VERSION, len(payload)) + payload


def parse_header(data: bytes) -> tuple[int, int]:
    """Kind and size of the payload; ValueError for what no client of this version sends."""
    kind, version, size = HEADER.unpack(data)
    if version != VERSION:
        raise ValueError(
            f"version: expected {VERSION}, got {version}: the plugin and seqgen must fit together"
        )
    if kind not in (HELLO, POSITION, SETTINGS, CLIP) or size > MOST_BYTES:
        raise ValueError(
            f"expected a frame of kind 1 to 4 and at most {MOST_BYTES} bytes, got {kind}, {size}"
        )
    return kind, size


def parse_position(payload: bytes) -> Position:
    epoch, playing, beat, tempo, bar = _exact(POSITION_RECORD, payload, "POSITION")
    if not (math.isfinite(beat) and abs(beat) < 1e9 and 1 <= tempo <= 2000 and 0.25 <= bar <= 64):
        raise ValueError(f"POSITION: out of range: beat {beat}, tempo {tempo}, bar {bar}")
    return Position(epoch, bool(playing), beat, tempo, bar)


def parse_settings(payload: bytes) -> Settings:
    size = SETTINGS_RECORD.size
    model, run, seed, position, temperature = _exact(SETTINGS_RECORD, payload[:size], "SETTINGS")
    if not (0 <= position <= 1 and 0 <= temperature <= 4):
        raise ValueError(f"SETTINGS: out of range: position {position}, temperature {temperature}")
    return Settings(model, bool(run), seed, position, temperature, _amounts(payload[size:]))


def _amounts(payload: bytes) -> tuple[tuple[str, float], ...]:
    if len(payload) % SLIDER_RECORD.size:
        raise ValueError(f"SETTINGS: expected whole sliders, {SLIDER_RECORD.size} bytes each")
    amounts: dict[str, float] = {}
    for data, amount in SLIDER_RECORD.iter_unpack(payload):
        name = data.rstrip(b"\0").decode("ascii", "replace")
        check_known([name])
        if name in amounts or not -FURTHEST <= amount <= FURTHEST:
            raise ValueError(f"SETTINGS: {name}: expected once {-FURTHEST:g} to {FURTHEST:g}, got {amount:g}")
        amounts[name] = amount
    return tuple(amounts.items())


def parse_clip(payload: bytes, most_notes: int) -> ClipMessage:
    slot, count = CLIP_RECORD.unpack_from(payload) if len(payload) >= CLIP_RECORD.size else (2, 0)
    if slot > 1 or count > most_notes or len(payload) != CLIP_RECORD.size + count * NOTE_RECORD.size:
        raise ValueError(f"CLIP: expected slot 0 or 1 and at most {most_notes} whole notes")
    notes = [_note(*fields) for fields in NOTE_RECORD.iter_unpack(payload[CLIP_RECORD.size :])]
    return ClipMessage(slot, notes)


def _note(
    epoch: int, channel: int, pitch: int, velocity: int, _: int, beat: float, duration: float
) -> NoteEvent:
    fine = (
        channel < 16 and pitch < 128 and 1 <= velocity < 128 and 0 <= beat < 40_000 and 0 < duration < 40_000
    )
    if not fine:
        raise ValueError(f"CLIP: a note out of range: {(channel, pitch, velocity, beat, duration)}")
    return NoteEvent(epoch, channel, pitch, velocity, beat, duration)


def _exact(record: struct.Struct, payload: bytes, name: str) -> tuple[Any, ...]:
    if len(payload) != record.size:
        raise ValueError(f"{name}: expected {record.size} bytes, got {len(payload)}")
    return record.unpack(payload)
