"""The one error type for MIDI that cannot be read or written."""


class MidiError(ValueError):
    """A MIDI file or byte string that cannot be used; the message says what is wrong with it."""
