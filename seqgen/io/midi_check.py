"""A look at the bytes of a MIDI file before a parser sees them.

symusic 0.5.9 trusts its input: a chunk longer than the file, a data byte above 127 or a tempo event of two
bytes makes it read or write outside its memory (seen: segmentation fault, "double free or corruption"). So
the grammar of the Standard MIDI File (RP-001) is checked here first, by regular expressions.
"""

from __future__ import annotations

import re
import struct

import numpy as np

from seqgen.io.errors import MidiError

MAX_BYTES = 16 * 2**20
MAX_EVENTS = 1_000_000
MAX_OTHER_EVENTS = 100_000  # meta events and system exclusive: each costs ten times what a note does
MAX_TRACKS = 4096
MAX_TICK = 2**31 - 1

_DELTA = rb"[\x80-\xff]{0,3}[\x00-\x7f]"
_ONE_BYTE = rb"[\xc0-\xdf]"  # program change, channel pressure
_TWO_BYTES = rb"[\x80-\xbf\xe0-\xef]"  # notes, key pressure, controls, pitch bend
_STATUS = rb"%b(?:%b[\x00-\x7f]{2}(?:%b[\x00-\x7f]{2})*+|%b[\x00-\x7f](?:%b[\x00-\x7f])*+)" % (
    _DELTA,
    _TWO_BYTES,
    _DELTA,
    _ONE_BYTE,
    _DELTA,
)
# No capturing groups: Python 3.11 raises SystemError on some files with a group inside a possessive repeat.
_STATUS_EVENTS = re.compile(_STATUS)  # one status byte and all the messages that share it ("running status")
_CHANNEL_EVENTS = re.compile(rb"(?:%b)*+" % _STATUS)
_RUNNING_EVENTS = (
    re.compile(rb"(?:%b[\x00-\x7f])*+" % _DELTA),
    re.compile(rb"(?:%b[\x00-\x7f]{2})*+" % _DELTA),
)
_VARIABLE = re.compile(_DELTA)
_META_LENGTHS = {0x2F: 0, 0x51: 3, 0x58: 4, 0x59: 2}
_END_OF_TRACK = 0x2F


def check_midi(data: bytes) -> bytes:
    """`data` as symusic can read it. Raises MidiError unless all its events are whole and within bounds."""
    if len(data) > MAX_BYTES:
        raise MidiError(f"{len(data):,} bytes: at most {MAX_BYTES:,} (16 MiB) are read")
    if not data:
        raise MidiError("the file is empty (0 bytes)")
    if data[:4] != b"MThd":
        raise MidiError(f"not a MIDI file: it begins with {data[:4]!r}, a MIDI file with b'MThd'")
    if len(data) < 14:
        raise MidiError(f"cut off in its header: {len(data)} bytes, a MIDI header takes 14")
    length, form, tracks, division = struct.unpack(">IHHH", data[4:14])
    if length != 6:
        raise MidiError(f"its header says it is {length} bytes long, expected 6")
    if form > 2:
        raise MidiError(f"MIDI format {form}: formats 0 and 1 can be read")
    if form == 2 and tracks > 1:
        raise MidiError(
            f"MIDI format 2 ({tracks} independent songs in a file): save each as a file of format 0 or 1"
        )
    if division == 0:
        raise MidiError("its header says 0 ticks per quarter note, so its notes have no time")
    if division >= 0x8000:
        raise MidiError("it counts time in film frames (SMPTE): save it with ticks per quarter note")
    if tracks == 0:
        raise MidiError("its header says that it has no tracks")
    if tracks > MAX_TRACKS:
        raise MidiError(f"its header promises {tracks:,} tracks: at most {MAX_TRACKS:,} are read")
    chunks = _track_chunks(data)
    if len(chunks) < tracks:
        raise MidiError(f"its header promises {tracks} tracks, and it has {len(chunks)}: cut off or damaged")
    others, escapes = 0, list[int]()
    for number, (begin, end) in enumerate(chunks):
        others += _check_events(data, begin, end, f"track {number + 1}", MAX_OTHER_EVENTS - others, escapes)
    # Counting takes a second for a million events: only where there may be too many.
    if len(data) > 2 * MAX_EVENTS or _may_overflow(data):
        _count(data, chunks)
    if not escapes:
        return data
    # symusic takes what follows 0xF7 for events; 0xF0, which has the same layout, it skips as it should.
    readable = bytearray(data)
    for place in escapes:
        readable[place] = 0xF0
    return bytes(readable)


def _track_chunks(data: bytes) -> list[tuple[int, int]]:
    """Where the tracks are: (first byte, byte after the last)."""
    chunks: list[tuple[int, int]] = []
    at = 14
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        at += 8
        if kind == b"MTrk":
            if at + length > len(data):
                there = len(data) - at
                raise MidiError(
                    f"cut off in track {len(chunks) + 1}: {length:,} bytes promised, {there:,} there"
                )
            chunks.append((at, at + length))
            if len(chunks) > MAX_TRACKS:
                raise MidiError(f"more than {MAX_TRACKS:,} tracks")
        at += length
    return chunks


