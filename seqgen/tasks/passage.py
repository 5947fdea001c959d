"""Passages: a whole melody or beat of a piece, as long as it is, from a bar of it on.

A `Clip` without a fixed length: what is to be continued is read to its end. How one is chosen among several,
and what is said about the choice, is as for clips.
"""

from __future__ import annotations

from seqgen.io.notes import NoteTable
from seqgen.representation.converter import Converter
from seqgen.representation.melody import forget_sounding_note
from seqgen.representation.timeline import STEPS_PER_BAR
from seqgen.tasks.clip import Clip, about_choice, find_segment


def choose_passage(
    music: NoteTable, converter: Converter, name: str, track: int | None = None, start_bar: int | None = None
) -> Clip:
    """The longest candidate of `music`, or the one at `start_bar` from there on; whole bars.

    Args:
        name: of the piece, in messages.
        track: number of the only track to look at; None looks at all.
        start_bar: bar of the piece, counted from 0; None takes the beginning of the longest candidate.

    Raises:
        ValueError: if there is none, with the reason.
    """
    found, chosen = find_segment(music, converter, name, track, start_bar)
    first = max(chosen.start_bar, chosen.start_bar if start_bar is None else start_bar)
    tokens = chosen.tokens[(first - chosen.start_bar) * STEPS_PER_BAR :].copy()
    if converter.name == "melody":
        forget_sounding_note(tokens[None])
    one_track = track is not None
    notices = tuple(f"{name}: {notice}" for notice in about_choice(found, chosen, one_track))
    where = (track if track is not None else chosen.instrument, first)
    return Clip(tokens, name, chosen.qpm, chosen.program, chosen.velocity, *where, notices)
