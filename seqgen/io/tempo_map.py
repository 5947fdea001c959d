"""Quarter notes to seconds and back, through the tempo changes of a piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqgen.io.errors import MidiError
from seqgen.io.notes import DEFAULT_QPM


@dataclass(frozen=True, eq=False)
class TempoMap:
    """K tempos; the first one begins at 0."""

    quarters: np.ndarray
    """[K] float64, ascending"""
    seconds: np.ndarray
    """[K] float64, the same places in seconds"""
    qpm: np.ndarray
    """[K] float64, quarter notes per minute from there on"""

    @classmethod
    def from_quarters(cls, tempos: np.ndarray) -> TempoMap:
        """`tempos` [K, 2]: rows (quarter, qpm)."""
        quarters, qpm = _changes(tempos)
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(quarters) * 60.0 / qpm[:-1])])
        return cls(quarters, seconds, qpm)

    @classmethod
    def from_seconds(cls, tempos: np.ndarray, ticks_per_quarter: int) -> TempoMap:
        """`tempos` [K, 2]: rows (second, qpm). Places that are on a tick but for rounding are put on it."""
        seconds, qpm = _changes(tempos)
        quarters = np.concatenate([[0.0], np.cumsum(np.diff(seconds) * qpm[:-1] / 60.0)])
        return cls(snap(quarters, ticks_per_quarter), seconds, qpm)

    def to_seconds(self, quarters: np.ndarray) -> np.ndarray:
        k = np.searchsorted(self.quarters, quarters, side="right") - 1
        return self.seconds[k] + (quarters - self.quarters[k]) * 60.0 / self.qpm[k]

    def second_at(self, quarter: float) -> float:
        return float(self.to_seconds(np.array([quarter]))[0])

    def to_quarters(self, seconds: np.ndarray) -> np.ndarray:
        # A note on a tempo change may sit a rounding error before it; either side gives the same place.
        k = np.maximum(np.searchsorted(self.seconds, seconds, side="right") - 1, 0)
        return self.quarters[k] + (seconds - self.seconds[k]) * self.qpm[k] / 60.0

    @property
    def table(self) -> np.ndarray:
        """[K, 2] float64 rows (quarter, qpm)."""
        return np.column_stack([self.quarters, self.qpm])


def snap(quarters: np.ndarray, ticks_per_quarter: int) -> np.ndarray:
    """Undoes the rounding of a trip through seconds: within a thousandth of a tick means on the tick."""
    ticks = quarters * ticks_per_quarter
    near = np.rint(ticks)
    return np.where(np.abs(ticks - near) < 1e-3, near / ticks_per_quarter, quarters)


def last_at_each_place(rows: np.ndarray) -> np.ndarray:
    """`rows` [K, C] sorted by place (column 0), of those at the same place only the last: it is in force."""
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    keep = np.ones(len(rows), dtype=bool)
    keep[:-1] = rows[1:, 0] != rows[:-1, 0]
    return rows[keep]


def _changes(tempos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tempos = np.asarray(tempos, dtype=np.float64).reshape(-1, 2)
    wrong = ~(np.isfinite(tempos).all(axis=1) & (tempos[:, 1] > 0) & (tempos[:, 0] >= 0))
    if wrong.any():
        place, qpm = tempos[wrong][0]
        raise MidiError(
            f"a tempo of {qpm:g} quarters per minute at {place:g}: expected a tempo above 0 at 0 or later"
        )
    tempos = last_at_each_place(tempos)
    if len(tempos) == 0 or tempos[0, 0] > 0:
        tempos = np.concatenate([[[0.0, DEFAULT_QPM]], tempos])
    return tempos[:, 0], tempos[:, 1]
