"""Melodies as tokens: one voice on a sixteenth grid, in Magenta's vocabulary of 90.

0 holds (what sounds goes on sounding, silence stays silence), 1 is note-off, 2 + k is an onset of MIDI pitch
21 + k. The rules of extraction are those of MusicVAE's melody converter (Roberts et al. 2018,
arXiv:1803.05428), so that a model trained with either reads the other's tokens. It differs in four ways: a
tempo change does not end a melody; windows are not limited to five, nor melodies to 100 bars; equal windows
are dropped over the whole piece, in a fixed order; windows without an onset are dropped unless `min_notes=0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.representation.extraction import Collector, Extraction, check_sizes
from seqgen.representation.sequence import Played, as_table, check_tokens, to_sequence
from seqgen.representation.timeline import STEPS_PER_BAR, GridNotes, Stretch, on_grid, quantise, stretches

if TYPE_CHECKING:
    from note_seq import NoteSequence

HOLD = 0
NOTE_OFF = 1
FIRST_ONSET = 2
MIN_PITCH = 21
MAX_PITCH = 108
PITCH_OFFSET = MIN_PITCH - FIRST_ONSET


@dataclass(frozen=True)
class MelodyConverter:
    """Melodies of a piece as windows of tokens, and back.

    Each instrument that is not a drum kit gives melodies of its own. Of notes that begin together the highest
    is kept; a note ends where the next begins; a rest of `gap_bars` bars or more ends a melody, and the next
    one begins at a bar line. Stretches whose bars are not four quarter notes long are skipped.
    """

    bars: int = 2
    """bars in a window"""
    gap_bars: float = 1.0
    """a rest of this many bars ends a melody, at least 1; infinity: (nearly) never"""
    min_notes: int = 1
    """windows with fewer onsets are dropped"""
    min_unique_pitches: int = 1
    """windows with fewer different pitches are dropped; 1 asks nothing"""
    programs: range | None = None
    """General MIDI programs to read, counted from 0; None reads all"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "melody"
    vocabulary_size: ClassVar[int] = MAX_PITCH - PITCH_OFFSET + 1
    columns: ClassVar[tuple[int, ...]] = ()
    limits: ClassVar[tuple[int, int]] = (0, vocabulary_size - 1)

    def __post_init__(self) -> None:
        check_sizes(self.bars, self.gap_bars, self.min_notes)
        if self.min_unique_pitches < 0:
            raise ValueError(f"min_unique_pitches: expected 0 or more, got {self.min_unique_pitches}")

    @property
    def steps(self) -> int:
        """T, the tokens in a window."""
        return self.bars * STEPS_PER_BAR

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All melodies and windows of a piece; no NoteTable makes it fail.

        Args:
            notes: the piece.
            shift_quarters: padding in front of it, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        out = Collector(notes, self.bars, self.gap_bars)
        table = self._playable(notes, out)
        for stretch, grid in on_grid(table, stretches(table, shift_quarters)):
            if len(grid.index) and out.takes(stretch, self.two_four):
                for instrument in np.unique(table.instrument[grid.index]).tolist():
                    self._read_voice(table, stretch, grid, instrument, out)
        return out.finish(("melody", "melodies"))

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The windows of a piece as [N, T] int16, as `extract` finds them.

        `encode(decode(x))` is `[x]` for every window `x` that extraction could cut out of a piece with
        nothing else in it: canonical, its first onset in the first bar, no rest of `gap_bars` bars, and its
        last note heard in the last bar. For any other row see `encode_clip`.
        """
        return self.extract(as_table(music)).tokens

    def encode_clip(
        self, music: NoteTable | NoteSequence, start_bar: int = 0, instrument: int | None = None
    ) -> np.ndarray:
        """The bars from `start_bar` on exactly as they are, rests included: [T] int16.

        Unlike `extract` it judges nothing: bars of four quarters are counted from the beginning whatever the
        time signature, and an empty clip is a row of holds. The undoing of `decode`: for every row of tokens
        `x`, `encode_clip(decode(x))` equals `canonical(x)`.

        Args:
            instrument: track to read; None reads the one with most notes.
        """
        table = as_table(music)
        table = self._playable(table, Collector(table, self.bars, self.gap_bars))
        if instrument is None and len(table):
            names, sizes = np.unique(table.instrument, return_counts=True)
            instrument = int(names[sizes.argmax()])
        table = table.select(table.instrument == instrument)
        start = quantise(table.start) - start_bar * STEPS_PER_BAR
        table = table.select((start >= 0) & (start < self.steps))
        tokens = np.zeros(self.steps, np.int16)
        if len(table):
            start, end = (quantise(times) - start_bar * STEPS_PER_BAR for times in (table.start, table.end))
            rows, start, end, _, _ = top_voice(start, np.maximum(end, start + 1), table.pitch)
            write_notes(tokens, start, end, table.pitch[rows])
        return tokens

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 80,
        program: int = 0,
        instrument: int = 0,
    ) -> NoteSequence:
        """Tokens [T] (any number of steps) as a NoteSequence in 4/4 of that length.

        A note-off where nothing sounds is ignored; a note that is not ended sounds to the end.

        Args:
            qpm: tempo in quarter notes per minute, for instance that of the source (`Window.qpm`).
            velocity: of notes on an eighth, for instance the source's (`Segment.velocity`); notes on a beat
                are a little louder, notes between eighths a little softer (see `sequence.ACCENTS`).
            program: General MIDI program, from 0.
            instrument: track number.

        Raises:
            ValueError: if the tokens are not [T] in the vocabulary, or tempo or velocity make no sense.
        """
        row = canonical(check_tokens(tokens, self.vocabulary_size))
        events = np.flatnonzero(row)
        ends = np.append(events, len(row))[1:]
        played = [
            Played(int(start), int(end), int(row[start]) + PITCH_OFFSET)
            for start, end in zip(events, ends, strict=True)
            if row[start] >= FIRST_ONSET
        ]
        return to_sequence(played, len(row), qpm, velocity, program, instrument, is_drum=False)

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows [N, T] made equal where they are transpositions of each other.

        Holds and note-offs stay; an onset becomes 128 + its distance in semitones from its row's first onset.
        """
        onset = tokens >= FIRST_ONSET
        first = np.take_along_axis(tokens, onset.argmax(axis=1)[:, None], axis=1)
        return np.where(onset, tokens - first + 128, tokens).astype(np.int16)

    def _playable(self, notes: NoteTable, out: Collector) -> NoteTable:
        """The notes that a melody may use."""
        keep = ~notes.is_drum & (notes.velocity > 0)
        out.counts["drums"] += int(notes.is_drum.sum())
        if self.programs is not None:
            wanted = np.isin(notes.program, np.asarray(self.programs))
            out.counts["program"] += int((keep & ~wanted).sum())
            keep &= wanted
        in_range = (notes.pitch >= MIN_PITCH) & (notes.pitch <= MAX_PITCH)
        out.counts["out of range"] += int((keep & ~in_range).sum())
        keep &= in_range
        return notes if keep.all() else notes.select(keep)

    def _read_voice(
        self, table: NoteTable, stretch: Stretch, grid: GridNotes, instrument: int, out: Collector
    ) -> None:
        """The melodies of one instrument in one stretch, in time order."""
        mine = np.flatnonzero(table.instrument[grid.index] == instrument)
        rows, start, end, dropped, cut = top_voice(
            grid.start[mine], grid.end[mine], table.pitch[grid.index[mine]]
        )
        rows = grid.index[mine[rows]]
        out.counts.update({"polyphonic": dropped, "cut": cut})
        for part in out.split_at_rests(start, end):
            bar = int(start[part[0]]) // STEPS_PER_BAR
            bars = -(-int(end[part[-1]]) // STEPS_PER_BAR) - bar
            tokens = np.zeros(bars * STEPS_PER_BAR, np.int16)
            origin = bar * STEPS_PER_BAR
            write_notes(tokens, start[part] - origin, end[part] - origin, table.pitch[rows[part]])
            windows = out.add_segment(tokens, table.select(rows[part]), instrument, stretch, bar)
            forget_sounding_note(windows)
            good = self._interesting(windows, out)
            out.add_windows(windows[good], bar + good, instrument, stretch)

    def _interesting(self, windows: np.ndarray, out: Collector) -> np.ndarray:
        """Indices of the windows [N, T] with enough notes and pitches."""
        enough = (windows >= FIRST_ONSET).sum(axis=1) >= self.min_notes
        out.counts["too few notes"] += int((~enough).sum())
        if self.min_unique_pitches > 1:
            varied = count_pitches(windows) >= self.min_unique_pitches
            out.counts["too few pitches"] += int((enough & ~varied).sum())
            enough &= varied
        return np.flatnonzero(enough)


def top_voice(
    start: np.ndarray, end: np.ndarray, pitch: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """One voice out of notes [N] in steps: the highest of each step, none sounding into the next.

    Returns:
        indices [M] of the notes kept, in time order; their starts and ends [M]; how many were dropped; how
        many cut.
    """
    order = np.lexsort((-pitch.astype(np.int64), start))
    highest = np.diff(start[order], prepend=-1) > 0
    order = order[highest]
    start, end = start[order], end[order]
    cut = int((end[:-1] > start[1:]).sum())
    end[:-1] = np.minimum(end[:-1], start[1:])
    return order, start, end, len(highest) - len(order), cut


def write_notes(tokens: np.ndarray, start: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> None:
    """Write notes that do not overlap into holds [T]; a release after the row's end is left out."""
    tokens[end[end < len(tokens)]] = NOTE_OFF
    tokens[start] = pitch - PITCH_OFFSET  # last, so that an onset replaces a release on its step


def forget_sounding_note(windows: np.ndarray) -> None:
    """In place: no note-off before the first onset of a window [N, T]: it knows no note to end there."""
    windows[np.cumsum(windows >= FIRST_ONSET, axis=1) == 0] = HOLD


def canonical(tokens: np.ndarray) -> np.ndarray:
    """The same music [..., T] without note-offs where nothing sounds: what `extract` returns is always so."""
    steps = np.arange(tokens.shape[-1])
    latest = np.maximum.accumulate(np.where(tokens != HOLD, steps, 0), axis=-1)
    before = np.concatenate([np.zeros_like(latest[..., :1]), latest[..., :-1]], axis=-1)
    sounding = np.take_along_axis(tokens, before, axis=-1) >= FIRST_ONSET
    return np.where((tokens == NOTE_OFF) & ~sounding, HOLD, tokens).astype(np.int16)


def count_pitches(tokens: np.ndarray) -> np.ndarray:
    """How many different pitches begin in each row: [N, T] to [N]."""
    ordered = np.sort(tokens, axis=1)
    return ((np.diff(ordered, axis=1, prepend=0) > 0) & (ordered >= FIRST_ONSET)).sum(axis=1)
