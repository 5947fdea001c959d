"""A piece of music as numpy columns, with time in quarter notes.

`NoteTable` is what the representations read: cheap to make in bulk (no protobuf), exact about the beat grid
(a tempo change moves no note on it), and the same whether it came from a file or from a NoteSequence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

DEFAULT_QPM = 120.0


@dataclass(frozen=True, eq=False)
class NoteTable:
    """Notes sorted by (start, pitch). N notes, K tempos, M time signatures."""

    start: np.ndarray
    """[N] float64, onset in quarter notes"""
    end: np.ndarray
    """[N] float64, release in quarter notes, >= start"""
    pitch: np.ndarray
    """[N] int16, MIDI pitch 0..127"""
    velocity: np.ndarray
    """[N] int16, 1..127"""
    program: np.ndarray
    """[N] int16, General MIDI program 0..127"""
    instrument: np.ndarray
    """[N] int32, index of the track in file order"""
    is_drum: np.ndarray
    """[N] bool"""
    tempos: np.ndarray
    """[K, 2] float64 rows (quarter, quarters per minute), ascending, the first at 0"""
    time_signatures: np.ndarray
    """[M, 3] float64 rows (quarter, numerator, denominator), ascending, the first at 0"""
    pedal: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    """[P, 3] float64 rows (quarter, instrument, 1 down or 0 up) of the sustain pedal, ascending; at one place
    down comes before up. `sustain.with_pedal` applies them"""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def length(self) -> float:
        """Quarter notes from the beginning of the piece to the last release."""
        return float(self.end.max()) if len(self) else 0.0

    def qpm_at(self, quarter: float) -> float:
        """The tempo in force at a position, in quarter notes per minute."""
        row = np.searchsorted(self.tempos[:, 0], quarter, side="right") - 1
        return float(self.tempos[max(int(row), 0), 1])

    def select(self, mask: np.ndarray) -> NoteTable:
        """The notes where `mask` [N] is true, with the same tempos and time signatures."""
        columns = ("start", "end", "pitch", "velocity", "program", "instrument", "is_drum")
        return replace(self, **{name: getattr(self, name)[mask] for name in columns})
