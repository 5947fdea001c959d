"""`seqgen continue`: a melody or a beat, and what a language model plays after it."""

from __future__ import annotations

from pathlib import Path

from seqgen.cli.precision import Precision


def continue_(
    input: Path,
    out: Path,
    bars: int = 8,
    num: int = 1,
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

    Several variations: continuation_0.mid and continued_0.mid and so on, and all that was continued, one
    after the other, as continued.mid, continued.wav and continued.png.

    Args:
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        bars: how many new bars.
        num: how many variations. That of number k, from 0, is the one of seed + k.
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
        from seqgen.cli.results import Results, made_by, numbered, write_results
        from seqgen.core import Sampling
        from seqgen.io.midi import write_midi
        from seqgen.tasks.join import join
        from seqgen.tasks.language import MAX_VARIATIONS
        from seqgen.tasks.settings import check_count

        check_count("num", num, 1, MAX_VARIATIONS)
        loaded = load_language(model)
        passage = loaded.passage(input, track, start_bar)
        tell(passage.notices)
        how = Sampling(temperature, top_k, top_p)
        parts = [loaded.parts(passage, bars, how, seed + k, precision) for k in range(num)]
        made = made_by("continue", loaded.name, seed, temperature, loaded.precision_of(precision, how))
        heading = f"{passage.name}; {made}"
        names = ["continuation"] if num == 1 else numbered("continuation", num)
        titles = ["new"] if num == 1 else [str(k) for k in range(num)]
        wholes = [part.whole for part in parts]
        pieces = [parts[0].piece, *(part.continuation for part in parts)]
        joined = wholes[0] if num == 1 else join(wholes, titles)
        results = Results(pieces, ["piece", *names], ["A", *titles], "continued", heading, joined=joined)
        write_results(stage, results, wav, png)
        if num > 1:
            for whole, name in zip(wholes, numbered("continued", num), strict=True):
                write_midi(whole, stage / f"{name}.mid")
        written = sorted(path.name for path in stage.iterdir())
    list_files(out, written)
