"""A worker process: bytes of MIDI files to windows. It imports no torch, nor note_seq but for chords."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from seqgen.data.duplicates import fingerprint
from seqgen.data.sources import MidiFile
from seqgen.data.splits import Assignment
from seqgen.io import MidiError, read_midi, read_notes
from seqgen.io.notes import NoteTable
from seqgen.representation.converter import Converter, RepresentationConfig, make_converter
from seqgen.representation.harmony import Harmony
from seqgen.representation.progression import marked_chords
from seqgen.representation.timeline import STEPS_PER_BAR

SECONDS_PER_FILE = 60.0
"""a file on which the parser hangs costs its worker after this long"""
MOST_METRES = 8
"""of a file that are noted"""


@dataclass(frozen=True)
class Task:
    """A file to be read, and where its windows go."""

    file: MidiFile
    assignment: Assignment
    config: RepresentationConfig


@dataclass(frozen=True, eq=False)
class Windows:
    """What a file gave. N windows of T steps."""

    tokens: np.ndarray
    """[N, T, *columns] of the converter's dtype"""
    start_bar: np.ndarray
    """[N] int32"""
    exact: np.ndarray
    """[N] uint64 fingerprints of the windows"""
    untransposed: np.ndarray
    """[N] uint64 fingerprints of the windows' transposition keys"""
    rejected: Counter[str] = field(default_factory=Counter)
    problem: str = ""
    """why the file could not be read; then there are no windows"""
    chords: np.ndarray | None = None
    """[N, 16 * bars] int8, the class of the chord on each sixteenth, where they are asked for"""
    metres: str = ""
    """the file's time signatures, see `FileRow`"""


def no_windows(converter: Converter, problem: str) -> Windows:
    """The result for a file that could not be read."""
    none = np.zeros(0, np.uint64)
    empty = np.zeros((0, converter.steps, *converter.columns), converter.dtype)
    return Windows(empty, np.zeros(0, np.int32), none, none, problem=problem)


def killed(task: Task) -> Windows:
    """The result for a file that took its worker process with it."""
    return no_windows(
        make_converter(task.config),
        f"the process reading it died: a crash, too little memory, or more than {SECONDS_PER_FILE:.0f} s",
    )


def read_windows(tasks: list[Task]) -> list[Windows]:
    """The windows of some files. A file that cannot be read gives none and says why."""
    return [_read_one(task) for task in tasks]


def _read_one(task: Task) -> Windows:
    converter = make_converter(task.config)
    _set_alarm(SECONDS_PER_FILE)
    try:
        notes, shift = read_notes(task.file.data), task.assignment.shift_quarters
        extraction = converter.extract(notes, shift)
        bars = [window.start_bar for window in extraction.windows]
        found = _collect(converter, extraction.tokens, bars, extraction.counts)
        windows = replace(found, metres=metres_of(notes))
        if not task.config.chords:
            return windows
        return replace(windows, chords=chords_of_windows(task.file.data, notes, bars, converter.bars, shift))
    except MidiError as error:
        return no_windows(converter, str(error).removeprefix("MIDI data: "))
    except Exception as error:  # whatever a file provokes is reported against that file
        return no_windows(converter, f"{type(error).__name__}: {error}")
    finally:
        _set_alarm(0.0)


def metres_of(notes: NoteTable) -> str:
    """The time signatures of a piece in their order, each once, at most `MOST_METRES`: "4/4 2/4"."""
    found = dict.fromkeys(f"{int(above)}/{int(below)}" for _, above, below in notes.time_signatures)
    return " ".join([*found][:MOST_METRES])


def chords_of_windows(
    data: bytes, notes: NoteTable, start_bars: list[int], bars: int, shift_quarters: float = 0.0
) -> np.ndarray:
    """The chords of the windows of a MIDI file, as `Windows.chords` [N, 16 * bars]."""
    if not start_bars:
        return np.zeros((0, STEPS_PER_BAR * bars), np.int8)
    harmony = Harmony(notes, marked_chords(read_midi(data)), shift_quarters)
    return np.stack([harmony.classes(bar, bars) for bar in start_bars])


def _collect(converter: Converter, tokens: np.ndarray, start_bar: list[int], counts: Counter[str]) -> Windows:
    loose = fingerprint(converter.transposition_key(tokens))
    return Windows(tokens, np.array(start_bar, np.int32), fingerprint(tokens), loose, counts)


def _set_alarm(seconds: float) -> None:
    """After so many seconds the system ends this process; 0 calls it off. Windows has no such alarm."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
