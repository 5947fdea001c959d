"""Between the clips of the protocol and the music of the tasks, and what each request asks of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqgen.io.note_sequence import note_sequence_class
from seqgen.io.notes import NoteTable
from seqgen.models.checkpoint import is_groove, kind_of
from seqgen.serve import protocol
from seqgen.serve.protocol import (
    Attribute,
    Clip,
    Continue,
    Drumify,
    Humanize,
    Interpolate,
    Note,
    Operation,
    Sample,
    Work,
)
from seqgen.tasks.attributes import clamped, steer
from seqgen.tasks.clip import Clip as Chosen
from seqgen.tasks.groove import GrooveModel
from seqgen.tasks.language import ContinuationModel
from seqgen.tasks.moving import within
from seqgen.tasks.music import MusicModel
from seqgen.tasks.rewrite import Feel

if TYPE_CHECKING:
    from note_seq import NoteSequence

SECONDS = 60.0
"""a tempo at which a second is a quarter note, so that times are exact: the clip's own belongs to the host"""
TICKS = 9600
"""a quarter note: of a clip in a NoteSequence, which is not rounded to them"""
BAR = 4.0
"""quarter notes in a bar of a piece"""
Playable = MusicModel | ContinuationModel | GrooveModel


class Task(NamedTuple):
    """A request as a model understands it."""

    pieces: Iterator[NoteSequence]
    titles: list[str]
    notices: list[str]
    seeds: range | None = None
    """of the pieces, where each has another one than the request"""


def table(clip: Clip) -> NoteTable:
    """The notes of a clip, in quarter notes, drums and pitched ones on a track each."""
    notes = sorted(clip.notes, key=lambda note: (note.start, note.pitch))
    start = np.array([note.start for note in notes], np.float64)
    drum = np.array([note.drum for note in notes], bool)
    return NoteTable(
        start,
        start + np.array([note.duration for note in notes], np.float64),
        np.array([note.pitch for note in notes], np.int16),
        np.array([note.velocity for note in notes], np.int16),
        np.full(len(notes), clip.program, np.int16),
        drum.astype(np.int32),
        drum,
        np.array([[0.0, SECONDS]]),
        np.array([[0.0, clip.numerator, clip.denominator]]),
    )


def notes_of(piece: NoteSequence, start: float = 0.0) -> list[Note]:
    """The notes from `start` (quarter notes) on, which becomes 0."""
    return [
        Note(n.start_time - start, n.end_time - n.start_time, n.pitch, n.velocity, n.is_drum)
        for n in piece.notes
        if n.start_time >= start
    ]


def operations(sections: dict[str, Any]) -> tuple[Operation, ...]:
    """What a model with such a config can be asked for."""
    if is_groove(sections):
        return ("drumify",) if sections["model"].get("reads") in ("tap", "steady tap") else ("humanize",)
    known: dict[str, tuple[Operation, ...]] = {
        "music_vae": ("interpolate", "sample"),
        "language_model": ("continue",),
    }
    return known.get(kind_of(sections), ())


def task(model: Playable, work: Work) -> Task:
    """What `work` asks of `model`.

    Raises:
        ValueError: for a clip that the model cannot read.
    """
    if isinstance(work, Interpolate) and isinstance(model, MusicModel):
        return _interpolate(model, work)
    if isinstance(work, Attribute) and isinstance(model, MusicModel):
        return _attribute(model, work)
    if isinstance(work, Sample) and isinstance(model, MusicModel):
        return _sample(model, work)
    if isinstance(work, Continue) and isinstance(model, ContinuationModel):
        return _continue(model, work)
    if isinstance(work, Humanize) and isinstance(model, GrooveModel):
        return _humanize(model, work)
    if isinstance(work, Drumify) and isinstance(model, GrooveModel):
        taps = model.taps(sequence(work.clip), work.bars, start_bar=None, track=None, qpm=work.clip.tempo)
        beats = model.beats(taps, work.num, work.temperature, work.seed)
        return Task(iter(beats), [str(k + 1) for k in range(work.num)], taps.notices)
    raise TypeError(
        f"{type(work).__name__} of {type(model).__name__}: the catalogue offered what is not there"
    )


