"""MIDI files written byte by byte, for tests."""

import struct
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures"
ODD = FIXTURES / "odd_midi"
TINY = sorted((FIXTURES / "tiny").glob("*/*.mid"))

END = b"\x00\xff\x2f\x00"  # end of track
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"  # C4, velocity 64, 96 ticks


def midi(*tracks: bytes, form: int = 1, division: int = 96, count: int | None = None) -> bytes:
    """A file of tracks; `count`, if given, is what the header says there are."""
    header = b"MThd" + struct.pack(">IHHH", 6, form, len(tracks) if count is None else count, division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
