"""`seqgen export`: MIDI files into one project for music software."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Format = Literal["dawproject", "mid", "ardour"]


def export(inputs: list[Path], out: Path, format: Format | None = None, overwrite: bool = False) -> None:
    """Put MIDI files side by side on tracks, as a project that music software opens.

    A .dawproject file opens in Bitwig Studio, Studio One and Cubase; a .mid file in all; a folder, whose name
    has no such ending, becomes an Ardour session (Ardour 7 must be installed). Each instrument of each file
    is a track. Beats and velocities stay as they are; tempo and metre are the first file's.

    Args:
        inputs: MIDI files.
        out: OUT.dawproject, OUT.mid, or a new folder for an Ardour session.
        format: dawproject, mid or ardour, if the name of `out` does not say it.
        overwrite: replace a file that is there. A folder is never replaced.
    """
    from seqgen.cli.results import tell

    kind = format or _format_of(out)
    if kind != "ardour":
        if out.is_dir():
            raise ValueError(f"out: {str(out)!r} is a folder, expected the name of a {kind} file")
        if out.exists() and not overwrite:
            raise ValueError(f"out: {str(out)!r} is there already; choose another name, or add --overwrite")

    from seqgen.io.arrangement import arrange, common_ticks, to_sequence
    from seqgen.io.midi import read_midi, write_midi

    pieces = [read_midi(path) for path in inputs]
    arrangement, notices = arrange(pieces, [path.stem for path in inputs])
    if not any(len(track) for track in arrangement.tracks):
        raise ValueError("inputs: these files have no notes, so there is nothing to export")
    tell(notices)
    if kind == "ardour":
        from seqgen.io.ardour import write_ardour

        write_ardour(arrangement, out)
    elif kind == "mid":
        out.parent.mkdir(parents=True, exist_ok=True)
        write_midi(to_sequence(arrangement, common_ticks(pieces)), out)
    else:
        from seqgen.io.dawproject import write_dawproject

        out.parent.mkdir(parents=True, exist_ok=True)
        write_dawproject(arrangement, out, title=out.stem)
    print(out)


def _format_of(out: Path) -> Format:
    endings: dict[str, Format] = {".dawproject": "dawproject", ".mid": "mid", ".midi": "mid", "": "ardour"}
    if out.suffix.lower() not in endings:
        raise ValueError(
            f"out: {str(out)!r} says no format by its name: end it with .dawproject or .mid, give a folder "
            "without such an ending, or add --format dawproject, mid or ardour"
        )
    return endings[out.suffix.lower()]
