"""`seqgen vary`: one track of a bar made anew, the others as they are."""

from __future__ import annotations

from pathlib import Path


def vary(
    model: str,
    input: Path,
    out: Path,
    track: int = 0,
    num: int = 4,
    other: Path | None = None,
    other_track: int | None = None,
    program: int | None = None,
    temperature: float = 1.0,
    seed: int = 1,
    start_bar: int | None = None,
    other_bar: int | None = None,
    wav: bool = True,
    png: bool = True,
) -> None:
    """Make variations of a bar of several tracks in which one track is new: original.mid (what the model
    read), a MIDI file a variation, and all of them as variations.mid, variations.wav and variations.png.

    Args:
        model: name of a shipped model of multi-track bars, or folder of another one.
        input: a MIDI file.
        out: folder for the results; it is made if it is not there.
        track: number of the track that is replaced, from 0, in the order of programs with drums last (the
            command lists them); the number after the last track adds one.
        num: how many variations.
        other: a MIDI file that gives the new part; without one it is drawn.
        other_track: which of its tracks, 0 if not given.
        program: General MIDI program of the new part, 128 for drums; that of the track, if not given.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other draws. It is stored in the files.
        start_bar: the bar to read, counted from 0.
        other_bar: the bar to read of the other file.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files, tell

    with output_folder(out) as stage:
        from seqgen.cli.model import load
        from seqgen.cli.results import Results, made_by, numbered, write_results
        from seqgen.tasks.vary import check_varies, describe_tracks
        from seqgen.tasks.vary import vary as make

        loaded = load(model)
        check_varies(loaded)
        clip = loaded.clip(input, None, start_bar)
        given = None if other is None else loaded.clip(other, None, other_bar)
        tell([*clip.notices, *(() if given is None else given.notices)])
        tell([f"{clip.name}: the tracks of bar {clip.start_bar} are {describe_tracks(clip)}"])
        pieces = make(
            loaded, clip, track, num=num, other=given, other_track=other_track, program=program,
            temperature=temperature, seed=seed,
        )  # fmt: skip
        original = loaded.converter.decode(clip.tokens, clip.qpm)
        made = made_by("vary", loaded.name, seed, temperature, loaded.precision_of("float32"))
        heading = f"{clip.name}, track {track}; {made}"
        stems, titles = ["original", *numbered("variation", num)], ["A", *map(str, range(num))]
        write_results(stage, Results([original, *pieces], stems, titles, "variations", heading), wav, png)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)
