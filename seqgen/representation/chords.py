"""Chords as 49 classes, and which chord is in force at each token.

    0           no chord (N.C.)          25 + root   augmented
    1 + root    major                    37 + root   diminished
    13 + root   minor

The triads and their order are those of Magenta's models that are told chords; a seventh or a bass note does
not change the class. A chord without a third of its own (a power chord, sus4) is no triad: no chord.

Magenta decodes chords without its last twelve classes, so diminished ones come back as N.C.; here all return.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.track_events import (
    END,
    MOST_EVENTS,
    PROGRAM,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    TIME,
)

if TYPE_CHECKING:
    from note_seq import NoteSequence

CLASSES = 49
NO_CHORD = "N.C."
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES = ("", "m", "aug", "dim")
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6))
"""semitones above the root, by quality"""
SYMBOL = re.compile(r"([A-G])(#{1,2}|b{1,2}|)([^/]*)(/[A-G](#{1,2}|b{1,2}|))?")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = (
    # what a symbol's kind begins with, and the triad; the first that fits counts
    (r"\(?(sus|5\b|pow|ped)", None),
    (r"(m|min|-)(7|9|11)?\(?(b5|-5)", 3),
    (r"(dim|o|°|ø|0\b|h)", 3),
    (r"(aug|\+|maj7\(?#5|7?\(?(#5|\+5))", 2),
    (r"(maj|M|Maj|Δ)", 0),
    (r"(m|min|-)", 1),
    (r"[^s]*sus|7?\(?(b5|-5)", None),
    (r"", 0),
)


class Chord(NamedTuple):
    """A chord that is in force from a place on."""

    quarter: float
    """quarter notes from the beginning"""
    symbol: str


def chord_class(symbol: str) -> int:
    """The class of a chord symbol: Cmaj7 is C major, F#m7b5 F# diminished, Csus4 no chord.

    >>> [chord_class(symbol) for symbol in ("N.C.", "C", "Am7", "Eb+", "Bdim/D")]
    [0, 1, 22, 28, 48]

    Raises:
        ValueError: if it does not begin with a note from A to G.
    """
    text = symbol.strip()
    if text in ("", NO_CHORD, "NC"):
        return 0
    match = SYMBOL.fullmatch(text)
    if match is None:
        raise ValueError(f"chord: expected a symbol such as Am7 or N.C., got {symbol!r}")
    letter, accidental, kind = match.groups()[:3]
    root = (LETTERS[letter] + accidental.count("#") - accidental.count("b")) % 12
    quality = next(quality for pattern, quality in KINDS if re.match(pattern, kind))
    return 0 if quality is None else 1 + root + 12 * quality


def chord_symbol(number: int) -> str:
    """The symbol of a class.

    >>> [chord_symbol(number) for number in (0, 1, 22, 28, 48)]
    ['N.C.', 'C', 'Am', 'Ebaug', 'Bdim']

    Raises:
        ValueError: unless it is 0 .. 48.
    """
    if not 0 <= number < CLASSES:
        raise ValueError(f"chord: expected a class from 0 to {CLASSES - 1}, got {number}")
    return NO_CHORD if number == 0 else ROOTS[(number - 1) % 12] + QUALITIES[(number - 1) // 12]


def chords_of(music: NoteSequence) -> list[Chord]:
    """The chord annotations of a NoteSequence, in time order; none of them, an empty list."""
    from seqgen.io.midi_write import quarters_of

    kind = type(music).TextAnnotation.CHORD_SYMBOL
    marked = sorted((a.time, a.text) for a in music.text_annotations if a.annotation_type == kind)
    places = quarters_of(music, np.array([time for time, _ in marked]))
    return [Chord(quarter, text) for quarter, (_, text) in zip(places.tolist(), marked, strict=True)]


def infer_chords(notes: NoteTable, chords_per_bar: int = 2) -> list[Chord]:
    """The chords of a piece in bars of four quarters, by note_seq's model, as Magenta's were told them.

    It hears a whole piece and knows that chords and keys seldom change. It refuses pieces of more than 1000
    chords, and those without notes.

    Raises:
        ValueError: with its reason.
    """
    with warnings.catch_warnings():  # it imports pydub, which misses ffmpeg
        warnings.simplefilter("ignore")
        from note_seq import NoteSequence, chord_inference
        from note_seq.sequences_lib import quantize_note_sequence

    music = NoteSequence(total_time=notes.length)
    music.tempos.add(qpm=60.0)  # so that a second is a quarter note
    music.time_signatures.add(numerator=4, denominator=4)
    columns = (notes.start, notes.end, notes.pitch, notes.is_drum)
    for start, end, pitch, drum in zip(*(column.tolist() for column in columns), strict=True):
        music.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=end, is_drum=drum)
    grid = quantize_note_sequence(music, STEPS_PER_QUARTER)
    try:
        chord_inference.infer_chords_for_sequence(grid, chords_per_bar)
    except chord_inference.ChordInferenceError as error:
        raise ValueError(f"no chords can be inferred: {error or type(error).__name__}") from None
    return [Chord(mark.quantized_step / STEPS_PER_QUARTER, mark.text) for mark in grid.text_annotations]


def nearest_triads(notes: NoteTable, bars: int, chords_per_bar: int = 2) -> list[Chord]:
    """A chord for each part of each of `bars` bars of four quarters, by how well its triad covers the notes.

    It takes no other package, and hears each part by itself.

    Every pitch class weighs as long as it sounds, the lowest note half as much again. A triad scores what it
    holds, less what it misses; where nothing sounds there is no chord. Drums are not heard.
    """
    length = 4.0 / chords_per_bar
    pitched = notes.select(~notes.is_drum)
    result = []
    for part in range(bars * chords_per_bar):
        begin, end = part * length, (part + 1) * length
        sounds = np.minimum(pitched.end, end) - np.maximum(pitched.start, begin)
        inside = sounds > 0
        weight = np.bincount(pitched.pitch[inside] % 12, sounds[inside], 12)
        if inside.any():
            lowest = pitched.pitch[inside].min()
            weight[lowest % 12] += 0.5 * sounds[inside][pitched.pitch[inside] == lowest].sum()
        result.append(Chord(begin, chord_symbol(_best_triad(weight))))
    return result


def _best_triad(weight: np.ndarray) -> int:
    """The class whose three notes have most of `weight` [12]; 0 if there is none."""
    total = float(weight.sum())
    if total <= 0:
        return 0
    scores = [
        weight[[(root + step) % 12 for step in TRIADS[quality]]].sum()
        + 0.1 * weight[root]  # an augmented triad has three roots: the heaviest, often the bass
        # A tone of the triad that is not heard speaks against it, an absent root most.
        - total * sum(share for step, share in zip(TRIADS[quality], (0.3, 0.1, 0.1), strict=True)
                      if weight[(root + step) % 12] <= 0)
        # Of equals, those that music has more often.
        - total * (0.0, 0.001, 0.02, 0.01)[quality]
        for quality in range(4)
        for root in range(12)
    ]  # fmt: skip
    return 1 + int(np.argmax(scores))


def chord_controls(tokens: np.ndarray, chords: Sequence[Chord], start_bar: int = 0) -> np.ndarray:
    """The chord at each token of a bar of tracks, as one of 49: tokens [512] to float32 [512, 49].

    A token's chord is the one in force when its event happens, or begins to. A program has no chord, nor
    has an empty track.
    """
    names = [chord_class(chord.symbol) for chord in chords]
    places = [round((chord.quarter - 4 * start_bar) * STEPS_PER_QUARTER) for chord in chords]
    rows = np.asarray(tokens).reshape(-1, MOST_EVENTS).astype(np.int64)
    takes = np.where((rows >= TIME) & (rows < TIME + STEPS_PER_BAR), rows - TIME + 1, 0)
    # The end of a track belongs to the bar that it ends.
    time = np.minimum(takes.cumsum(1) - takes, STEPS_PER_BAR - 1)
    at = np.searchsorted(places, time.reshape(-1), side="right") - 1
    number = np.where(at >= 0, np.array([*names, 0])[at], 0).reshape(rows.shape)
    number[(rows >= PROGRAM) & (rows < END)] = 0
    number[(rows[:, 0] == END)] = 0
    return np.eye(CLASSES, dtype=np.float32)[number.reshape(-1)]


def chords_from(controls: np.ndarray, tokens: np.ndarray) -> list[Chord]:
    """The chords that the tracks of a bar were told: the way back, all 49 classes of it."""
    rows = np.asarray(tokens).reshape(-1, MOST_EVENTS).astype(np.int64)
    number = np.asarray(controls).argmax(-1).reshape(rows.shape)
    takes = np.where((rows >= TIME) & (rows < TIME + STEPS_PER_BAR), rows - TIME + 1, 0)
    time = takes.cumsum(1) - takes
    events = (rows < PROGRAM) & (time < STEPS_PER_BAR)
    told: dict[int, int] = {}
    for step, chord in sorted(zip(time[events].tolist(), number[events].tolist(), strict=True)):
        told.setdefault(step, chord)
    result: list[Chord] = []
    for step, chord in told.items():
        symbol = chord_symbol(chord)
        if not result or result[-1].symbol != symbol:
            result.append(Chord(step / STEPS_PER_QUARTER, symbol))
    return result
