"""Sorted tables of byte strings, the file format of LevelDB (.ldb, .sst) and of TensorFlow's .index files.

Blocks of entries, then an index block that says where they are, then a footer of 48 bytes that ends in a
magic number. A key is written as what it shares with the one before it, and the rest. Each block has a CRC.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen.io.crc32c import crc32c
from seqgen.io.wire import varint

MAGIC = bytes.fromhex("57 fb 80 8b 24 75 47 db")  # 0xDB4775248B80FB57
FOOTER_BYTES = 48
TRAILER_BYTES = 5
"""after a block: one for the kind of compression, four for the check sum"""
MAX_ENTRIES = 1 << 16
MAX_KEY_BYTES = 1 << 10
"""so that keys which share much do not unfold into gigabytes"""
MAX_VALUE_BYTES = 1 << 16
_MASK_DELTA = 0xA282EAD8


def is_table(data: bytes) -> bool:
    return len(data) >= FOOTER_BYTES and data.endswith(MAGIC)


def read_table(data: bytes) -> dict[bytes, bytes]:
    """All entries of a table, in their order.

    Raises:
        ValueError: if it is none, cut short, damaged, compressed, or has more than MAX_ENTRIES.
    """
    if not is_table(data):
        raise ValueError("it does not end as a sorted table does: it is no such file, or cut short")
    footer, found = data[-FOOTER_BYTES:], dict[bytes, bytes]()
    _, _, at = _handle(footer, 0)  # of the block about the table, which is empty here
    offset, size, _ = _handle(footer, at)
    last, end = b"", 0
    for _, handle in _entries(_block(data, offset, size)):
        offset, size, _ = _handle(handle, 0)
        if offset < end:  # a byte is read once, whatever the index says
            raise ValueError("its blocks overlap")
        end = offset + size
        for key, value in _entries(_block(data, offset, size)):
            if found and key <= last:
                raise ValueError("its keys are not in order")
            found[key], last = value, key
            if len(found) > MAX_ENTRIES:
                raise ValueError(f"it has more than {MAX_ENTRIES} entries")
    return found


def unmask(stored: int) -> int:
    """A check sum as it is: it is stored rotated, for a sum over bytes that hold their sum tells nothing."""
    rotated = (stored - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated << 15 | rotated >> 17) & 0xFFFFFFFF


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """A block's offset and size, and where the handle ends."""
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return offset, size, at


def _block(data: bytes, offset: int, size: int) -> bytes:
    """The entries of a block, and its restart points."""
    end = offset + size + TRAILER_BYTES
    if end > len(data) - FOOTER_BYTES:
        raise ValueError(f"a block ends at byte {end}, beyond its end")
    kind = data[offset + size]
    if crc32c(np.frombuffer(data[offset : end - 4], np.uint8)) != unmask(
        int.from_bytes(data[end - 4 : end], "little")
    ):
        raise ValueError(f"the block at byte {offset} is damaged: its check sum is another")
    if kind:
        name = "snappy" if kind == 1 else f"kind {kind}"
        raise ValueError(f"the block at byte {offset} is compressed ({name}); TensorFlow writes it plain")
    return data[offset : offset + size]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values; the restart points at the end of a block serve searching, and are left out."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if len(block) < 4 or end < 0:
        raise ValueError("a block is shorter than its list of restart points")
    entries, key, at = block[:end], b"", 0
    while at < end:
        shared, at = varint(entries, at)
        rest, at = varint(entries, at)
        size, at = varint(entries, at)
        if shared > len(key) or rest + size > end - at:
            raise ValueError("an entry is longer than its block")
        if shared + rest > MAX_KEY_BYTES or size > MAX_VALUE_BYTES:
            raise ValueError(
                f"a key has more than {MAX_KEY_BYTES} bytes, or a value more than {MAX_VALUE_BYTES}"
            )
        key = key[:shared] + entries[at : at + rest]
        at += rest
        yield key, entries[at : at + size]
        at += size
