"""Drum sounds by class: which MIDI pitches mean which of nine sounds, and which pitch stands for each.

The classes and their order are those of note_seq's default drum types, on which Magenta's drum vocabulary is
built. They cover the General MIDI 1 and 2 percussion keys by sound and function; 22 and 26 are the hi-hat
edge of the Roland TD-11 kit that the Groove MIDI Dataset was played on (its other extra keys, 40, 43, 44, 50,
52, 53, 55, 57, 58 and 59, have their General MIDI meaning or nearly so).
"""

from __future__ import annotations

import numpy as np

DRUM_CLASSES: tuple[tuple[str, int, tuple[int, ...]], ...] = (
    # name, pitch that is written, other pitches that are read
    ("kick", 36, (35,)),
    ("snare", 38, (27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85)),
    ("closed hi-hat", 42, (22, 44, 54, 68, 69, 70, 71, 73, 78, 80)),
    ("open hi-hat", 46, (26, 67, 72, 74, 79, 81)),
    ("low tom", 45, (29, 41, 43, 61, 64, 84)),
    ("mid tom", 48, (47, 60, 63, 77, 86, 87)),
    ("high tom", 50, (30, 62, 76, 83)),
    ("crash", 49, (52, 55, 57, 58)),
    ("ride", 51, (53, 59, 82)),
)
"""Bit i of a drum token is the class in row i."""

DRUM_PITCHES = tuple(pitch for _, pitch, _ in DRUM_CLASSES)


def class_of_pitch() -> np.ndarray:
    """Table [128] int16 from MIDI pitch to class, -1 where the pitch belongs to none."""
    table = np.full(128, -1, np.int16)
    for number, (_, written, others) in enumerate(DRUM_CLASSES):
        table[[written, *others]] = number
    return table
