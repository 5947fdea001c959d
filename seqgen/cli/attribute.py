"""`seqgen attribute`: a piece with more or less of something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

from seqgen.cli.precision import Precision
from seqgen.tasks.sliders import Sliders


def choose(arguments: list[str]) -> Callable[..., None]:
    """The one function; an unknown attribute is named before the parser says less about it.

    Raises:
        ValueError: that lists the attributes.
    """
    import inspect

    known = [field.name for field in fields(Sliders)]
    others = {*inspect.signature(attribute).parameters, "help", "config", "print_config", "verbose"}
    for word in arguments:
        name = word[2:].partition("=")[0].replace("-", "_")
        if word.startswith("--") and name and name not in {*known, *others}:
            raise ValueError(
                f"attribute: there is no attribute {name!r}; the known ones are {', '.join(known)}"
            )
    return attribute


def attribute(
    input: Path,
    out: Path,
    sliders: Sliders,
    model: str = "mel-2bar",
    temperature: float = 0.0,
    seed: int = 1,
    track: int | None = None,
    start_bar: int | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Move the sliders of a clip: original.mid (what the model read), plain.mid (the same as the model hears
    it), moved.mid, and all three as attribute.mid, attribute.wav and attribute.png.

    Prints each attribute before and after. Sliders count standard deviations of an attribute over the
    training data; several may be moved at once. What is near the clip is searched for what serves them best
    and changes little else.

    Args:
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        sliders: how far each attribute is moved.
        model: name of a shipped model, or folder of another one.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other draws, and another search. It is stored in the files.
        track: number of the track to read, as `seqgen info FILE` lists them.
        start_bar: first bar to read, counted from 0.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    amounts = {name: amount for name, amount in asdict(sliders).items() if amount}
    if not amounts:
        known = ", ".join(f"--{field.name.replace('_', '-')}" for field in fields(Sliders))
        raise ValueError(f"attribute: no slider is moved; expected at least one of {known}, e.g. +1.5")
    with output_folder(out) as stage:
        from seqgen.cli.model import load
        from seqgen.cli.results import Results, made_by, write_results
        from seqgen.tasks.attributes import clamped, steer

        loaded = load(model)
        taken, notices = clamped(loaded.sliders, amounts, loaded.name)
        clip = loaded.clip(input, track, start_bar)
        tell([*clip.notices, *notices])
        done = steer(loaded, clip, taken, temperature=temperature, seed=seed, precision=precision)
        made = made_by("attribute", loaded.name, seed, temperature, loaded.precision_of(precision))
        told = ", ".join(f"{name} {amount:+g}" for name, amount in taken.items())
        heading = f"{clip.name}, {told}; {made}"
        pieces, stems = [done.original, done.plain, done.piece], ["original", "plain", "moved"]
        results = Results(pieces, stems, ["A", "plain", "moved"], "attribute", heading)
        write_results(stage, results, wav, png)
        names = sorted(path.name for path in stage.iterdir())
    print(f"{'attribute':<20}{'read':>8}{'plain':>8}{'moved':>8}")
    for name, values in done.values.items():
        print(f"{name:<20}{''.join(f'{value:>8.2f}' for value in values)}" + (" *" if name in taken else ""))
    list_files(out, names)
