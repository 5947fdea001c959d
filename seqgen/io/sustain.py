"""The sustain pedal: what is held by the foot sounds on, though the finger has left the key.

As in note_seq's `apply_sustain_control_changes`: a note whose key is released while the pedal is down lasts
until the pedal goes up, or until its pitch is struck again. A pedal that never goes up holds to the end of
the piece. Drums have no pedal.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.io.notes import NoteTable

SUSTAIN = 64
"""number of the MIDI control"""


def pressed(value: np.ndarray) -> np.ndarray:
    """Values [N] of the control as 1.0 (down) and 0.0 (up)."""
    return (value >= 64).astype(np.float64)


def sort_pedal(rows: np.ndarray) -> np.ndarray:
    """Rows [P, 3] (quarter, instrument, down) in the order of `NoteTable.pedal`."""
    return rows[np.lexsort((rows[:, 1], -rows[:, 2], rows[:, 0]))]


def with_pedal(notes: NoteTable) -> NoteTable:
    """The notes as they sound, with an empty `pedal`."""
    if not len(notes.pedal):
        return notes
    end = notes.end.copy()
    last = max(notes.length, float(notes.pedal[-1, 0]))
    for instrument in np.unique(notes.pedal[:, 1]):
        own = np.flatnonzero((notes.instrument == instrument) & ~notes.is_drum)
        rows = notes.pedal[notes.pedal[:, 1] == instrument]
        down = rows[:, 2] > 0
        state = np.searchsorted(rows[:, 0], end[own], side="right") - 1
        held = own[(state >= 0) & down[state]]
        ups = np.append(rows[~down, 0], last)
        until = ups[np.minimum(np.searchsorted(ups[:-1], end[held], side="right"), len(ups) - 1)]
        end[held] = np.maximum(np.minimum(until, _struck_again(notes, own, held, last)), end[held])
    return replace(notes, end=end, pedal=np.zeros((0, 3)))


def _struck_again(notes: NoteTable, own: np.ndarray, held: np.ndarray, last: float) -> np.ndarray:
    """Where the pitch of each of the notes `held` [H] next begins among the notes `own`; else `last`."""
    again = np.full(len(held), last)
    for pitch in np.unique(notes.pitch[held]):
        starts = notes.start[own[notes.pitch[own] == pitch]]  # ascending, as the table is
        which = notes.pitch[held] == pitch
        # From the release on: a key that is struck while it is down changes nothing here.
        row = np.searchsorted(starts, notes.end[held[which]], side="left")
        row = np.where(notes.start[held[which]] == notes.end[held[which]], row + 1, row)
        again[which] = np.append(starts, last)[np.minimum(row, len(starts))]
    return again
