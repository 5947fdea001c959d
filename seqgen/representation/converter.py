"""What every representation offers, and how one is chosen by a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import FULL, KITS, NINE
from seqgen.representation.drums import DrumConverter
from seqgen.representation.extraction import Extraction
from seqgen.representation.groove import GrooveConverter
from seqgen.representation.melody import MelodyConverter
from seqgen.representation.multitrack import MultitrackConverter
from seqgen.representation.trio import MELODY_PROGRAMS, TrioConverter

if TYPE_CHECKING:
    from note_seq import NoteSequence


@runtime_checkable
class Converter(Protocol):
    """Notes to windows of tokens and back. N windows of T steps, each of the shape `columns`."""

    @property
    def name(self) -> str: ...

    @property
    def bars(self) -> int:
        """Bars in a window."""
        ...

    @property
    def steps(self) -> int:
        """T, the tokens in a window: 16 a bar, or 8 tracks of 64 events."""
        ...

    @property
    def vocabulary_size(self) -> int:
        """Tokens are 0 .. vocabulary_size - 1."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of token arrays: the smallest of int16, int32 and int64 that holds them."""
        ...

    @property
    def columns(self) -> tuple[int, ...]:
        """Shape of a step: empty where it is one token."""
        ...

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest number of a window."""
        ...

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All segments and windows of a piece, and what was rejected; no NoteTable makes it fail."""
        ...

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The windows of `extract` as [N, T, *columns] of `dtype`."""
        ...

    def encode_clip(self, music: NoteTable | NoteSequence, start_bar: int = 0) -> np.ndarray:
        """The bars from `start_bar` on exactly as they are: [T, *columns] of `dtype`."""
        ...

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 80,
        program: int = 0,
        instrument: int = 0,
    ) -> NoteSequence:
        """A window (or any number of steps) as music."""
        ...

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows to windows of `dtype`, equal where one is the other transposed."""
        ...


@dataclass(frozen=True)
class RepresentationConfig:
    """Which representation, and which windows of a piece are taken."""

    name: Literal["melody", "drums", "drums_full", "trio", "groove", "multitrack"] = "melody"
    """what is read: one voice; drums, of nine sounds or each pitch by itself; a melody, a bass and drums
    together; drums as they are played, with velocities and offsets; or all tracks of a bar"""
    bars: int = 2
    """bars in a window; multitrack: 1"""
    gap_bars: float = 1.0
    """a rest of this many bars ends a melody or beat; trio: each part may rest as long before and after"""
    min_notes: int = 1
    """windows with fewer notes are dropped; trio: with fewer in any part"""
    min_unique_pitches: int = 1
    """melody: windows with fewer different pitches are dropped"""
    programs: tuple[int, int] | None = None
    """of melodies: General MIDI programs from the first up to and not including the second; None reads all,
    for trios 0 to 31"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""
    chords: bool = False
    """melody and multitrack: with the chord on each sixteenth, for models that are told chords"""

    def __post_init__(self) -> None:
        known = ("melody", *KITS, "trio", "groove", "multitrack")
        if self.name not in known:
            raise ValueError(f"name: expected one of {', '.join(known)}, got {self.name!r}")
        if self.name == "multitrack" and self.bars != 1:
            raise ValueError(f"bars: a window of multitrack is 1 bar, got {self.bars}")
        if self.chords and self.name not in ("melody", "multitrack"):
            raise ValueError(f"chords: stand with melody and multitrack only, got {self.name}")
        if self.programs is not None and not 0 <= self.programs[0] < self.programs[1] <= 128:
            raise ValueError(
                f"programs: expected two numbers 0 <= first < second <= 128, got {self.programs}; "
                "(0, 32) reads pianos to guitars"
            )
        make_converter(self)  # so that a bad size is found where it is written


def make_converter(config: RepresentationConfig) -> Converter:
    """The converter that a config describes.

    >>> make_converter(RepresentationConfig("melody", bars=16, gap_bars=2.0)).steps
    256
    """
    if config.name in KITS:
        kit = FULL if config.name == FULL.name else NINE
        return DrumConverter(config.bars, config.gap_bars, config.min_notes, config.two_four, kit)
    if config.name == "groove":
        return GrooveConverter(config.bars, config.gap_bars, config.min_notes, config.two_four)
    if config.name == "multitrack":
        return MultitrackConverter(config.min_notes, config.two_four)
    programs = None if config.programs is None else range(*config.programs)
    if config.name == "trio":
        melodies = MELODY_PROGRAMS if programs is None else programs
        return TrioConverter(config.bars, config.gap_bars, config.min_notes, melodies, config.two_four)
    return MelodyConverter(
        config.bars, config.gap_bars, config.min_notes, config.min_unique_pitches, programs, config.two_four
    )
