"""`seqgen encode`: music to latent codes."""

from __future__ import annotations

from pathlib import Path


def encode(
    model: str,
    inputs: list[Path],
    out: Path,
    track: int | list[int | None] | None = None,
    start_bar: int | list[int | None] | None = None,
) -> None:
    """Write the posteriors of MIDI files as an .npz file: mean [B, Z], std [B, Z], files [B], model.

    `seqgen decode` reads it; so does numpy.load(path) (there is no pickle in it).

    Args:
        model: name of a shipped model, or folder of another one.
        inputs: MIDI files, one row each.
        out: the .npz file to write.
        track: number of the track to read, as `seqgen info FILE` lists them; a list like [1,0] gives one for
            each file.
        start_bar: first bar to read, counted from 0; a list gives one for each file.
    """
    if out.suffix != ".npz":
        raise ValueError(f"out: expected the name of an .npz file, got {str(out)!r}")
    if out.is_dir():
        raise ValueError(f"out: {str(out)!r} is a folder, expected the name of an .npz file")
    import numpy as np

    from seqgen.cli.output import output_folder
    from seqgen.cli.results import tell

    with output_folder(out.parent) as stage:
        from seqgen.cli.model import load
        from seqgen.tasks.sources import one_each

        loaded = load(model)
        numbers, bars = one_each(track, len(inputs), "track"), one_each(start_bar, len(inputs), "start_bar")
        clips = [loaded.clip(path, t, bar) for path, t, bar in zip(inputs, numbers, bars, strict=True)]
        for clip in clips:
            tell(clip.notices)
        posterior = loaded.encode(clips)
        np.savez(
            stage / out.name,
            mean=posterior.mean.numpy(),
            std=posterior.std.numpy(),
            files=np.array([str(path) for path in inputs]),
            model=np.array(loaded.name),
        )
    print(out)
