"""Which windows are kept: each once in its split, and in no more than one split.

A window of `valid` that also occurs in `train`, or of `test` that occurs in either, would make a figure look
better than it is; it is dropped where it occurs in another key, too. What is compared are 64-bit hashes of
the tokens: by chance two of ten million different windows agree three times in a million preparations, and
one of them is lost.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Kept:
    """The windows of a split that stay, and how many went."""

    rows: np.ndarray
    """[K] int64, ascending"""
    repeated: int
    """exact repeats of an earlier window of the same split"""
    elsewhere: int
    """windows that occur in an earlier split, up to transposition"""


def fingerprint(tokens: np.ndarray) -> np.ndarray:
    """A hash of each row, the same on every machine: [N, ...] int16, int32 or int64 to [N] uint64."""
    rows = np.ascontiguousarray(tokens, tokens.dtype.newbyteorder("<"))
    digests = b"".join(hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def keep_first(exact: dict[str, np.ndarray], untransposed: dict[str, np.ndarray]) -> dict[str, Kept]:
    """Decide for all splits, the earlier of which have the first claim.

    Args:
        exact: for each split, fingerprints [N] of its windows.
        untransposed: for each split, fingerprints [N] of its windows' transposition keys.
    """
    result = {}
    taken = np.zeros(0, np.uint64)
    for split, keys in exact.items():
        first = np.sort(np.unique(keys, return_index=True)[1])
        loose = untransposed[split][first]
        rows = first[~np.isin(loose, taken)]
        result[split] = Kept(rows.astype(np.int64), len(keys) - len(first), len(first) - len(rows))
        taken = np.concatenate([taken, np.unique(loose)])
    return result
