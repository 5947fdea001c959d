"""Trios as tokens: a melody, a bass and drums on one sixteenth grid, each step of the three as one number.

The parts are those of `melody` (90 tokens, for the bass too) and `drums` (512), in mixed radix with the
melody fastest (see `core.product`): melody + 90 bass + 8100 drums. What makes a trio is as in MusicVAE's trio
converter (Roberts et al. 2018, arXiv:1803.05428): tracks of General MIDI programs 0 to 31 are melodies, 32 to
39 basses, and of every melody, bass and drum track that sound together there is a trio. It differs from that
as `melody` does: tempo changes do not end a trio, windows are not limited to five, equal ones are dropped
over the whole piece, and so are windows in which a part has nothing to play unless `min_notes=0`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.drums import ALL_TRACKS, DrumConverter
from seqgen.representation.extraction import Collector, Extraction, check_sizes
from seqgen.representation.line import Line, read_line, within
from seqgen.representation.melody import (
    FIRST_ONSET,
    MelodyConverter,
    canonical,
    forget_sounding_note,
    write_notes,
)
from seqgen.representation.sequence import as_table, check_tokens
from seqgen.representation.spans import Span, common
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes, Stretch, on_grid, stretches

if TYPE_CHECKING:
    from note_seq import NoteSequence

MELODY_PROGRAMS = range(32)
BASS_PROGRAMS = range(32, 40)
BASS_PROGRAM, BASS_INSTRUMENT = 33, 1
"""what a decoded bass is written as: the finger bass, the second track"""
PARTS = (MelodyConverter.vocabulary_size, MelodyConverter.vocabulary_size, DrumConverter().vocabulary_size)
FIRST_ONSETS = (FIRST_ONSET, FIRST_ONSET, 1)
MOST_BARS = 1 << 16
"""bars of all trios of a piece together: many tracks make very many combinations"""


@dataclass(frozen=True)
class TrioConverter:
    """Trios of a piece as windows of tokens, and back.

    A track belongs to one class or to none: one that mixes classes, or is of another program, is not read.
    A part may rest for `gap_bars` bars before and after what it plays; where all three parts are covered so,
    and as long as they are, there is a trio. Within gap_bars of the beginning and the end of a stretch all
    are covered where one is.
    """

    bars: int = 16
    """bars in a window"""
    gap_bars: float = 2.0
    """bars that a part may rest before and after what it plays, at least 1"""
    min_notes: int = 1
    """windows in which a part has fewer notes or hits are dropped"""
    programs: range = MELODY_PROGRAMS
    """General MIDI programs of melodies; those of basses among them are basses"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "trio"
    vocabulary_size: ClassVar[int] = PARTS[0] * PARTS[1] * PARTS[2]
    columns: ClassVar[tuple[int, ...]] = ()
    limits: ClassVar[tuple[int, int]] = (0, math.prod(PARTS) - 1)
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.int32)

    def __post_init__(self) -> None:
        check_sizes(self.bars, self.gap_bars, self.min_notes)

    @property
    def steps(self) -> int:
        """T, the tokens in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All trios and windows of a piece; no NoteTable makes it fail.

        Args:
            notes: the piece.
            shift_quarters: padding in front of it, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        out = Collector(notes, self.bars, self.gap_bars, dtype=self.dtype)
        tracks = self._tracks(notes, out)
        if all(tracks):
            left = MOST_BARS
            for stretch, grid in on_grid(notes, stretches(notes, shift_quarters)):
                if len(grid.index) and out.takes(stretch, self.two_four):
                    left = self._read_stretch(notes, stretch, grid, tracks, out, left)
        return out.finish(("trio", "trios"))

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The windows of a piece as [N, T] int32, as `extract` finds them.

        `encode(decode(x))` is `[x]` for every window `x` whose parts are canonical and do not rest long, with
        something that sounds in the last bar. For any other row see `encode_clip`.
        """
        return self.extract(as_table(music)).tokens

    def encode_clip(self, music: NoteTable | NoteSequence, start_bar: int = 0) -> np.ndarray:
        """The bars from `start_bar` on exactly as they are, rests included: [T] int32.

        Unlike `extract` it judges nothing: of each class the track with most notes is read (of drums all),
        and a part that is not there is silent. `encode_clip(decode(x))` equals `canonical_parts(x)`.
        """
        table = as_table(music)
        bass = np.isin(table.program, np.asarray(BASS_PROGRAMS))
        pitched = [
            MelodyConverter(self.bars, programs=programs).encode_clip(table.select(mask), start_bar)
            for programs, mask in ((self.programs, ~bass), (BASS_PROGRAMS, bass))
        ]
        return join_parts([*pitched, DrumConverter(self.bars).encode_clip(table, start_bar)])

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 80,
        program: int = 0,
        instrument: int = 0,
    ) -> NoteSequence:
        """Tokens [T] (any number of steps) as a NoteSequence of three tracks in 4/4 of that length.

        Args:
            qpm, velocity: as for melodies and drums.
            program: of the melody, not a bass (32 to 39); the bass is a finger bass.
            instrument: track number of the melody; the bass is 1 above it, the drums are 9.

        Raises:
            ValueError: if the tokens are not [T] in the vocabulary, or tempo, velocity or program make no
                sense.
        """
        if program in BASS_PROGRAMS:
            raise ValueError(f"program: expected a melody's program, got {program}, which is a bass")
        melody, bass, drums = split_parts(check_tokens(tokens, self.vocabulary_size))
        voice = MelodyConverter(self.bars)
        whole = voice.decode(melody, qpm, velocity, program, instrument)
        below = voice.decode(bass, qpm, velocity, BASS_PROGRAM, instrument + BASS_INSTRUMENT)
        for part in (below, DrumConverter(self.bars).decode(drums, qpm, velocity)):
            whole.notes.extend(part.notes)
        return whole

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows [N, T] to [N, T] int32, equal where melody and bass are transposed together.

        Onsets become 128 + their distance from the melody's first one (the bass's, where there is no melody).
        """
        melody, bass, drums = split_parts(tokens)
        both = np.stack([melody, bass], 1)  # [N, 2, T]
        in_order = both.reshape(len(both), 2 * melody.shape[1])
        onset = in_order >= FIRST_ONSET
        first = np.take_along_axis(in_order, onset.argmax(axis=1)[:, None], axis=1)
        key = np.where(onset, in_order - first + 128, in_order).reshape(both.shape)
        return (key[:, 0] + 256 * key[:, 1] + 65536 * drums).astype(np.int32)

    def _tracks(self, notes: NoteTable, out: Collector) -> tuple[list[int], list[int], list[int]]:
        """The tracks of each class: melodies, basses, drum kits. What is not read is counted."""
        bass = np.isin(notes.program, np.asarray(BASS_PROGRAMS))
        melody = np.isin(notes.program, np.asarray(self.programs))
        kind = np.where(notes.is_drum, 2, np.where(bass, 1, np.where(melody, 0, 3)))
        kinds: tuple[list[int], list[int], list[int]] = ([], [], [])
        for track in np.unique(notes.instrument).tolist():
            mine = notes.instrument == track
            classes = np.unique(kind[mine])
            if len(classes) > 1:
                out.counts["mixed track"] += 1
            elif classes[0] == 3:
                out.counts["program"] += int(mine.sum())
            else:
                kinds[classes[0]].append(track)
        if len(notes):
            names = ("no melody", "no bass", "no drums")
            out.counts.update(name for name, found in zip(names, kinds, strict=True) if not found)
        return kinds

    def _read_stretch(
        self,
        notes: NoteTable,
        stretch: Stretch,
        grid: GridNotes,
        tracks: Sequence[list[int]],
        out: Collector,
        left: int,
    ) -> int:
        """The trios of one stretch, combination after combination; how many bars may still be taken."""
        gap, end = int(min(self.gap_bars, MOST_BARS)), -(-int(grid.end.max()) // STEPS_PER_BAR)
        lines = {track: read_line(notes, grid, track, gap, out) for kind in tracks for track in kind}
        for number, combination in enumerate(itertools.product(*tracks)):
            if left <= 0:
                rest = len(tracks[0]) * len(tracks[1]) * len(tracks[2]) - number
                out.counts["combination"] += rest
                break
            three = [lines[track] for track in combination]
            found = common([line.spans for line in three], end, gap)
            out.counts["apart"] += not found
            for span in found:
                left -= self._add(notes, three, combination, span, stretch, out)
        return left

    def _add(
        self,
        notes: NoteTable,
        three: Sequence[Line],
        tracks: tuple[int, ...],
        span: Span,
        stretch: Stretch,
        out: Collector,
    ) -> int:
        """One trio with its windows; its length in bars, 0 if a part has nothing to play in it."""
        parts = [within(line, span) for line in three]
        if not all(len(part.start) for part in parts):
            out.counts["apart"] += 1
            return 0
        rows = np.zeros((3, (span.end - span.start) * STEPS_PER_BAR), np.int32)
        for row, part in zip(rows[:2], parts, strict=False):
            write_notes(row, part.start, part.end, part.value)
        np.bitwise_or.at(rows[2], parts[2].start, parts[2].value)
        made_of = notes.select(np.concatenate([part.rows for part in parts]))
        windows = out.add_segment(join_parts(list(rows)), made_of, ALL_TRACKS, stretch, span.start, tracks)
        each = split_parts(windows)
        for pitched in each[:2]:
            forget_sounding_note(pitched)
        enough = np.all([count >= self.min_notes for count in count_notes(each)], axis=0)
        out.counts["too few notes"] += int((~enough).sum())
        kept = np.flatnonzero(enough)
        out.add_windows(join_parts(each)[kept], span.start + kept, ALL_TRACKS, stretch)
        return span.end - span.start


def split_parts(tokens: np.ndarray) -> list[np.ndarray]:
    """Tokens [..., T] as melody, bass and drums, each [..., T] of the same type."""
    parts = []
    for size in PARTS:
        parts.append(tokens % size)
        tokens = tokens // size
    return parts


def join_parts(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Melody, bass and drums, each [..., T], as tokens [..., T] int32."""
    melody, bass, drums = (np.asarray(part, np.int32) for part in parts)
    return melody + PARTS[0] * (bass + PARTS[1] * drums)


def canonical_parts(tokens: np.ndarray) -> np.ndarray:
    """The same music [..., T] without note-offs where nothing sounds."""
    melody, bass, drums = split_parts(tokens)
    return join_parts([canonical(melody), canonical(bass), drums])


def count_notes(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """How many steps of each row [N, T] of each part have an onset or a hit: [N] a part."""
    return [(part >= first).sum(axis=1) for part, first in zip(parts, FIRST_ONSETS, strict=True)]
