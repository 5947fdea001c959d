"""Protocol Buffers' wire format, as far as reading small messages goes: no schema, no generated code."""

from __future__ import annotations

from collections.abc import Iterator

MOST_BYTES_OF_A_NUMBER = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number of seven bits a byte at `at`, and where it ends.

    Raises:
        ValueError: if it does not end, or has more than 64 bits.
    """
    value = 0
    for place in range(MOST_BYTES_OF_A_NUMBER):
        if at >= len(data):
            raise ValueError("a number is cut off")
        octet = data[at]
        at += 1
        value |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            if value >> 64:
                break
            return value, at
    raise ValueError("a number has more than 64 bits")


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field of a message: its number, and a whole number or bytes (a text, a message, packed numbers).

    Raises:
        ValueError: where the bytes are no message.
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("a field has the number 0")
        if kind == _VARINT:
            value, at = varint(data, at)
            yield number, value
            continue
        if kind not in (_FIXED64, _BYTES, _FIXED32):
            raise ValueError(f"a field has the unknown wire type {kind}")
        size, at = varint(data, at) if kind == _BYTES else (8 if kind == _FIXED64 else 4, at)
        if size > len(data) - at:
            raise ValueError("a field is longer than its message")
        octets = data[at : at + size]
        at += size
        yield number, octets if kind == _BYTES else int.from_bytes(octets, "little")
