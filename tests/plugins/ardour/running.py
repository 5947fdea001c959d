"""Runs Lua in Ardour's own interpreter, and reads what it prints."""

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seqgen.io.ardour import LUA_SESSION

HERE = Path(__file__).parent
PLUGIN = HERE.parents[2] / "plugins" / "ardour"
needs_ardour = pytest.mark.skipif(
    shutil.which(LUA_SESSION) is None, reason=f"{LUA_SESSION} is not installed (package ardour)"
)


class Heard(NamedTuple):
    """A note of a session, in ticks of 1/1920 quarter note."""

    start: int
    pitch: int
    velocity: int
    duration: int
    channel: int


def lua(script: str, session: Path, desk: Path, **variables: str) -> str:
    """What a script beside this file prints. Ardour's settings go into a folder of `desk`."""
    home = desk / "home"
    home.mkdir(exist_ok=True)
    given = {"SESSION": str(session), "NAME": session.name, "PLUGIN": str(PLUGIN), **variables}
    places = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    done = subprocess.run(
        [LUA_SESSION, str(HERE / script)],
        capture_output=True, text=True, timeout=120, env={**os.environ, **places, **given},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def regions(said: str) -> list[dict[str, Any]]:
    rows = [line.split("\t")[1:] for line in said.splitlines() if line.startswith("REGION\t")]
    return [
        {
            "track": row[0], "name": row[1], "position": int(row[2]), "length": int(row[3]),
            "tempo": float(row[4]), "metre": (int(float(row[5])), int(float(row[6]))),
        }
        for row in rows
    ]  # fmt: skip


def notes(said: str, region: str | None = None) -> dict[str, list[Heard]]:
    """Of each track, or of the regions of one name."""
    found = defaultdict(list)
    for line in said.splitlines():
        if line.startswith("NOTE\t"):
            _, track, name, start, duration, pitch, velocity, channel = line.split("\t")
            if region in (None, name):
                place = Heard(ticks(start), int(pitch), int(velocity), ticks(duration), int(channel))
                found[track].append(place)
    return dict(found)


def ticks(text: str) -> int:
    quarters, rest = text.split(":")
    return int(quarters) * 1920 + int(rest)
