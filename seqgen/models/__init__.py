"""Models: frozen configs and the assembly of core parts. They know tokens only, no files and no MIDI."""