def _check_events(data: bytes, begin: int, end: int, where: str, budget: int, escapes: list[int]) -> int:
    """How many events are no channel messages, MidiError if over `budget`; collects places of status 0xF7."""
    at, others = begin, 0
    stretch = (begin, begin)  # of channel messages, the last one
    running = 0  # data bytes of a message without status byte; 0: to be looked up in the stretch
    while at < end:
        match = _CHANNEL_EVENTS.match(data, at, end)
        if match is not None and match.end() > at:
            stretch, running = (at, match.end()), 0
            at = match.end()
            continue
        begun = at
        at, kind, size = _special_event(data, begun, end, where)
        others += 1
        if others > budget:
            raise MidiError(
                f"more than {MAX_OTHER_EVENTS:,} meta events (texts, tempos): split it or clean it"
            )
        if kind < 0x80:
            # A message without status byte after a meta event: not allowed, but some write it, all read it.
            running = running or _data_bytes(data, *stretch)
            match = _RUNNING_EVENTS[running - 1].match(data, at, end) if running else None
            if match is None or match.end() == at:
                raise MidiError(f"damaged at byte {at} ({where}): data where an event should begin")
            at = match.end()
        elif kind == _END_OF_TRACK + 0x100:
            break
        else:
            if kind == 0xF7:
                escapes.append(_VARIABLE.match(data, begun).end())  # type: ignore[union-attr]
            at += size
    return others


def _data_bytes(data: bytes, begin: int, end: int) -> int:
    """How many data bytes the last status byte of a stretch of channel messages asks for; 0 without one."""
    size = 0
    for match in _STATUS_EVENTS.finditer(data, begin, end):
        status = data[_VARIABLE.match(data, match.start()).end()]  # type: ignore[union-attr]
        size = 1 if 0xC0 <= status < 0xE0 else 2
    return size


def _special_event(data: bytes, at: int, end: int, where: str) -> tuple[int, int, int]:
    """An event that is no channel message, its delta time at `at`: payload place, kind, payload size.

    The kind is the status byte, or 0x100 + the type of a meta event; below 0x80 there was no status byte.
    """
    match = _VARIABLE.match(data, at, end)
    if match is None or match.end() >= end:
        raise MidiError(f"damaged at byte {at} ({where}): no event after this delta time")
    begin, kind = match.end(), data[match.end()]
    if kind < 0x80:
        return at, kind, 0
    if kind < 0xF0:
        raise MidiError(
            f"damaged at byte {begin} ({where}): a message with a data byte above 127, or cut off"
        )
    if kind not in (0xF0, 0xF7, 0xFF):
        raise MidiError(f"damaged at byte {begin} ({where}): event 0x{kind:02X} does not belong in a file")
    if kind == 0xFF and data[begin + 1 : begin + 2] > b"\x7f":
        raise MidiError(f"damaged at byte {begin} ({where}): a meta event of type 0x{data[begin + 1]:02X}")
    header = begin + (2 if kind == 0xFF else 1)
    length = _VARIABLE.match(data, header, end) if header < end else None
    size = sum((byte & 127) << 7 * i for i, byte in enumerate(reversed(length[0]))) if length else 0
    if length is None or length.end() + size > end:
        raise MidiError(f"damaged at byte {begin} ({where}): an event that is longer than the track")
    if kind == 0xFF:
        kind = 0x100 + data[begin + 1]
        expected = _META_LENGTHS.get(kind - 0x100, size)
        if size != expected:
            what = f"meta event 0x{kind - 0x100:02X} of {size} bytes, expected {expected}"
            raise MidiError(f"damaged at byte {begin} ({where}): {what}")
    return length.end(), kind, size


def _may_overflow(data: bytes) -> bool:
    """False if the delta times cannot add up to more ticks than symusic can count (it would wrap around)."""
    # A delta time of n bytes is n - 1 bytes above 127, and in a track little else puts two of those together.
    high = np.frombuffer(data, dtype=np.uint8) > 127
    pairs = high[1:] & high[:-1]
    longer, longest = np.count_nonzero(pairs), np.count_nonzero(pairs[1:] & high[:-2])
    return int(len(data) // 2 * 2**14 + longer * 2**21 + longest * 2**28) > MAX_TICK


def _count(data: bytes, chunks: list[tuple[int, int]]) -> None:
    """Goes through checked tracks event by event; MidiError if there are too many, or too many ticks."""
    events = 0
    for at, end in chunks:
        tick, size = 0, 0
        while at < end:
            delta = 0
            while data[at] > 127:
                delta, at = delta << 7 | data[at] & 127, at + 1
            tick, events = tick + (delta << 7 | data[at]), events + 1
            at += 1
            if data[at] >= 0xF0:
                at, kind, length = _special_event(data, at - 1, end, "")
                if kind == _END_OF_TRACK + 0x100:
                    break
                at += length
            else:
                if data[at] > 127:
                    size, at = (1 if 0xC0 <= data[at] < 0xE0 else 2), at + 1
                at += size
            if events > MAX_EVENTS:
                raise MidiError(f"more than {MAX_EVENTS:,} events: split it into smaller files")
        if tick > MAX_TICK:
            raise MidiError(f"it is {tick:,} ticks long: more than can be counted, so probably damaged")
