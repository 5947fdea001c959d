"""`seqgen reconstruct`: a piece as the model hears it, beside the piece."""

from __future__ import annotations

from pathlib import Path

from seqgen.cli.chords import symbols
from seqgen.cli.precision import Precision


def reconstruct(
    model: str,
    input: Path,
    out: Path,
    temperature: float = 0.0,
    seed: int = 1,
    track: int | None = None,
    start_bar: int | None = None,
    chords: str | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Encode a clip and decode it again: original.mid (what the model read), reconstruction.mid, and both
    together as comparison.mid, comparison.wav and comparison.png.

    Args:
        model: name of a shipped model, or folder of another one.
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other draws. It is stored in the files.
        track: number of the track to read, as `seqgen info FILE` lists them.
        start_bar: first bar to read, counted from 0.
        chords: symbols such as "C G Am F", spread evenly over the model's window, each from a beat on, for a
            model that is told chords; those of the file, if not given.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    with output_folder(out) as stage:
        from seqgen.cli.model import load
        from seqgen.cli.results import Results, made_by, write_results

        loaded = load(model)
        clip = loaded.clip(input, track, start_bar)
        tell(clip.notices)
        original = loaded.converter.decode(clip.tokens, clip.qpm, clip.velocity, clip.program)
        again = loaded.reconstruct(
            clip, temperature=temperature, seed=seed, chords=symbols(chords), precision=precision
        )
        made = made_by("reconstruct", loaded.name, seed, temperature, loaded.precision_of(precision))
        heading = f"{clip.name}; {made}"
        stems, titles = ["original", "reconstruction"], ["A", "model"]
        write_results(stage, Results([original, again], stems, titles, "comparison", heading), wav, png)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
