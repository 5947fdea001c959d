"""Bars of several tracks as tokens (Simon et al. 2018, "Learning a latent space of multitrack measures").

A window is one bar of eight tracks with 64 tokens each, `track_events` says which; tracks are in order of
program, drums last, and after them come empty ones. As in Magenta's converter the pedal is applied first, a
note that crosses a bar line is cut there, and a bar needs two tracks. Different from it:

* a track of more than 64 events is split into two of the same program (low and high pitches) while there is
  room for them; Magenta drops the bar. Where there is none, the bar is left out and counted.
* of more than eight tracks in a bar those with the most notes are taken, and the others counted.
* two notes of one pitch never sound together on one track: the second onset ends the first note.
* tempo changes matter nowhere: time is counted in beats. `Window.qpm` is the tempo where the bar begins.
* a track of several programs is read as one track a program.
* equal bars of a piece are taken once.

Bars of four quarters are read (4/4, 2/2, and pairs of 2/4 with `two_four`); others are counted as skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from seqgen.io.notes import NoteTable
from seqgen.io.sustain import with_pedal
from seqgen.representation.extraction import Collector, Extraction
from seqgen.representation.sequence import as_table, check_tokens, to_sequence
from seqgen.representation.timeline import Stretch, on_grid, quantise, stretches
from seqgen.representation.track_events import (
    DRUMS,
    END,
    MOST_EVENTS,
    NOTE_OFF,
    PROGRAM,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    TIME,
    VOCABULARY,
    TrackNotes,
    begin_long,
    distinct,
    from_events,
    split_long,
    to_events,
)

if TYPE_CHECKING:
    from note_seq import NoteSequence

ALL_TRACKS = -1
TRACKS = 8
LEAST_TRACKS = 2
STEPS = TRACKS * MOST_EVENTS


class Bar(NamedTuple):
    """A bar that was read."""

    tokens: np.ndarray
    """[512] int16"""
    counts: Counter[str]
    """what was changed or left out, by the keys of `extraction.REJECTIONS`"""
    notes: tuple[int, ...]
    """how many each track has; empty tracks are not counted"""

    @property
    def whole(self) -> bool:
        """Whether no track had to be cut short."""
        return not self.counts["too many events"]


class Placed(NamedTuple):
    """A bar and its place."""

    bar: Bar
    stretch: Stretch
    number: int
    """of the bar in its stretch"""

    @property
    def quarter(self) -> float:
        """Where it begins."""
        return self.stretch.quarter_of(self.number)

    def follows(self, other: Placed) -> bool:
        return self.stretch == other.stretch and self.number == other.number + 1


@dataclass(frozen=True)
class MultitrackConverter:
    """Bars of a piece as rows of tokens, and back."""

    min_notes: int = 1
    """bars with fewer notes are dropped"""
    two_four: bool = False
    """read 2/4 too, two bars as one"""

    name: ClassVar[str] = "multitrack"
    bars: ClassVar[int] = 1
    steps: ClassVar[int] = STEPS
    vocabulary_size: ClassVar[int] = VOCABULARY
    columns: ClassVar[tuple[int, ...]] = ()
    limits: ClassVar[tuple[int, int]] = (0, VOCABULARY - 1)

    def __post_init__(self) -> None:
        if self.min_notes < 0:
            raise ValueError(f"min_notes: expected 0 or more, got {self.min_notes}")

    def extract(self, notes: NoteTable, shift_quarters: float = 0.0) -> Extraction:
        """All bars of a piece that hold two tracks, and what was rejected; no NoteTable makes it fail.

        Runs of such bars are the segments. A bar with a track that had to be cut short is in a segment, but
        not among the windows.

        Args:
            notes: the piece.
            shift_quarters: padding in front of it, in quarter notes, so that a pickup ends on a bar line.

        Raises:
            ValueError: if `shift_quarters` is negative or not finite.
        """
        out = Collector(notes, self.bars, 1.0, steps_per_bar=STEPS)
        run: list[Placed] = []
        for placed in self._bars(notes, shift_quarters, out):
            out.counts.update(placed.bar.counts)
            reason = self._refuse(placed.bar)
            if run and (reason or not placed.follows(run[-1])):
                self._add_run(run, notes, out)
                run = []
            if reason:
                out.counts[reason] += 1
                continue
            run.append(placed)
            if placed.bar.whole:
                row, number = placed.bar.tokens[None], np.array([placed.number])
                out.add_windows(row, number, ALL_TRACKS, placed.stretch)
        if run:
            self._add_run(run, notes, out)
        return out.finish(("run of bars of several tracks", "runs of bars of several tracks"))

    def bar_at(self, notes: NoteTable, start_bar: int) -> Placed | None:
        """The bar of that number in `extract`, and what was changed in it; None where nothing begins."""
        every = self._bars(notes, 0.0, Collector(notes, self.bars, 1.0, steps_per_bar=STEPS))
        return next((p for p in every if p.stretch.first_bar + p.number == start_bar), None)

    def encode(self, music: NoteTable | NoteSequence) -> np.ndarray:
        """The bars of a piece as [N, 512] int16, as `extract` finds them."""
        return self.extract(as_table(music)).tokens

    def encode_clip(self, music: NoteTable | NoteSequence, start_bar: int = 0) -> np.ndarray:
        """The bar number `start_bar` as it is: [512] int16.

        Unlike `extract` it drops nothing that has room: bars of four quarters are counted from the beginning
        whatever the time signature, and a bar may be empty.
        """
        return self.read_bar(as_table(music), start_bar).tokens

    def read_bar(self, music: NoteTable, start_bar: int = 0) -> Bar:
        """The bar of `encode_clip`, and what was changed on the way."""
        notes = with_pedal(music.select(music.velocity > 0))
        line = start_bar * STEPS_PER_BAR
        start = quantise(notes.start, STEPS_PER_QUARTER) - line
        inside = np.flatnonzero((start >= 0) & (start < STEPS_PER_BAR))
        end = quantise(notes.end[inside], STEPS_PER_QUARTER) - line
        return to_bar(notes.select(inside), start[inside], np.maximum(end, start[inside] + 1))

    def decode(
        self,
        tokens: np.ndarray,
        qpm: float = 120.0,
        velocity: int = 80,
        program: int = 0,
        instrument: int = 0,
    ) -> NoteSequence:
        """Tokens [512] as a NoteSequence of one bar of 4/4 with a track a program, numbered as in the row.

        Any tokens give music: what makes no sense is mended, see `from_events`.

        Args:
            qpm: tempo in quarter notes per minute, for instance that of the source (`Window.qpm`).
            velocity, program, instrument: not used; the tokens say them.

        Raises:
            ValueError: if the tokens are not [512] in the vocabulary, or the tempo makes no sense.
        """
        row = check_tokens(tokens, self.vocabulary_size)
        if len(row) != STEPS:
            raise ValueError(f"tokens: expected {STEPS}, {TRACKS} tracks of {MOST_EVENTS}, got {len(row)}")
        sequence = to_sequence([], 16, qpm, velocity, program, instrument, is_drum=False)
        seconds = 60.0 / qpm / STEPS_PER_QUARTER
        for number, events in enumerate(row.reshape(TRACKS, -1).tolist()):
            of_track, notes = from_events(events)
            for start, end, pitch, loudness in zip(*(column.tolist() for column in notes), strict=True):
                sequence.notes.add(
                    pitch=pitch,
                    velocity=loudness,
                    start_time=start * seconds,
                    end_time=end * seconds,
                    program=of_track % DRUMS,
                    instrument=number,
                    is_drum=of_track == DRUMS,
                )
        return sequence

    def transposition_key(self, tokens: np.ndarray) -> np.ndarray:
        """Windows [N, 512] with the pitches of all tracks but drums counted from the lowest of them."""
        moves = moving(tokens)
        pitch = np.where(moves, tokens % NOTE_OFF, NOTE_OFF).astype(np.int16)
        return np.where(moves, tokens - pitch.min(1, keepdims=True), tokens).astype(np.int16)

    def _bars(self, notes: NoteTable, shift_quarters: float, out: Collector) -> Iterator[Placed]:
        """The bars in which notes begin, in time order; stretches in other metres are counted."""
        sounding = with_pedal(notes.select(notes.velocity > 0))
        for stretch, grid in on_grid(sounding, stretches(sounding, shift_quarters), STEPS_PER_QUARTER):
            if not len(grid.index) or not out.takes(stretch, self.two_four):
                continue
            for number, rows in _by_bar(grid.start // STEPS_PER_BAR):
                of_bar, line = sounding.select(grid.index[rows]), number * STEPS_PER_BAR
                bar = to_bar(of_bar, grid.start[rows] - line, grid.end[rows] - line)
                yield Placed(bar, stretch, number)

    def _add_run(self, run: list[Placed], notes: NoteTable, out: Collector) -> None:
        tokens = np.concatenate([placed.bar.tokens for placed in run])
        out.add_run(tokens, notes, ALL_TRACKS, run[0].stretch, run[0].number)

    def _refuse(self, bar: Bar) -> str:
        """Why a bar is no use to a model, a key of `REJECTIONS`; empty if it is."""
        if len(bar.notes) < LEAST_TRACKS:
            return "too few tracks"
        return "too few notes" if sum(bar.notes) < self.min_notes else ""


def to_bar(notes: NoteTable, start: np.ndarray, end: np.ndarray) -> Bar:
    """The notes of one bar, from `start` to `end` [N] in steps from its bar line, as a row of tokens."""
    counts: Counter[str] = Counter({"bar line": int((end > STEPS_PER_BAR).sum())})
    columns = (start, np.minimum(end, STEPS_PER_BAR), notes.pitch, notes.velocity)
    everything = TrackNotes(*(column.astype(np.int64) for column in columns))
    program = np.where(notes.is_drum, DRUMS, notes.program).astype(np.int64)
    keys = sorted(set(zip(program.tolist(), notes.instrument.tolist(), strict=True)))
    tracks = []
    for key in keys:
        own = (program == key[0]) & (notes.instrument == key[1])
        tracks.append((key[0], distinct(everything.select(own))))
        counts["doubled"] += int(own.sum()) - len(tracks[-1][1].start)
    if len(tracks) > TRACKS:
        counts["tracks"] += len(tracks) - TRACKS
        fullest = sorted(range(len(tracks)), key=lambda number: -len(tracks[number][1].start))[:TRACKS]
        tracks = [tracks[number] for number in sorted(fullest)]
    return _fit(tracks, counts)


def _fit(tracks: list[tuple[int, TrackNotes]], counts: Counter[str]) -> Bar:
    """At most eight tracks as tokens, those that are too long split where there is room, or cut short."""
    rows: list[list[int]] = []
    sizes: list[int] = []
    room = TRACKS - len(tracks)
    for program, notes in tracks:
        parts = split_long(notes)
        if len(parts) - 1 > room:
            parts = [begin_long(notes)]
            counts["too many events"] += 1
        counts["split"] += len(parts) > 1
        room -= len(parts) - 1
        rows += [to_events(part, program) for part in parts]
        sizes += [len(part.start) for part in parts]
    tokens = np.full((TRACKS, MOST_EVENTS), END, np.int16)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = row
    return Bar(tokens.reshape(-1), +counts, tuple(sizes))


def moving(tokens: np.ndarray) -> np.ndarray:
    """Which tokens [N, 512] are pitches of a track that is no drums: bool of the same shape."""
    tracks = tokens.reshape(len(tokens), TRACKS, MOST_EVENTS)
    pitched = tracks[:, :, :1] != PROGRAM + DRUMS
    return ((tracks < TIME) & pitched).reshape(tokens.shape)


def transpose(tokens: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Each bar [B, 512] moved by its own number of semitones in -most .. most, drums left alone."""
    moves = moving(tokens)
    pitch = tokens % NOTE_OFF
    up = NOTE_OFF - 1 - np.where(moves, pitch, 0).max(1)
    down = -np.where(moves, pitch, NOTE_OFF - 1).min(1)
    amount = rng.integers(-most, most + 1, len(tokens)).clip(down, up)
    return np.where(moves, tokens + amount[:, None], tokens)


def _by_bar(bar: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each number in `bar` [N], ascending, with the rows that have it."""
    numbers, first = np.unique(bar, return_index=True)
    yield from zip(numbers.tolist(), np.split(np.arange(len(bar)), first[1:]), strict=True)
