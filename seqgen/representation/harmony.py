"""The chords of a piece, window by window: those that stand in it, else those that are heard in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.chords import NO_CHORD, Chord, chord_class, infer_chords, nearest_triads
from seqgen.representation.progression import excerpt, names_chord
from seqgen.representation.timeline import (
    QUARTERS_PER_BAR,
    STEPS_PER_QUARTER,
    Stretch,
    stretch_of,
    stretches,
)


class Harmony:
    """The chords of one piece.

    Args:
        music: its notes.
        marked: the chords that stand in it (`progression.marked_chords`); if there are none, they are
            inferred from all its notes, for each of its metres once.
        shift_quarters: padding in front of it, as of a converter's `extract`.
    """

    def __init__(self, music: NoteTable, marked: Sequence[Chord], shift_quarters: float = 0.0) -> None:
        self._music, self._stretches = music, stretches(music, shift_quarters)
        self._marked = [_known(chord) for chord in marked]
        self.strange = sorted({chord.symbol for chord in marked if not _is_known(chord.symbol)})
        """symbols that name no triad: no chord is told for them"""
        self._heard: dict[Stretch, list[Chord] | None] = {}

    def window(self, start_bar: int, bars: int) -> tuple[tuple[Chord, ...], str]:
        """The chords in some bars (see `progression`), and where they come from, in words."""
        stretch = stretch_of(self._stretches, start_bar)
        start, quarters = stretch.quarter_of(start_bar - stretch.first_bar), float(bars * QUARTERS_PER_BAR)
        if self._marked:
            return excerpt(self._marked, start, quarters), "the chords of its annotations"
        if stretch not in self._heard:
            self._heard[stretch] = self._infer(stretch)
        heard = self._heard[stretch]
        if heard is not None:
            return excerpt(heard, start - stretch.start, quarters), "inferred chords"
        triads = nearest_triads(self._part(stretch, start), bars)
        return excerpt(triads, 0.0, quarters), "the triads nearest to its notes"

    def classes(self, start_bar: int, bars: int) -> np.ndarray:
        """The class of the chord on each sixteenth of some bars: int8 [16 * bars]."""
        result = np.zeros(bars * QUARTERS_PER_BAR * STEPS_PER_QUARTER, np.int8)
        for quarter, symbol in self.window(start_bar, bars)[0]:
            result[round(quarter * STEPS_PER_QUARTER) :] = chord_class(symbol)
        return result

    def _infer(self, stretch: Stretch) -> list[Chord] | None:
        try:
            return infer_chords(self._part(stretch, stretch.start))
        except ValueError:
            return None

    def _part(self, stretch: Stretch, zero: float) -> NoteTable:
        """The notes of a stretch, counted from a place."""
        music = self._music
        own = music.select((music.start >= stretch.start) & (music.start < stretch.end))
        return replace(own, start=own.start - zero, end=own.end - zero)


def _is_known(symbol: str) -> bool:
    try:
        return chord_class(symbol) > 0 or names_chord(symbol)
    except ValueError:
        return False


def _known(chord: Chord) -> Chord:
    return chord if _is_known(chord.symbol) else chord._replace(symbol=NO_CHORD)
