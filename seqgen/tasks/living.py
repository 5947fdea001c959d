"""A piece that changes while it plays: each bar is that of the piece which lies where the position is now.

While the position stands, the bars are those of one piece, over and over. When it moves, the next bar is that
of another one, drawn with the same random numbers, so the music goes on and its notes change.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seqgen.representation.drum_map import KITS
from seqgen.tasks.music import MusicModel

QUARTERS_PER_BAR = 4.0
KEPT = 32
"""pieces that are remembered"""


class BarNote(NamedTuple):
    """A note that begins in a bar; times are in quarter notes from the bar line."""

    start: float
    end: float
    pitch: int
    velocity: int


class LivingPiece:
    """The bars of all pieces between A and B."""

    def __init__(
        self,
        model: MusicModel,
        a: Path,
        b: Path,
        track: tuple[int | None, int | None] | None = None,
        start_bar: tuple[int | None, int | None] | None = None,
    ):
        """
        Raises:
            ValueError: for files that the model cannot read, or a model of several tracks.
        """
        if model.converter.name in ("trio", "multitrack"):
            raise ValueError(
                f"model: {model.name} plays several tracks, and one channel is played: use a model of "
                "melodies or drums"
            )
        tracks, bars = track or (None, None), start_bar or (None, None)
        clips = [model.clip(path, t, s) for path, t, s in zip((a, b), tracks, bars, strict=True)]
        self.notices = [notice for clip in clips for notice in clip.notices]
        self.qpm = clips[0].qpm
        """of A"""
        self.bars = model.converter.bars
        self.drums = model.converter.name in KITS
        self._model = model
        # At 60 quarter notes a minute a second is a quarter note, and times are exact.
        self._a, self._b = (replace(clip, qpm=60.0) for clip in clips)
        self._kept: dict[tuple[float, float, int], list[list[BarNote]]] = {}

    def bar(self, number: int, position: float, temperature: float, seed: int) -> list[BarNote]:
        """The notes that begin in bar `number` (from 0) of the piece at `position`, from 0 (A) to 1 (B)."""
        wanted = (position, temperature, seed)
        if wanted not in self._kept:
            if len(self._kept) == KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[wanted] = self._draw(*wanted)
        return self._kept[wanted][number]

    def _draw(self, position: float, temperature: float, seed: int) -> list[list[BarNote]]:
        (piece,) = self._model.blend(self._a, self._b, [position], temperature=temperature, seed=seed)
        result: list[list[BarNote]] = [[] for _ in range(self.bars)]
        for note in piece.notes:
            bar = int(note.start_time // QUARTERS_PER_BAR)
            line = bar * QUARTERS_PER_BAR
            result[bar].append(
                BarNote(note.start_time - line, note.end_time - line, note.pitch, note.velocity)
            )
        return result
