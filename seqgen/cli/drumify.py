"""`seqgen drumify`: beats that go with the rhythm of a clip."""

from __future__ import annotations

from pathlib import Path


def drumify(
    input: Path,
    out: Path,
    num: int = 4,
    bars: int | None = None,
    start_bar: int | None = None,
    track: int | None = None,
    model: str = "groove-drumify",
    temperature: float = 1.0,
    seed: int = 1,
    wav: bool = True,
    png: bool = True,
) -> None:
    """Make drum beats of a tapped rhythm, or of the rhythm of any MIDI file, melodies too.

    Writes beat_0.mid and so on, which stand where the clip stands, and all beats one after another as
    beats.mid, beats.wav and beats.png (two bars of each).

    Args:
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        num: how many different beats.
        bars: length in bars of four quarters; that of the clip, if not given. A shorter clip is repeated.
        start_bar: first bar to listen to, counted from 0; that of the first note, if not given.
        track: number of the only track to listen to, as `seqgen info FILE` lists them.
        model: name of a shipped model of played drums, or folder of another one.
        temperature: 0 plays what is likeliest, 1 draws as the model was trained.
        seed: another seed, other beats. It is stored in the files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    with output_folder(out) as stage:
        from seqgen.cli.model import load_groove
        from seqgen.cli.results import made_by, numbered, write_groove, write_sound
        from seqgen.io.midi import write_midi
        from seqgen.tasks.join import join

        loaded = load_groove(model)
        taps = loaded.taps(input, bars, start_bar, track)
        tell(f"{input.name}: {notice}" for notice in taps.notices)
        beats = loaded.beats(taps, num, temperature, seed)
        heading = f"{input.name}; {made_by('drumify', loaded.name, seed, temperature, 'float32')}"
        stems = numbered("beat", num)
        for beat, stem in zip(beats, stems, strict=True):
            write_midi(beat, stage / f"{stem}.mid")
        joined = join(beats, stems)
        write_midi(joined, stage / "beats.mid")
        if wav:
            write_sound(stage / "beats.wav", joined, heading)
        if png:
            write_groove(stage / "beats.png", beats, stems, heading)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
