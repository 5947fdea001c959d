"""Our converters, set as Magenta's are, and their windows in the form of Magenta's outputs.

A converter that has no row here is not compared, and the table says so; nor is one whose module is not there.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import FULL
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import MelodyConverter, forget_sounding_note

END = 489
"""of a track of events; Magenta's converter pads with zero vectors, which are stored as -1"""


def as_they_are(windows: np.ndarray) -> np.ndarray:
    return windows


class Reader(NamedTuple):
    """One of Magenta's converters."""

    read: Callable[[NoteTable], np.ndarray]
    """notes to windows [N, T, C]: C class indices, bits, or numbers"""
    form: Callable[[np.ndarray], np.ndarray] = as_they_are
    """Magenta's windows as ours would write them"""
    why: str = ""
    """what `form` does"""
    more: str = ""
    """why ours may be more than Magenta's"""
    mode: str = "eval"
    """infer: grooves are read with other classes in training and evaluation, the TD-11's"""
    tolerance: float = 0.0
    """of numbers"""


def melody(bars: int, programs: range | None = None) -> Reader:
    """Windows of one class index a step. Those without an onset are kept, as Magenta keeps them."""
    converter = MelodyConverter(bars, min_notes=0, programs=programs)
    return Reader(lambda notes: converter.encode(notes)[..., None])


def drums(notes: NoteTable) -> np.ndarray:
    return DrumConverter(2, min_notes=0).encode(notes)[..., None]


def drum_roll(notes: NoteTable) -> np.ndarray:
    """Nine bits a step."""
    return drums(notes) >> np.arange(9, dtype=np.int16) & 1


def full_roll(notes: NoteTable) -> np.ndarray:
    """A bit for each of 61 pitches a step."""
    tokens = DrumConverter(2, min_notes=0, kit=FULL).encode(notes)
    return (tokens[..., None] >> np.arange(61) & 1).astype(np.int16)


def trio(notes: NoteTable) -> np.ndarray:
    from seqgen.representation.trio import TrioConverter, split_parts

    parts = split_parts(TrioConverter(16, min_notes=0).encode(notes))
    return np.stack(parts, -1).astype(np.int16)


def without_dangling(windows: np.ndarray) -> np.ndarray:
    """Trios without note-offs where nothing sounds yet."""
    windows = windows.copy()
    for part in (0, 1):
        forget_sounding_note(windows[..., part])
    return windows


def multitrack(notes: NoteTable) -> np.ndarray:
    from seqgen.representation.multitrack import MultitrackConverter

    return MultitrackConverter(min_notes=0).encode(notes)[..., None]


def filled(windows: np.ndarray) -> np.ndarray:
    """Tracks whose end is repeated to the end of the row."""
    return np.where(windows < 0, END, windows).astype(np.int16)


def groove(bars: int) -> Reader:
    """Bars one after the other, as many as there are whole windows of, rests or not."""

    def read(notes: NoteTable) -> np.ndarray:
        from seqgen.representation.groove import GrooveConverter, to_vectors

        start = notes.start[notes.is_drum]
        count = (int(np.rint(start.max() * 4)) // 16 + 1) // bars if len(start) else 0
        converter = GrooveConverter(bars)
        rows = [converter.encode_clip(notes, bars * number) for number in range(count)]
        return to_vectors(np.array(rows)) if rows else np.zeros((0, 16 * bars, 27), np.float32)

    return Reader(read, mode="infer", tolerance=1 / 32767)


TRACKS = Reader(
    multitrack, filled, more="a track of more than 64 events is split, and one of several programs too"
)
READERS = {
    "mel2": melody(2, range(32)),
    "mel2_noprogfilter_chords": melody(2),
    "mel16": melody(16),
    "drums2": Reader(drums),
    "drums2_roll": Reader(drum_roll),
    "drums2_roll61": Reader(full_roll),
    "groove2_humanize": groove(2),
    "groove2_tap": groove(2),
    "groove2_add_hh": groove(2),
    "groove2_hits_ctl": groove(2),
    "groove4": groove(4),
    "trio16": Reader(trio, without_dangling, why="note-offs where nothing sounds yet are left out"),
    "multiperf": TRACKS,
    "multiperf_chords": TRACKS,
}
