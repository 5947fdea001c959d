"""Drum beats as tokens: which sounds are hit on each sixteenth, as one number: nine bits (0..511), or 61.

Bit i is sound i of a kit of `drum_map`, as in MusicVAE's drum converter (Roberts et al. 2018,
arXiv:1803.05428). It differs from that as `melody` does: tempo changes do not end a beat, windows are not
limited in number nor beats in length, equal windows are dropped over the whole piece in a fixed order, and
silent windows unless `min_notes=0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import NINE, Kit
from seqgen.representation.extraction import Collector, Extraction, check_sizes
from seqgen.representation.sequence import Played, as_table, check_tokens, to_sequence
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes, Stretch, on_grid, quantise, stretches

if TYPE_CHECKING:
    from note_seq import NoteSequence

ALL_TRACKS = -1
DRUM_INSTRUMENT = 9


@dataclass(frozen=True)
class DrumConverter:
    """Beats of a piece as windows of tokens, and back.

    The hits of all drum tracks are taken together. `gap_bars` bars or more without a hit end a beat, and the
    next one begins at a bar line. Stretches whose bars are not four quarter notes long are skipped.
    """

    bars: int = 2
    """bars in a window"""
    gap_bars: float = 1.0
    """this many bars without a hit end a beat, at least 1; infinity: (nearly) never"""
    min_notes: int = 1
    """windows with fewer hits (sounds, not steps) are dropped"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""
    kit: Kit = NINE
    """the sounds that are told apart: nine classes, or every pitch by itself"""

    columns: ClassVar[tuple[int, ...]] = ()

    def __post_init__(self) -> None:
        check_sizes(self.bars, self.gap_bars, self.min_notes)

    @property
    def name(self) -> str:
        return self.kit.name

    @property
    def vocabulary_size(self) -> int:
        """One more than the greatest token, in which all sounds are hit."""
        return 1 << len(self.kit.sounds)

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest token."""
        return 0, self.vocabulary_size - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16 for nine sounds, int64 for 61."""
        return np.min_scalar_type(-self.vocabulary_size)

    @property
    def steps(self) -> int:
        """T, the tokens in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All beats and windows of a piece; no NoteTable makes it fail.

        Args:
            notes: the piece.
            shift_quarters: padding in front of it, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        out = Collector(notes, self.bars, self.gap_bars, dtype=self.dtype)
        hits, bits = self._hits(notes, out)
        for stretch, grid in on_grid(hits, stretches(hits, shift_quarters)):
            if len(grid.index) and out.takes(stretch, self.two_four):
                self._read_beats(hits, bits, stretch, grid, out)
        return out.finish(("beat", "beats"))

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The windows of a piece as [N, T] of `dtype`, as `extract` finds them.

        `encode(decode(x))` is `[x]` for every window `x` with a hit in its first and its last bar and no rest
        of `gap_bars` bars between. For any other row see `encode_clip`.
        """
        return self.extract(as_table(music)).tokens

    def encode_clip(self, music: NoteTable | NoteSequence, start_bar: int = 0) -> np.ndarray:
        """The bars from `start_bar` on exactly as they are, empty bars included: [T] of `dtype`.

        Unlike `extract` it judges nothing: bars of four quarters are counted from the beginning whatever the
        time signature. The undoing of `decode`: `encode_clip(decode(x))` equals `x` for every row of tokens.
        """
        table = as_table(music)
        hits, bits = self._hits(table, Collector(table, self.bars, self.gap_bars))
        start = quantise(hits.start) - start_bar * STEPS_PER_BAR
        inside = (start >= 0) & (start < self.steps)
        tokens = np.zeros(self.steps, self.dtype)
        np.bitwise_or.at(tokens, start[inside], bits[inside])
        return tokens

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 90,
        program: int = 0,
        instrument: int = DRUM_INSTRUMENT,
    ) -> NoteSequence:
        """Tokens [T] (any number of steps) as a NoteSequence in 4/4 of that length; a hit lasts a sixteenth.

        Args:
            qpm: tempo in quarter notes per minute, for instance that of the source (`Window.qpm`).
            velocity: of hits on an eighth, for instance the source's (`Segment.velocity`); hits on a beat are
                a little louder, hits between eighths a little softer (see `sequence.ACCENTS`).
            program: number of the kit.
            instrument: track number.

        Raises:
            ValueError: if the tokens are not [T] in the vocabulary, or tempo or velocity make no sense.
        """
        row = check_tokens(tokens, self.vocabulary_size)
        played = [
            Played(step, step + 1, pitch)
            for step, token in enumerate(row.tolist())
            for number, pitch in enumerate(self.kit.written)
            if token >> number & 1
        ]
        return to_sequence(played, len(row), qpm, velocity, program, instrument, is_drum=True)

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows [N, T] as they are: drums have no transpositions."""
        return tokens

    def _read_beats(
        self, hits: NoteTable, bits: np.ndarray, stretch: Stretch, grid: GridNotes, out: Collector
    ) -> None:
        """The beats of one stretch, in time order."""
        start, rows = grid.start, grid.index  # in time order, as the table is
        for part in out.split_at_rests(start, start + 1):
            bar = int(start[part[0]]) // STEPS_PER_BAR
            bars = int(start[part[-1]]) // STEPS_PER_BAR + 1 - bar
            tokens = np.zeros(bars * STEPS_PER_BAR, self.dtype)
            np.bitwise_or.at(tokens, start[part] - bar * STEPS_PER_BAR, bits[rows[part]])
            windows = out.add_segment(tokens, hits.select(rows[part]), ALL_TRACKS, stretch, bar)
            enough = count_hits(windows) >= self.min_notes
            out.counts["too few notes"] += int((~enough).sum())
            kept = np.flatnonzero(enough)
            out.add_windows(windows[kept], bar + kept, ALL_TRACKS, stretch)

    def _hits(self, notes: NoteTable, out: Collector) -> tuple[NoteTable, np.ndarray]:
        """The drum notes that have a sound, and the bit [N] of each."""
        keep, sounds = drum_hits(notes, out, self.kit)
        return notes.select(keep), np.left_shift(1, sounds, dtype=self.dtype)


def drum_hits(notes: NoteTable, out: Collector, kit: Kit = NINE) -> tuple[np.ndarray, np.ndarray]:
    """Which notes are hits that have a sound in the kit, [N] bool, and the sound of each of those, int16."""
    drums = notes.is_drum & (notes.velocity > 0)
    out.counts["pitched"] += int((~notes.is_drum).sum())
    sounds = kit.sound_of_pitch()[np.clip(notes.pitch, 0, 127)]
    out.counts["unmapped"] += int((drums & (sounds < 0)).sum())
    keep = drums & (sounds >= 0)
    return keep, sounds[keep]


def count_hits(tokens: np.ndarray) -> np.ndarray:
    """How many sounds are hit in each row: [N, T] to [N]."""
    return np.bitwise_count(tokens).sum(axis=1, dtype=np.int64)
