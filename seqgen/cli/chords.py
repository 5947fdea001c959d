"""Chords on a command line: symbols in one argument."""

from __future__ import annotations


def symbols(text: str | None) -> list[str] | None:
    """The symbols of a text, with white space between them."""
    return None if text is None else text.split()
