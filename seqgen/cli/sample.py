"""`seqgen sample`: new music from the prior; `sample_audio.py` has the command for models of sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from seqgen.cli.chords import symbols
from seqgen.cli.precision import Precision


def choose(arguments: list[str]) -> Callable[..., int | None]:
    """The function for the kind of model that a command line names."""
    from seqgen.tasks.shipped import kind_named

    if any(kind_named(word) == "audio_wavenet" for word in arguments if not word.startswith("--")):
        from seqgen.cli.sample_audio import sample as sound

        return sound
    return sample


def sample(
    model: str,
    out: Path,
    num: int = 4,
    bars: int | None = None,
    temperature: float = 0.5,
    seed: int = 1,
    top_k: int | None = None,
    top_p: float = 1.0,
    qpm: float = 120.0,
    chords: str | None = None,
    prior: Literal["standard", "learned"] | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Make new pieces: a MIDI file each, and all of them as samples.mid, samples.wav and samples.png.

    Args:
        model: name of a shipped model, or folder of another one.
        out: folder for the results; it is made if it is not there.
        num: how many pieces.
        bars: how long each is; as long as the model's window, if not given. Longer pieces are windows in a
            row, each a variation of the one before it. top_k and top_p are not for them.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other music. It is stored in the files.
        top_k: draw from the k most likely tokens only.
        top_p: draw from the most likely tokens that have this probability together.
        qpm: tempo in quarter notes per minute.
        chords: symbols such as "C G Am F", spread evenly over the piece, each from a beat on, for a
            model that is told chords; the model is told that there are none, if not given.
        prior: learned draws from the density of real music's codes that the model has (see fit-prior), and is
            taken where there is one; standard draws from N(0, 1). Longer pieces take standard.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files

    if bars is not None and (top_k is not None or top_p != 1.0):
        raise ValueError("bars: top_k and top_p draw pieces of the model's own length only; leave them out")
    if bars is not None and prior == "learned":
        raise ValueError("prior: a learned one draws pieces of the model's own length only; leave out bars")
    with output_folder(out) as stage:
        from seqgen.cli.model import load
        from seqgen.cli.results import Results, made_by, numbered, write_results
        from seqgen.core import Sampling

        loaded = load(model)
        how = Sampling(temperature, top_k, top_p)
        if bars is None:
            pieces = loaded.sample(
                num,
                temperature=temperature,
                seed=seed,
                top_k=top_k,
                top_p=top_p,
                qpm=qpm,
                chords=symbols(chords),
                prior=prior,
                precision=precision,
            )
        else:
            from seqgen.tasks.lengths import sample_bars

            pieces = sample_bars(
                loaded,
                bars,
                num,
                temperature=temperature,
                seed=seed,
                qpm=qpm,
                chords=symbols(chords),
                precision=precision,
            )
        heading = made_by("sample", loaded.name, seed, temperature, loaded.precision_of(precision, how))
        titles = [str(number) for number in range(num)]
        write_results(stage, Results(pieces, numbered("sample", num), titles, "samples", heading), wav, png)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
