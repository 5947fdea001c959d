"""Ardour sessions written without a window: tempo, metre, and a MIDI track with one region for each track.

Ardour's own `ardour7-lua` makes the session and its tracks; then sources, regions and synthesizers are put
into the session file. Regions lie in musical time, so Ardour's 1920 ticks a quarter note are the grid: notes
between them move to the nearest tick.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from seqgen.io.ardour_smf import TICKS_PER_QUARTER, smf_bytes, ticks
from seqgen.io.ardour_xml import add_synth, region
from seqgen.io.arrangement import Arrangement

LUA_SESSION = "ardour7-lua"
"""the command that makes sessions, of Ardour 7 (Debian's and Ubuntu's package `ardour`)"""
SECONDS = 120.0
"""that Ardour may take to make a session"""
_CREATE = """
AudioEngine:set_backend("None (Dummy)", "", "")
local session = create_session({folder}, {name}, {sample_rate})
assert(session, "no session")
local map = Temporal.TempoMap.fetch_writable()
{changes}
Temporal.TempoMap.update(map)
local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local audio = ARDOUR.ChanCount(ARDOUR.DataType("audio"), 2)
for _, name in ipairs({names}) do
    local made = session:new_midi_track(midi, audio, true, ARDOUR.PluginInfo(), nil, nil, 1, name,
        ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
    print("TRACK " .. made:front():to_stateful():id():to_s())
end
session:save_state("")
close_session()
quit()
"""


def write_ardour(arrangement: Arrangement, folder: str | Path, sample_rate: int = 48000) -> None:
    """Writes a session (folder/NAME.ardour, NAME being the folder's) that Ardour 7 opens.

    It is made beside `folder` and renamed when it is complete. A folder with something in it is not touched.

    Raises:
        ValueError: if `folder` is not free, or Ardour is not installed or makes no session.
        OSError: if it cannot be written.
    """
    folder = Path(folder)
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is there already; a session needs a new folder")
    if shutil.which(LUA_SESSION) is None:
        raise ValueError(
            f"{LUA_SESSION} was not found: install Ardour 7 (apt install ardour), or export a .mid file, "
            "which every Ardour imports"
        )
    name = file_name(folder.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".seqgen-", dir=folder.parent) as stage:
        session = Path(stage).absolute() / name
        routes = _create(arrangement, session, name, sample_rate)
        _fill(arrangement, session, name, routes)
        (session / f"{name}.ardour.bak").unlink(missing_ok=True)  # the session before its notes
        os.replace(session, folder)  # onto nothing, or onto an empty folder


def file_name(text: str) -> str:
    """A name for a file, the same on every system."""
    return re.sub(r"[^\w. -]", "_", text)[:60].strip(". ") or "seqgen"


def _create(arrangement: Arrangement, session: Path, name: str, sample_rate: int) -> list[str]:
    """Has Ardour make the session; the ids of its tracks."""
    changes = [
        f"map:set_meter(Temporal.Meter({numerator:.0f}, {denominator:.0f}), {_place(quarter)})"
        for quarter, numerator, denominator in arrangement.time_signatures.tolist()
    ] + [
        f"map:set_tempo(Temporal.Tempo({qpm!r}, {qpm!r}, 4), {_place(quarter)})"
        for quarter, qpm in arrangement.tempos.tolist()
    ]
    script = _CREATE.format(
        folder=lua_string(str(session)),
        name=lua_string(name),
        sample_rate=int(sample_rate),
        changes="\n".join(changes),
        names="{" + ", ".join(lua_string(_title(track.name)) for track in arrangement.tracks) + "}",
    )
    file = session.parent / "create.lua"
    file.write_text(script, encoding="utf-8")
    # A configuration of its own: the user's is neither read nor written, and no plugin is scanned.
    environment = {**os.environ, "XDG_CONFIG_HOME": str(session.parent / "config")}
    environment["XDG_CACHE_HOME"] = str(session.parent / "cache")
    try:
        done = subprocess.run(
            [LUA_SESSION, str(file)],
            capture_output=True, text=True, errors="replace", timeout=SECONDS, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"{LUA_SESSION} made no session in {SECONDS:.0f} seconds") from None
    routes = re.findall(r"^TRACK (\d+)$", done.stdout, re.MULTILINE)
    if len(routes) != len(arrangement.tracks) or not (session / f"{name}.ardour").is_file():
        said = (done.stderr or done.stdout).strip()[-300:]
        raise ValueError(f"{LUA_SESSION} made no session: {said or f'exit code {done.returncode}'}")
    return routes


def lua_string(text: str) -> str:
    """A Lua literal of a text, whatever is in it."""
    plain = (
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03d}" for byte in os.fsencode(text)
    )
    return '"' + "".join(plain) + '"'


def _title(text: str) -> str:
    """A name for a track: without line ends and what else cannot be seen."""
    return re.sub("[\x00-\x1f\x7f\ud800-\udfff]", " ", text)[:200] or "track"


def _place(quarter: float) -> str:
    return f"Temporal.timepos_t.from_ticks({round(quarter * TICKS_PER_QUARTER)})"


def _fill(arrangement: Arrangement, session: Path, name: str, routes: Sequence[str]) -> None:
    """Puts the notes into the session: files, their sources, regions of these, playlists."""
    file = session / f"{name}.ardour"
    document = ElementTree.parse(file)
    root = document.getroot()
    for hint in root.findall("EngineHints"):  # of the engine used here: Ardour would warn that it has changed
        root.remove(hint)
    sources, regions, playlists = (_part(root, part) for part in ("Sources", "Regions", "Playlists"))
    strips = {strip.get("id"): strip for strip in _part(root, "Routes")}
    lists = {playlist.get("orig-track-id"): playlist for playlist in playlists}
    number = int(root.get("id-counter", "0")) + 1000
    midi = session / "interchange" / name / "midifiles"
    midi.mkdir(parents=True, exist_ok=True)
    length = ticks(arrangement.length)
    for index, (track, route) in enumerate(zip(arrangement.tracks, routes, strict=True), 1):
        smf = f"{file_name(track.name)}-{index}.mid"
        (midi / smf).write_bytes(smf_bytes(track, length))
        source, whole, placed = (str(number + offset) for offset in range(3))
        number += 3
        ElementTree.SubElement(
            sources, "Source", {"name": smf, "id": source, "type": "midi", "flags": "Writable,CanRename"}
        ).set("natural-position", "a0")
        title = file_name(track.name)
        regions.append(region(title, whole, source, length, whole_file=True))
        lists[route].append(region(f"{title}.1", placed, source, length, whole_file=False))
        add_synth(strips[route], str(number))
        number += 1
    root.set("id-counter", str(number))
    document.write(file, encoding="UTF-8", xml_declaration=True)


def _part(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(name)
    if found is None:
        raise ValueError(f"{LUA_SESSION} made a session without {name}: expected one of Ardour 7")
    return found
