"""`seqgen continue`: a melody or a beat, and what a language model plays after it."""

from __future__ import annotations

from pathlib import Path

from seqgen.cli.precision import Precision


def continue_(
    input: Path,
    out: Path,
    bars: int = 8,
    model: str = "melody-lm",
    temperature: float = 0.9,
    seed: int = 1,
    top_k: int | None = None,
    top_p: float = 1.0,
    track: int | None = None,
    start_bar: int | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Go on where a piece ends: piece.mid (the melody or beat that was read), continuation.mid (the new
    bars), and the one followed by the other as continued.mid, continued.wav and continued.png.

    Args:
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        bars: how many new bars.
        model: name of a shipped language model, or folder of another one.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, another continuation. It is stored in the files.
        top_k: draw from the k most likely tokens only.
        top_p: draw from the most likely tokens that have this probability together.
        track: number of the track to read, as `seqgen info FILE` lists them.
        start_bar: first bar to read, counted from 0.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    with output_folder(out) as stage:
        from seqgen.cli.model import load_language
        from seqgen.cli.results import Results, made_by, write_results
        from seqgen.core import Sampling

        loaded = load_language(model)
        passage = loaded.passage(input, track, start_bar)
        tell(passage.notices)
        how = Sampling(temperature, top_k, top_p)
        parts = loaded.parts(passage, bars, how, seed, precision)
        made = made_by("continue", loaded.name, seed, temperature, loaded.precision_of(precision, how))
        heading = f"{passage.name}; {made}"
        names, titles = ["piece", "continuation"], ["A", "new"]
        results = Results(parts[:2], names, titles, "continued", heading, joined=parts.whole)
        write_results(stage, results, wav, png)
        written = sorted(path.name for path in stage.iterdir())
    list_files(out, written)
