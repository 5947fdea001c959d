"""`seqgen humanize`: a piece whose drums are played with a feel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def humanize(
    input: Path,
    out: Path,
    amount: float = 1.0,
    velocity: float = 1.0,
    timing: float = 1.0,
    onsets: Literal["locked", "free"] = "locked",
    model: str = "groove-humanize",
    temperature: float = 0.5,
    seed: int = 1,
    wav: bool = True,
    png: bool = True,
) -> None:
    """Give the drums of a MIDI file the velocities and the timing of a drummer; all else in it is kept.

    Writes the whole piece as humanized.mid and humanized.wav, and humanized.png: two bars before and after.

    Args:
        input: a MIDI file with drums (channel 10) of any length.
        out: folder for the results; it is made if it is not there.
        amount: how far velocities and times go to what the model says: 0 not at all, 1 all the way, up to 2.
        velocity: the same for velocities alone, times amount.
        timing: the same for times alone, times amount.
        onsets: locked keeps every hit and adds none; free lets a model that writes hits choose them.
        model: name of a shipped model of played drums, or folder of another one.
        temperature: 0 plays what is likeliest, 1 draws as the model was trained.
        seed: another seed, another performance. It is stored in the files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    with output_folder(out) as stage:
        from seqgen.cli.model import load_groove
        from seqgen.cli.results import made_by, write_groove, write_sound
        from seqgen.io.midi import read_midi, write_midi
        from seqgen.tasks.rewrite import Feel

        loaded = load_groove(model)
        before, feel = read_midi(input), Feel(amount, velocity, timing)
        done = loaded.humanized(before, feel, onsets=onsets, temperature=temperature, seed=seed)
        tell(f"{input.name}: {notice}" for notice in done.notices)
        heading = f"{input.name}; {made_by('humanize', loaded.name, seed, temperature, 'float32')}, {feel}"
        write_midi(done.piece, stage / "humanized.mid")
        if wav:
            write_sound(stage / "humanized.wav", done.piece, heading)
        if png:
            write_groove(stage / "humanized.png", [before, done.piece], ["before", "after"], heading)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
