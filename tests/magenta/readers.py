"""Our converters, set as Magenta's are, and their windows in the form of Magenta's outputs.

A converter that has no row here is not compared, and the table says so.
"""

from collections.abc import Callable

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import MelodyConverter

Reader = Callable[[NoteTable], np.ndarray]
"""notes to windows [N, T, C]: C class indices, or bits"""


def melody(bars: int, programs: range | None = None) -> Reader:
    """Windows of one class index a step. Those without an onset are kept, as Magenta keeps them."""
    converter = MelodyConverter(bars, min_notes=0, programs=programs)
    return lambda notes: converter.encode(notes)[..., None]


def drums(notes: NoteTable) -> np.ndarray:
    return DrumConverter(2, min_notes=0).encode(notes)[..., None]


def drum_roll(notes: NoteTable) -> np.ndarray:
    """Nine bits a step."""
    return drums(notes) >> np.arange(9, dtype=np.int16) & 1


READERS: dict[str, Reader] = {
    "mel2": melody(2, range(32)),
    "mel2_noprogfilter_chords": melody(2),
    "mel16": melody(16),
    "drums2": drums,
    "drums2_roll": drum_roll,
}
