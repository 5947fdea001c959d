"""Protocol Buffers' wire format, by its own examples and at its edges."""

import pytest

from seqgen.io.wire import fields, varint


def test_the_examples_of_its_description() -> None:
    assert varint(bytes.fromhex("96 01"), 0) == (150, 2)
    message = bytes.fromhex(
        "08 96 01  12 07 74 65 73 74 69 6e 67  1d 01 00 00 00  21 02 00 00 00 00 00 00 00"
    )
    assert list(fields(message)) == [(1, 150), (2, b"testing"), (3, 1), (4, 2)]


def test_a_number_has_at_most_64_bits() -> None:
    assert varint(b"\xff" * 9 + b"\x01", 0) == (2**64 - 1, 10)
    for octets in (b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x00"):
        with pytest.raises(ValueError, match="more than 64 bits"):
            varint(octets, 0)
    with pytest.raises(ValueError, match="cut off"):
        varint(b"\xff", 0)
