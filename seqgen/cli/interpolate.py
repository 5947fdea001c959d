"""`seqgen interpolate`: two pieces to a path of pieces between them, four to a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from seqgen.cli.chords import symbols
from seqgen.cli.precision import Precision


def interpolate(
    model: str,
    inputs: list[Path],
    out: Path,
    num_steps: int = 8,
    way: Literal["slerp", "lerp"] = "slerp",
    temperature: float = 0.5,
    seed: int = 1,
    track: int | list[int | None] | None = None,
    start_bar: int | list[int | None] | None = None,
    chords: str | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Blend two MIDI files into a path from the one to the other, or four into a grid.

    Writes a MIDI file a step (step_0.mid is A and the last one B, as the model hears them), and the whole
    path as path.mid, path.wav and path.png. Four files: num_steps rows of as many cells (cell_0_0.mid is A,
    at the end of that row B, C and D in the last row), grid.mid, grid.wav and a picture a row.

    Args:
        model: name of a shipped model, or folder of another one.
        inputs: two MIDI files A B, or four A B C D.
        out: folder for the results; it is made if it is not there.
        num_steps: pieces from A to B, both included; for a grid, of each row and column.
        way: slerp goes around the origin and keeps as much going on as at the ends; lerp goes straight,
            through music that is likelier and a little calmer.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other draws. It is stored in the files.
        track: number of the track to read, as `seqgen info FILE` lists them; a list like [1,0] gives one for
            each file.
        start_bar: first bar to read, counted from 0; a list gives one for each file.
        chords: symbols such as "C G Am F", spread evenly over the model's window, each from a beat on, for a
            model that is told chords; those of the nearest file, if not given.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write pictures.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    if len(inputs) not in (2, 4):
        raise ValueError(f"inputs: expected two MIDI files, or four for a grid, got {len(inputs)}")
    with output_folder(out) as stage:
        from seqgen.cli.model import load
        from seqgen.cli.results import grid_of, made_by, path_of, write_results
        from seqgen.tasks.sources import one_each

        loaded = load(model)
        tracks, bars = one_each(track, len(inputs), "track"), one_each(start_bar, len(inputs), "start_bar")
        clips = [loaded.clip(path, t, bar) for path, t, bar in zip(inputs, tracks, bars, strict=True)]
        for clip in clips:
            tell(clip.notices)
        pieces = loaded.interpolate(
            *clips,
            num_steps=num_steps,
            way=way,
            temperature=temperature,
            seed=seed,
            chords=symbols(chords),
            precision=precision,
        )
        heading = " to ".join(clip.name for clip in clips) + "; "
        heading += made_by(
            "interpolate" if way == "slerp" else f"interpolate by {way}",
            loaded.name,
            seed,
            temperature,
            loaded.precision_of(precision),
        )
        arranged = path_of if len(inputs) == 2 else grid_of
        results = arranged(pieces, num_steps, heading)
        write_results(stage, results, wav, png)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
