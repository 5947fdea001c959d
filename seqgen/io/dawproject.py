"""DAWproject 1.0 files (Bitwig Studio, Studio One, Cubase): a zip of project.xml and metadata.xml.

Time is in quarter notes (the format's beats) and velocity a fraction of 127, both written so that they are
read back as the same numbers. The format has no place for a General MIDI program: it stands in the comment of
its track. Drums are on channel 10 (9 in the file).
The format: https://github.com/bitwig/dawproject.
"""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Context, Decimal
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from seqgen import __version__
from seqgen.io.arrangement import Arrangement, Track
from seqgen.io.atomic import write_bytes

MAX_BYTES = 32 * 2**20
"""of the XML, written or read"""
DRUM_CHANNEL = 9
PROGRAM = "General MIDI program {}"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
_EXACT = Context(prec=60)
_WHEN = (1980, 1, 1, 0, 0, 0)  # the zip's earliest date: the same music gives the same bytes


class _Ids:
    """id1, id2, ..."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"id{self.count}"


def write_dawproject(arrangement: Arrangement, path: str | Path, title: str = "") -> None:
    """Writes a file with a track, with one clip of notes, for each track; it appears whole or not at all.

    Raises:
        ValueError: if there is more music than fits into 32 MiB of XML (about 250,000 notes).
        OSError: if the file cannot be written.
    """
    metadata = ElementTree.Element("MetaData")
    ElementTree.SubElement(metadata, "Title").text = _text(title)
    project = _bytes(_project(arrangement))
    if len(project) > MAX_BYTES:
        raise ValueError(
            f"{path}: a DAWproject of {len(project):,} bytes of XML: at most {MAX_BYTES:,} are written"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in (("project.xml", project), ("metadata.xml", _bytes(metadata))):
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    write_bytes(path, packed.getvalue())


def _bytes(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _text(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _project(arrangement: Arrangement) -> ElementTree.Element:
    """The order of the elements is the format's."""
    new, add = _Ids(), ElementTree.SubElement
    project = ElementTree.Element("Project", version="1.0")
    add(project, "Application", name="seqgen", version=__version__)
    transport = add(project, "Transport")
    tempo, metre, master = new(), new(), new()
    qpm = _number(arrangement.tempos[0, 1])
    add(transport, "Tempo", unit="bpm", value=qpm, min="1", max="999", id=tempo, name="Tempo")
    add(transport, "TimeSignature", _signature(arrangement.time_signatures[0]), id=metre)
    structure = add(project, "Structure")
    timeline = add(project, "Arrangement", id=new())
    lanes = add(timeline, "Lanes", timeUnit="beats", id=new())
    for track in arrangement.tracks:
        mine = new()
        comment = PROGRAM.format(track.program)
        row = add(structure, "Track", contentType="notes", loaded="true", id=mine, name=_text(track.name))
        row.set("comment", comment)
        add(row, "Channel", role="regular", audioChannels="2", destination=master, id=new())
        clips = add(add(lanes, "Lanes", track=mine, id=new()), "Clips", id=new())
        length = _number(arrangement.length)
        clip = add(clips, "Clip", time="0.0", duration=length, playStart="0.0", name=_text(track.name))
        _add_notes(add(clip, "Notes", id=new()), track)
    row = add(structure, "Track", contentType="audio notes", loaded="true", id=new(), name="Master")
    add(row, "Channel", role="master", audioChannels="2", id=master)
    if len(arrangement.tempos) > 1:
        points = add(timeline, "TempoAutomation", timeUnit="beats", unit="bpm", id=new())
        add(points, "Target", parameter=tempo)
        for place, value in arrangement.tempos.tolist():
            add(points, "RealPoint", time=_number(place), value=_number(value), interpolation="hold")
    if len(arrangement.time_signatures) > 1:
        points = add(timeline, "TimeSignatureAutomation", timeUnit="beats", id=new())
        add(points, "Target", parameter=metre)
        for signature in arrangement.time_signatures:
            add(points, "TimeSignaturePoint", _signature(signature), time=_number(signature[0]))
    return project


def _add_notes(parent: ElementTree.Element, track: Track) -> None:
    columns = (track.start, track.end, track.pitch, track.velocity)
    channel = str(DRUM_CHANNEL if track.is_drum else 0)
    for start, end, pitch, velocity in zip(*(column.tolist() for column in columns), strict=True):
        place = {"time": _number(start), "duration": _duration(start, end), "channel": channel}
        ElementTree.SubElement(parent, "Note", place, key=str(pitch), vel=_number(velocity / 127), rel="0.5")


def _duration(start: float, end: float) -> str:
    """The difference of the decimals that are written, so that their sum is read as `end`."""
    return format(_EXACT.subtract(Decimal(repr(end)), Decimal(repr(start))), "f")


def _number(value: float) -> str:
    """The shortest decimal that is read as the same float."""
    return repr(float(value))


def _signature(row: np.ndarray) -> dict[str, str]:
    return {"numerator": str(int(row[1])), "denominator": str(int(row[2]))}
