"""Files to objects and back: MIDI, sound, piano-roll pictures.

`import seqgen.io` is quick; what needs more (matplotlib, the synthesizer) loads when its name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqgen.io.errors import MidiError
from seqgen.io.midi import notes_of, read_midi, read_notes, write_midi
from seqgen.io.notes import NoteTable

if TYPE_CHECKING:
    from seqgen.io.audio import write_wav
    from seqgen.io.piano_roll import write_piano_roll

__all__ = [
    "MidiError",
    "NoteTable",
    "notes_of",
    "read_midi",
    "read_notes",
    "write_midi",
    "write_piano_roll",
    "write_wav",
]

_HOMES = {"write_piano_roll": "seqgen.io.piano_roll", "write_wav": "seqgen.io.audio"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqgen.io' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
