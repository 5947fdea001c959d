"""Pieces of music for the tests of representations."""

from collections.abc import Callable

import numpy as np
import pytest

from seqgen.io.notes import NoteTable

Row = tuple[float, float, int] | tuple[float, float, int, int]


def make_table(
    rows: list[Row],
    drums: bool = False,
    tempos: tuple[tuple[float, float], ...] = ((0, 120),),
    metres: tuple[tuple[float, int, int], ...] = ((0, 4, 4),),
    program: int = 0,
    velocity: int = 80,
) -> NoteTable:
    """A NoteTable of (start, end, pitch, instrument 0 unless given) rows, in quarter notes."""
    full = sorted((*row, 0)[:4] for row in rows)
    columns = np.array(full, np.float64).reshape(-1, 4)
    count = len(columns)
    return NoteTable(
        start=columns[:, 0],
        end=columns[:, 1],
        pitch=columns[:, 2].astype(np.int16),
        velocity=np.full(count, velocity, np.int16),
        program=np.full(count, program, np.int16),
        instrument=columns[:, 3].astype(np.int32),
        is_drum=np.full(count, drums),
        tempos=np.array(tempos, np.float64),
        time_signatures=np.array(metres, np.float64),
    )


@pytest.fixture(scope="session")
def table() -> Callable[..., NoteTable]:
    return make_table
