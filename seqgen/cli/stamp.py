"""A line of text inside a WAV or PNG file, where players and viewers show comments: the seed stays there."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def stamp_wav(path: Path, text: str) -> None:
    """Append a LIST INFO chunk with a comment (ICMT) and correct the size in the header."""
    path.write_bytes(stamped_wav(path.read_bytes(), text))


def stamped_wav(data: bytes, text: str) -> bytes:
    """The content of a WAV file with a comment behind its samples."""
    comment = text.encode("utf-8") + b"\0"
    comment += b"\0" * (len(comment) % 2)  # chunks are of even length
    info = b"INFOICMT" + struct.pack("<I", len(comment)) + comment
    data += b"\0" * (len(data) % 2) + b"LIST" + struct.pack("<I", len(info)) + info
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def stamp_png(path: Path, text: str) -> None:
    """Insert an iTXt chunk named Comment before the end of the picture."""
    data = path.read_bytes()
    body = b"iTXtComment\0\0\0\0\0" + text.encode("utf-8")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = data.rindex(b"IEND") - 4
    path.write_bytes(data[:end] + chunk + data[end:])
