"""The note lists that Magenta's converters were given, as we read music."""

from collections.abc import Mapping

import numpy as np

from seqgen.io.notes import NoteTable


def quarters(seconds: np.ndarray, tempos: np.ndarray) -> np.ndarray:
    """Seconds to quarter notes by tempos [K, 3] of (second, quarter, qpm)."""
    rows = np.maximum(np.searchsorted(tempos[:, 0], seconds, side="right") - 1, 0)
    return tempos[rows, 1] + (seconds - tempos[rows, 0]) * tempos[rows, 2] / 60


def read_notes(arrays: Mapping[str, np.ndarray], prefix: str = "ns_") -> NoteTable:
    """The notes whose columns are called `prefix`pitch and so on; Magenta counts them in seconds."""
    columns = {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}
    seconds, qpm = columns["tempo_time"], columns["tempo_qpm"]
    beats = np.concatenate([[0.0], np.cumsum(np.diff(seconds) * qpm[:-1] / 60)])
    tempos = np.stack([seconds, beats, qpm], axis=1)
    start, end = quarters(columns["start"], tempos), quarters(columns["end"], tempos)
    order = np.lexsort((columns["pitch"], start))
    signatures = [quarters(columns["ts_time"], tempos), columns["ts_num"], columns["ts_den"]]
    return NoteTable(
        start=start[order],
        end=end[order],
        pitch=columns["pitch"][order].astype(np.int16),
        velocity=columns["velocity"][order].astype(np.int16),
        program=columns["program"][order].astype(np.int16),
        instrument=columns["instrument"][order].astype(np.int32),
        is_drum=columns["is_drum"][order].astype(bool),
        tempos=tempos[:, 1:],
        time_signatures=np.stack(signatures, axis=1).astype(np.float64),
    )
