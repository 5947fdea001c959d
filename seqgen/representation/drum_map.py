"""Drum sounds: which MIDI pitches mean which of nine and which stands for each, or each pitch by itself.

The classes and their order are those of note_seq's default drum types, on which Magenta's drum vocabulary is
built. They cover the General MIDI 1 and 2 percussion keys by sound and function; 22 and 26 are the hi-hat
edge of the Roland TD-11 kit that the Groove MIDI Dataset was played on (its other extra keys, 40, 43, 44, 50,
52, 53, 55, 57, 58 and 59, have their General MIDI meaning or nearly so).
"""

from __future__ import annotations

from typing import NamedTuple

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


SINGLE_PITCHES = (
    *(36, 35),
    *(38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),
    *(42, 44, 54, 68, 69, 70, 71, 73, 78, 80),
    *(46, 67, 72, 74, 79, 81),
    *(45, 29, 41, 61, 64, 84),
    *(48, 47, 60, 63, 77, 86, 87),
    *(50, 30, 43, 62, 76, 83),
    *(49, 55, 57, 58),
    *(51, 52, 53, 59, 82),
)
"""The percussion keys of General MIDI 1 and 2, 27 to 87, in the order of Magenta's MusicVAE: by class, but
43 stands with the high tom and 52 with the ride. 22 and 26 are not among them."""


class Kit(NamedTuple):
    """The sounds that a drum token tells apart: bit i is sound i."""

    name: str
    """of the representation"""
    sounds: tuple[tuple[int, ...], ...]
    """the pitches that mean each, first the one that is written"""

    @property
    def written(self) -> tuple[int, ...]:
        """The pitch that stands for each sound."""
        return tuple(pitches[0] for pitches in self.sounds)

    def sound_of_pitch(self) -> np.ndarray:
        """Table [128] int16 from MIDI pitch to sound, -1 where the pitch belongs to none."""
        table = np.full(128, -1, np.int16)
        for number, pitches in enumerate(self.sounds):
            table[list(pitches)] = number
        return table


NINE = Kit("drums", tuple((written, *others) for _, written, others in DRUM_CLASSES))
FULL = Kit("drums_full", tuple((pitch,) for pitch in SINGLE_PITCHES))
KITS = (NINE.name, FULL.name)


def class_of_pitch() -> np.ndarray:
    """Table [128] int16 from MIDI pitch to class, -1 where the pitch belongs to none."""
    return NINE.sound_of_pitch()
