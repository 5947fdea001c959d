"""The chords of a window: given as symbols, or those of a piece from a bar of it on.

A window's chords are a row in time order whose first stands at its beginning; there may be none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seqgen.representation.chords import CLASSES, NO_CHORD, SYMBOL, Chord, chord_class, chords_of
from seqgen.representation.timeline import STEPS_PER_QUARTER

if TYPE_CHECKING:
    from note_seq import NoteSequence

NONE = (NO_CHORD, "NC")
KIND = re.compile(r"(maj|Maj|M|Δ|min|m|-|dim|aug|o|°|ø|h|\+|add|b|#|\(|\)|\d)*")
"""of a symbol that names a triad, whatever is added to it"""
KNOWN = "C, F#m, Ebaug, Bdim and those on other roots, with a seventh or a bass note (G7, C/E), and N.C."


def names_chord(symbol: str) -> bool:
    """Whether a text is a chord symbol with a class of its own, or says that there is no chord.

    >>> [names_chord(text) for text in ("Am7", "Bb/D", "N.C.", "Csus4", "Chorus", "")]
    [True, True, True, False, False, False]
    """
    text = symbol.strip()
    match = SYMBOL.fullmatch(text)
    if match is None or not KIND.fullmatch(match[3]):
        return text in NONE
    return chord_class(text) > 0


def spread(symbols: Sequence[str], beats: int) -> tuple[Chord, ...]:
    """Symbols over a window: chord k of n begins on beat k * beats // n, counted from 0.

    >>> [chord.quarter for chord in spread(["C", "F", "G"], 8)]
    [0.0, 2.0, 5.0]

    Raises:
        ValueError: for a symbol that names no triad, no symbols, or more of them than beats.
    """
    if isinstance(symbols, str):
        raise ValueError(f"chords: expected a list of symbols such as ['C', 'Am'], got the text {symbols!r}")
    if not 1 <= len(symbols) <= beats:
        raise ValueError(f"chords: expected 1 to {beats}, at most one a beat, got {len(symbols)}")
    for symbol in symbols:
        if not isinstance(symbol, str) or not names_chord(symbol):
            raise ValueError(f"chords: known are {KNOWN}; got {symbol!r}")
    places = (float(number * beats // len(symbols)) for number in range(len(symbols)))
    chords = [Chord(place, symbol.strip()) for place, symbol in zip(places, symbols, strict=True)]
    return excerpt(chords, 0.0, float(beats))


def excerpt(chords: Iterable[Chord], start: float, quarters: float) -> tuple[Chord, ...]:
    """The chords in force in the `quarters` quarter notes from `start` on, counted from there, each from the
    nearest sixteenth on."""
    row = [Chord(0.0, NO_CHORD)]
    for quarter, symbol in chords:
        place = max(round((quarter - start) * STEPS_PER_QUARTER), 0) / STEPS_PER_QUARTER
        if place >= quarters:
            break
        if place <= row[-1].quarter:
            row.pop()  # of two at one place the later counts
        if not row or row[-1].symbol != symbol:
            row.append(Chord(place, symbol))
    return tuple(row)


def each_beat(chords: Sequence[Chord], beats: int) -> list[str]:
    """The symbol in force on each beat."""
    symbols = [NO_CHORD] * beats
    for quarter, symbol in chords:
        symbols[round(quarter) :] = [symbol] * (beats - round(quarter))
    return symbols


def grid_controls(chords: Sequence[Chord], steps: int) -> np.ndarray:
    """The chord at each sixteenth, as one of 49: float32 [T, 49]."""
    number = np.zeros(steps, np.int64)
    for quarter, symbol in chords:
        number[round(quarter * STEPS_PER_QUARTER) :] = chord_class(symbol)
    return np.eye(CLASSES, dtype=np.float32)[number]


def marked_chords(music: NoteSequence) -> list[Chord]:
    """The chords that stand in a piece, in time order: its chord annotations, or else its texts (the markers
    of a MIDI file) that are chord symbols. An empty list where there are none.

    Texts of one letter alone may be rehearsal marks: they count where another text is plainly a chord.
    """
    from seqgen.io.midi_write import quarters_of

    if annotated := chords_of(music):
        return annotated
    found = sorted((a.time, a.text.strip()) for a in music.text_annotations if names_chord(a.text))
    if all(len(text) == 1 for _, text in found):
        return []
    places = quarters_of(music, np.array([time for time, _ in found]))
    return [Chord(quarter, text) for quarter, (_, text) in zip(places.tolist(), found, strict=True)]
