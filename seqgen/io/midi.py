"""MIDI files, read and written: the four functions that the rest of the package uses."""

from seqgen.io.midi_read import read_midi, read_notes
from seqgen.io.midi_write import notes_of, write_midi

__all__ = ["notes_of", "read_midi", "read_notes", "write_midi"]
