"""What a user of a model sets: checked, and written into the results."""

from __future__ import annotations

from typing import NamedTuple

from torch import Generator

from seqgen.core import Sampling
from seqgen.kernels.packing import Precision

MAX_PIECES = 4096
"""results of one call: more is a slip of the finger"""


class Drawing(NamedTuple):
    """How tokens are drawn."""

    how: Sampling
    seed: int
    precision: Precision


def provenance(temperature: float, seed: int, precision: str) -> str:
    """How something was drawn: what it takes, with the model and the sources, to draw it again."""
    return f"seed {seed}, temperature {temperature:g}, precision {precision}"


def check_count(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, got {value}")


def generator(seed: int) -> Generator:
    """A generator on the CPU, so that a seed means the same on every device."""
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be 0 to 2**63 - 1, got {seed}")
    return Generator().manual_seed(seed)
