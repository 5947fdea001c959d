"""`seqgen info`: what there is to work with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqgen.representation.extraction import Extraction


def info(targets: list[str]) -> None:
    """Without arguments, list the shipped models. Describe a model: its card, size and settings. Describe a
    MIDI file: the melodies, beats and runs of bars of several tracks in it, with their tracks and bars for
    --track and --start-bar.

    Args:
        targets: names or folders of models, and MIDI files.
    """
    from seqgen.tasks.shipped import find_folder, shipped_models

    if not targets:
        print("\n".join(f"{name}  {summary(name)}" for name in shipped_models()) or "no models are shipped")
    for target in targets:
        if Path(target).is_file():
            describe_file(Path(target))
        else:
            find_folder(target)  # says what there is before anything heavy is loaded
            describe_model(target)


def summary(name: str) -> str:
    """The first line of a model card that is no heading."""
    from seqgen.tasks.shipped import find_folder, read_card

    lines = (line.strip() for line in read_card(find_folder(name)).splitlines())
    return next((line for line in lines if line and not line.startswith(("#", "---", "|"))), "")


def describe_model(target: str) -> None:
    import yaml

    from seqgen.cli.headline import headline
    from seqgen.tasks.load import load

    model = load(target)
    print(f"{model.name}: {headline(model)}, {model.num_parameters:,} parameters")
    if model.card:
        print(f"\n{model.card.strip()}")
    print(f"\n{yaml.safe_dump(model.sections, sort_keys=False).strip()}")


def describe_file(path: Path) -> None:
    from seqgen.io.midi import read_notes
    from seqgen.representation.drums import DrumConverter
    from seqgen.representation.melody import MelodyConverter
    from seqgen.representation.multitrack import MultitrackConverter

    notes = read_notes(path)
    tempo, signature = notes.tempos[0, 1], "{:g}/{:g}".format(*notes.time_signatures[0, 1:])
    print(f"{path.name}: {len(notes)} notes, {tempo:.4g} quarters a minute, {signature} at the beginning")
    for converter in (MelodyConverter(), DrumConverter()):
        describe_found(converter.extract(notes))
    together = MultitrackConverter().extract(notes)
    if together.segments:  # of a single track there is nothing to say
        describe_found(together)


def describe_found(found: Extraction) -> None:
    from seqgen.representation.extraction import describe_counts
    from seqgen.tasks.clip import candidates

    if found.segments:
        print(f"{found.noun[1]} (bars and tracks counted from 0):")
        print("\n".join(f"  {line}" for line in candidates(found)))
    else:
        reasons = describe_counts(found.counts)
        print(f"no {found.noun[1]}" + (f": {reasons}" if reasons else ""))
