"""The plugin is built in all its formats, and says of itself what it should."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys

import pytest

from seqgen.serve import frames
from tests.plugins.native.conftest import Built, run

LOAD = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
print(hasattr(library, sys.argv[2]), sys.float_info.min / 2 > 0)
"""
"""in a process of its own: whether the entry is there, and small numbers are still what they were"""


def test_every_format_is_there_and_has_its_entry(built: Built):
    entries = {
        built.lv2 / "bridge.so": "lv2_descriptor",
        built.folder / "seqgen.clap": "clap_entry",
        next(built.folder.glob("seqgen.vst3/Contents/*/seqgen.so")): "GetPluginFactory",
    }
    for binary, entry in entries.items():
        assert run(sys.executable, "-c", LOAD, str(binary), entry) == "True True\n", binary
    assert (built.folder / "seqgen").exists(), "the JACK program"


@pytest.mark.skipif(not shutil.which("lv2_validate"), reason="needs lv2_validate (apt: lv2-dev, sordi)")
def test_lv2_validate_finds_no_error(built: Built):
    done = subprocess.run(
        ["lv2_validate", *map(str, built.lv2.glob("*.ttl"))], capture_output=True, text=True
    )
    assert "Found 0 errors" in done.stdout, done.stdout + done.stderr


def test_the_wire_is_the_same_in_both_languages(built: Built):
    said = dict(line.split(" ", 1) for line in run(str(built.host("frames"))).splitlines())
    constants = [name for name, value in vars(frames).items() if name.isupper() and isinstance(value, int)]
    assert len(constants) == 14
    for name in constants:
        assert int(said.pop(name)) == getattr(frames, name), name
    note = frames.NoteEvent(1, 2, 3, 4, 5.5, 6.25)
    expected = {
        "header": struct.pack("<HHI", frames.NOTE, frames.VERSION, frames.NOTE_RECORD.size),
        "note": note.pack(),
        "position": frames.POSITION_RECORD.pack(1, 1, 2.5, 120.0, 4.0),
        "settings": frames.SETTINGS_RECORD.pack(1, 1, 3, 0.25, 0.75),
        "slider": frames.SLIDER_RECORD.pack(b"note_density", -1.5),
        "clip": frames.CLIP_RECORD.pack(1, 2),
    }
    assert frames.HEADER.pack(frames.NOTE, frames.VERSION, 24) == expected["header"]
    assert said == {name: record.hex() for name, record in expected.items()}
