"""`seqgen prepare`: folders, zips and tars of MIDI to shards."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def prepare(
    inputs: list[Path],
    out: Path = Path("shards"),  # a default, so that it is a flag: what is positional is read, not written
    representation: Literal["melody", "drums", "drums_full", "trio", "groove", "multitrack"] = "melody",
    bars: int | None = None,
    gap_bars: float = 1.0,
    min_notes: int = 1,
    min_unique_pitches: int = 1,
    programs: tuple[int, int] | None = None,
    two_four: bool = False,
    chords: bool = False,
    splits: Path | None = None,
    workers: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> None:
    """Turn MIDI files into shards: a folder of token windows to train on.

    A file that cannot be read is reported and skipped.

    Args:
        inputs: folders, .zip and .tar(.gz|.xz|.bz2) archives, and .mid, .midi and .kar files.
        out: the folder to make.
        representation: what to read: one voice; drums, of nine sounds or (drums_full) with each of 61 pitches
            by itself; a melody, a bass and drums together; drums as they are played (velocities and offsets);
            or all tracks of a bar.
        bars: bars in a window; 2 if not given, and always 1 for multitrack.
        gap_bars: a rest of this many bars ends a melody or beat, at least 1; in a trio each part may rest as
            long before and after what it plays.
        min_notes: drop windows with fewer notes, of trios with fewer in any part.
        min_unique_pitches: melody: drop windows with fewer different pitches.
        programs: of melodies: General MIDI programs from the first up to and not including the second; if not
            given all, for trios 0 to 31.
        two_four: read 2/4 too, two bars as one.
        chords: melody and multitrack: store the chord on each sixteenth too, for models with controls: 49:
            those that stand in a file as markers, else those that note_seq infers from all its tracks.
        splits: a table that says which file belongs to which split: columns path (or file, midi_filename,
            id with or without dataset), split, and perhaps shift_quarters. Without one, files are split by a
            hash of their content: 90 parts train, 5 valid, 5 test.
        workers: processes; one for each core, if not given.
        seed: of the split by hash.
        overwrite: replace shards that are in out.
    """
    from seqgen.data.prepare import prepare as prepare_shards
    from seqgen.representation.converter import RepresentationConfig

    if bars is None:
        bars = 1 if representation == "multitrack" else 2
    config = RepresentationConfig(
        representation, bars, gap_bars, min_notes, min_unique_pitches, programs, two_four, chords
    )
    report = prepare_shards(inputs, out, config, splits, workers=workers, seed=seed, overwrite=overwrite)
    print(report.describe())
    print(f"Shards are in {out}.")
