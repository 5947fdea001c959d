"""The test windows that a figure is about, with the files they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from seqgen import __version__
from seqgen.data.duplicates import fingerprint
from seqgen.data.shards import Shards
from seqgen.evaluation.evaluate import weights_hash
from seqgen.evaluation.windows import array_hash
from seqgen.representation.converter import make_converter


def unseen_windows(shards: Shards) -> tuple[np.ndarray, np.ndarray]:
    """Test windows [N, T] that are not in train in any key, and the file [N] that each comes from.

    Windows of a tune overlap, so what is drawn for an interval is whole files.
    """
    key = make_converter(shards.representation).transposition_key
    tokens, files = np.array(shards.tokens("test")), np.array(shards.origins("test"))[:, 0]
    seen = fingerprint(key(np.array(shards.tokens("train"))))
    new = ~np.isin(fingerprint(key(tokens)), seen)
    return tokens[new], files[new]


def by_file(files: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The sums of values [N] or [N, T] over each file's windows, file after file."""
    number = np.unique(files, return_inverse=True)[1]
    return np.bincount(number, values.reshape(len(files), -1).sum(1))


def sign(folder: Path, shards: Shards, windows: np.ndarray, seed: int) -> str:
    """The signature of figures of a model on unseen windows."""
    found = len(shards.tokens("test"))
    parts = {
        "seqgen": __version__,
        "model": f"{folder.resolve().name}@{weights_hash(folder)}",
        "data": f"{shards.folder.name}/test@{array_hash(windows)}",
        "windows": f"{len(windows)} of {found}, {found - len(windows)} in train dropped",
        "decoding": "greedy",
        "seed": str(seed),
        "torch": torch.__version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())
