"""What every command that makes music writes: MIDI files, all of it joined, a WAV and pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from note_seq import NoteSequence

MAX_PANELS = 64


@dataclass(frozen=True)
class Results:
    """Pieces with a name for each, and how they are shown."""

    pieces: Sequence[NoteSequence]
    stems: Sequence[str]
    """file names without extension, one a piece"""
    titles: Sequence[str]
    """one a piece, for markers and panels"""
    whole: str
    """file name, without extension, of all pieces together"""
    heading: str
    """over the pictures, and inside WAV and PNG: what was done, with which model and seed"""
    rows: int = 1
    """of a grid: one picture a row"""
    joined: NoteSequence | None = None
    """all pieces together, where that is not one after the other as they are"""


def path_of(pieces: Sequence[NoteSequence], num_steps: int, heading: str) -> Results:
    """From A to B, a file a step."""
    middle = [f"{step}/{num_steps - 1}" for step in range(1, num_steps - 1)]
    return Results(pieces, numbered("step", num_steps), ["A", *middle, "B"], "path", heading)


def grid_of(pieces: Sequence[NoteSequence], num_steps: int, heading: str) -> Results:
    """Between A, B, C and D, a file a cell, row by row."""
    columns = numbered("", num_steps)
    stems = [f"{row}{column}" for row in numbered("cell", num_steps) for column in columns]
    corners = {0: "A", num_steps - 1: "B", len(pieces) - num_steps: "C", len(pieces) - 1: "D"}
    titles = [corners.get(k, f"{k // num_steps},{k % num_steps}") for k in range(len(pieces))]
    return Results(pieces, stems, titles, "grid", heading, rows=num_steps)


def write_results(stage: Path, results: Results, wav: bool, png: bool) -> None:
    """Write all files into a folder."""
    from seqgen.io.midi import write_midi
    from seqgen.tasks.join import join

    for piece, stem in zip(results.pieces, results.stems, strict=True):
        write_midi(piece, stage / f"{stem}.mid")
    joined = results.joined or join(results.pieces, results.titles)
    write_midi(joined, stage / f"{results.whole}.mid")
    if wav:
        write_sound(stage / f"{results.whole}.wav", joined, results.heading)
    if png:
        _write_pictures(stage, results)


def write_sound(path: Path, piece: NoteSequence, heading: str) -> None:
    """A piece as a WAV that says where it comes from."""
    from seqgen.cli.stamp import stamp_wav
    from seqgen.io.audio import write_wav

    write_wav(piece, path)
    stamp_wav(path, heading)


def write_groove(path: Path, pieces: Sequence[NoteSequence], titles: Sequence[str], heading: str) -> None:
    """A picture of how drums are played, one panel a piece."""
    from seqgen.cli.stamp import stamp_png
    from seqgen.io.groove_plot import MOST_PANELS, write_groove_plot

    try:
        write_groove_plot(pieces[:MOST_PANELS], path, titles[:MOST_PANELS], heading)
    except ImportError as error:
        tell([f"no picture: {error}"])
        return
    stamp_png(path, heading)


def _write_pictures(stage: Path, results: Results) -> None:
    from seqgen.cli.stamp import stamp_png
    from seqgen.io.piano_roll import write_piano_roll

    columns = len(results.pieces) // results.rows
    if columns > MAX_PANELS:
        tell([f"no picture: {columns} pieces are more than the {MAX_PANELS} that fit into one"])
        return
    for row in range(results.rows):
        part = slice(row * columns, (row + 1) * columns)
        stem = results.whole if results.rows == 1 else f"{results.whole}_row_{row}"
        try:
            pieces, titles = results.pieces[part], results.titles[part]
            write_piano_roll(pieces, stage / f"{stem}.png", titles, results.heading)
        except ImportError as error:
            tell([f"no picture: {error}"])
            return
        stamp_png(stage / f"{stem}.png", results.heading)


def tell(notices: Iterable[str]) -> None:
    """Sentences for the user, on stderr."""
    for notice in notices:
        print(f"seqgen: {notice}", file=sys.stderr)


def list_files(out: Path, names: Sequence[str]) -> None:
    """The files written, on stdout; what else lies in their folder from before is mentioned."""
    for name in names:
        print(out / name)
    others = sorted({path.name for path in out.iterdir() if not path.name.startswith(".")} - set(names))
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        tell([f"{out} also holds files from before, left as they were: {', '.join(others[:3])}{more}"])


def made_by(command: str, model: str, seed: int, temperature: float, precision: str) -> str:
    """The line that says where a result comes from."""
    from seqgen import __version__
    from seqgen.tasks.settings import provenance

    return f"seqgen {__version__} {command}, model {model}, {provenance(temperature, seed, precision)}"


def numbered(stem: str, count: int) -> list[str]:
    """Names in an order that sorting keeps: step_0, or step_00 where there are more than ten."""
    digits = len(str(count - 1))
    return [f"{stem}_{number:0{digits}d}" for number in range(count)]