def _sample(model: MusicModel, work: Sample) -> Task:
    from seqgen.tasks.lengths import sample_bars

    amounts, notices = within(model, work.amounts)
    drawn: dict[str, Any] = {"temperature": work.temperature, "seed": work.seed, "qpm": SECONDS}
    if work.bars is None:
        pieces = model.sample(work.num, amounts=amounts, **drawn)
    else:
        pieces = sample_bars(model, work.bars, work.num, **drawn)
    return Task(iter(pieces), [str(k + 1) for k in range(work.num)], notices)


def _interpolate(model: MusicModel, work: Interpolate) -> Task:
    a, b = (model.clip(table(clip), name=name) for clip, name in ((work.a, "A"), (work.b, "B")))
    last = work.num_steps - 1
    positions = [k / last for k in range(work.num_steps)] if work.position is None else [work.position]
    amounts, notices = within(model, work.amounts)
    pieces = model.blend(a, b, positions, temperature=work.temperature, seed=work.seed, amounts=amounts)
    return Task(pieces, [f"{position:.3g}" for position in positions], [*_notices([a, b]), *notices])


def _attribute(model: MusicModel, work: Attribute) -> Task:
    clip = model.clip(table(work.clip), name="the clip")
    amounts, notices = clamped(model.sliders, work.amounts, model.name)
    done = steer(model, clip, amounts, temperature=work.temperature, seed=work.seed)
    title = ", ".join(f"{name} {amount:+.3g}" for name, amount in amounts.items())
    return Task(iter([done.piece]), [title], [*clip.notices, *notices])


def _continue(model: ContinuationModel, work: Continue) -> Task:
    from seqgen.core import Sampling

    passage = model.passage(table(work.clip), name="the clip")
    how, seeds = Sampling(work.temperature), range(work.seed, work.seed + work.num)
    pieces = (model.parts(passage, work.bars, how, seed).continuation for seed in seeds)
    titles = ["continuation"] if work.num == 1 else [f"continuation {k + 1}" for k in range(work.num)]
    return Task(pieces, titles, _notices([passage]), seeds)


def _humanize(model: GrooveModel, work: Humanize) -> Task:
    feel = Feel(work.amount, work.velocity, work.timing)
    done = model.humanized(
        sequence(work.clip), feel, temperature=work.temperature, seed=work.seed, qpm=work.clip.tempo
    )
    return Task(iter([done.piece]), ["humanized"], done.notices)


def sequence(clip: Clip) -> NoteSequence:
    """A clip as a NoteSequence, a quarter note a second, drums and pitched notes on a track each."""
    result = note_sequence_class()(ticks_per_quarter=TICKS)
    result.tempos.add(qpm=SECONDS)
    result.time_signatures.add(numerator=clip.numerator, denominator=clip.denominator)
    for note in clip.notes:
        result.notes.add(
            start_time=note.start,
            end_time=note.start + note.duration,
            pitch=note.pitch,
            velocity=note.velocity,
            program=0 if note.drum else clip.program,
            instrument=int(note.drum),
            is_drum=note.drum,
        )
    return result


def _notices(clips: list[Chosen]) -> list[str]:
    return [notice for clip in clips for notice in clip.notices]


def bars_of(notes: list[Note], bars: int) -> list[list[Note]]:
    """Notes by the bar in which they begin."""
    result: list[list[Note]] = [[] for _ in range(bars)]
    for note in notes:
        result[min(int(note.start // BAR), bars - 1)].append(note)
    return result


def piece_of(sequence: NoteSequence, seed: int, title: str) -> protocol.Piece:
    bars = max(1, round(sequence.total_time / BAR))
    return protocol.Piece(notes_of(sequence), bars, seed, title)
