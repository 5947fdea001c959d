"""The check sum of checkpoints, against the standard's examples and against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.io.crc32c import crc32c


def by_definition(data: bytes) -> int:
    """One bit after the other."""
    register = 0xFFFFFFFF
    for octet in data:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


# RFC 3720, appendix B.4, and the usual check value.
EXAMPLES = [
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
    (b"", 0),
]


@pytest.mark.parametrize(("data", "expected"), EXAMPLES)
def test_examples_of_the_standard(data: bytes, expected: int) -> None:
    assert crc32c(np.frombuffer(data, np.uint8)) == expected


@pytest.mark.parametrize("size", [255, 256, 257, 4 * 2**14 - 1, 4 * 2**14, 3 * 4 * 2**14 + 261])
def test_rows_columns_and_what_is_left(size: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    assert crc32c(data) == by_definition(data.tobytes())


@given(st.binary(max_size=600), st.integers(0, 600))
def test_parts_go_one_after_the_other(data: bytes, cut: int) -> None:
    octets = np.frombuffer(data, np.uint8)
    assert crc32c(octets[cut:], crc32c(octets[:cut])) == crc32c(octets) == by_definition(data)
