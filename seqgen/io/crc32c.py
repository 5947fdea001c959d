"""CRC-32C (Castagnoli; RFC 3720, appendix B.4), the check sum of TensorFlow's checkpoints, in numpy.

A remainder is linear over GF(2), so what many words leave can be found side by side: the words lie in a
table, each column has a register, and one row at a time goes into all of them by two look-ups of 16 bits. At
the end the columns are folded together. A step over n zero bits is a 32x32 matrix: 32 columns of 32 bits.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import UInt8, UInt32

POLYNOMIAL = 0x82F63B78
"""with its bits reversed: the lowest bit is the coefficient of x^31"""
WIDTHS = (1 << 14, 1 << 6)
"""columns: many for large arrays, few for what they leave; the last bytes go one by one"""


def crc32c(data: UInt8[np.ndarray, " N"], before: int = 0) -> int:
    """The check sum of bytes; `before` is that of the bytes in front of them, so that it can go in parts.

    >>> hex(crc32c(np.frombuffer(b"123456789", np.uint8)))
    '0xe3069283'
    """
    register = before ^ 0xFFFFFFFF
    for width in WIDTHS:
        whole = len(data) - len(data) % (4 * width)
        if whole:
            register = _table(data[:whole].view("<u4").reshape(-1, width), register)
            data = data[whole:]
    steps = _byte_steps()
    for octet in data.tolist():
        register = steps[(register ^ octet) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def _table(words: UInt32[np.ndarray, "R C"], register: int) -> int:
    """The register after all words, row by row; C is a power of two."""
    low, high = _row_steps(words.shape[1])
    state = np.zeros(words.shape[1], np.uint32)
    state[0] = register  # it goes into the first word
    for row in words[:-1]:
        halves = (state ^ row).view("<u2").reshape(-1, 2)
        state = low.take(halves[:, 0]) ^ high.take(halves[:, 1])
    state ^= words[-1]
    while len(state) > 1:
        half = len(state) // 2  # the first half has that many words more behind it
        state = _apply(_zeros(32 * half), state[:half]) ^ state[half:]
    return int(_apply(_zeros(32), state)[0])


def _apply(matrix: UInt32[np.ndarray, "32"], values: UInt32[np.ndarray, " N"]) -> UInt32[np.ndarray, " N"]:
    result = np.zeros_like(values)
    for bit, column in enumerate(matrix):
        result ^= np.where(values >> np.uint32(bit) & np.uint32(1), column, np.uint32(0))
    return result


@cache
def _zeros(bits: int) -> UInt32[np.ndarray, "32"]:
    """The matrix of `bits` zero bits: by repeated squaring."""
    identity = np.uint32(1) << np.arange(32, dtype=np.uint32)
    if bits == 0:
        return identity
    if bits % 2:
        one = np.concatenate([np.array([POLYNOMIAL], np.uint32), identity[:-1]])
        return _apply(one, _zeros(bits - 1))
    half = _zeros(bits // 2)
    return _apply(half, half)


@cache
def _row_steps(width: int) -> tuple[UInt32[np.ndarray, "65536"], UInt32[np.ndarray, "65536"]]:
    """A row of zeros on every value of the low, and of the high 16 bits."""
    matrix = _zeros(32 * width)
    return _sums(matrix[:16]), _sums(matrix[16:])


@cache
def _byte_steps() -> list[int]:
    """Eight zero bits on every value of the low byte."""
    return [int(value) for value in _sums(_zeros(8)[:8])]


def _sums(columns: UInt32[np.ndarray, " K"]) -> UInt32[np.ndarray, " N"]:
    """[2^K] what each number of K bits gives."""
    sums = np.zeros(1, np.uint32)
    for column in columns:
        sums = np.concatenate([sums, sums ^ column])
    return sums
