"""Note clips of a DAWproject file, read back. The file is not trusted: it may come from anywhere."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from seqgen.io.arrangement import Arrangement, Track
from seqgen.io.dawproject import DRUM_CHANNEL, MAX_BYTES, PROGRAM
from seqgen.io.notes import DEFAULT_QPM

MAX_ELEMENTS = 500_000
MAX_DEPTH = 64
MAX_QUARTERS = 1e6
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?")
_PROGRAM = re.compile(re.escape(PROGRAM).replace(r"\{\}", r"(\d{1,3})"))


def read_dawproject(path: str | Path) -> Arrangement:
    """The tracks of the arrangement that have notes, with tempo and metre.

    Read: clips of notes in beats, as `write_dawproject` writes them and music software does for plain clips.
    Not read: devices, audio, loops within a clip, the clip launcher.

    Raises:
        ValueError: which names the file and says what is wrong with it.
    """
    try:
        return _arrangement(_parse(_project_xml(path)))
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: no DAWproject file ({error})") from None
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: project.xml is damaged ({error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _project_xml(path: str | Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        try:
            info = archive.getinfo("project.xml")
        except KeyError:
            raise ValueError("no DAWproject file (it has no project.xml)") from None
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("project.xml is encrypted or packed in an unusual way")
        with archive.open(info) as stream:
            data = stream.read(MAX_BYTES + 1)  # what the header says of the size is not believed
    if len(data) > MAX_BYTES:
        raise ValueError(f"project.xml has more than {MAX_BYTES:,} bytes")
    return data


class _Builder(ElementTree.TreeBuilder):
    """A tree of bounded size, without a document type: entities are declared in one."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = self.depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("project.xml has a DOCTYPE: a DAWproject has none, and it is not read")

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self.elements, self.depth = self.elements + 1, self.depth + 1
        if self.elements > MAX_ELEMENTS or self.depth > MAX_DEPTH:
            raise ValueError(f"project.xml has more than {MAX_ELEMENTS:,} elements or {MAX_DEPTH} levels")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)


def _parse(data: bytes) -> ElementTree.Element:
    root: ElementTree.Element = ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))
    if root.tag != "Project":
        raise ValueError(f"project.xml holds a {root.tag[:40]!r}, expected a Project")
    return root


def _arrangement(root: ElementTree.Element) -> Arrangement:
    tempos = [(0.0, _value(root.find("Transport/Tempo"), "value", 1, 100_000, DEFAULT_QPM))]
    signature = root.find("Transport/TimeSignature")
    signatures = [(0.0, *_signature(signature))] if signature is not None else [(0.0, 4.0, 4.0)]
    for point in root.iterfind("Arrangement/TempoAutomation/RealPoint"):
        tempos.append((_value(point, "time", 0, MAX_QUARTERS), _value(point, "value", 1, 100_000)))
    for point in root.iterfind("Arrangement/TimeSignatureAutomation/TimeSignaturePoint"):
        signatures.append((_value(point, "time", 0, MAX_QUARTERS), *_signature(point)))
    lanes: dict[str, list[ElementTree.Element]] = {}
    timeline = root.find("Arrangement/Lanes")
    if timeline is not None:
        for lane in timeline.iter("Lanes"):
            if "seconds" in (timeline.get("timeUnit"), lane.get("timeUnit")):
                raise ValueError("the arrangement counts in seconds: only beats are read")
            lanes.setdefault(lane.get("track", ""), []).append(lane)
    tracks = [
        _track(track, lanes[track.get("id", "")])
        for track in root.iterfind("Structure//Track")
        if track.get("id", "") in lanes
    ]
    return Arrangement(tracks, _last_each(tempos), _last_each(signatures))


def _last_each(rows: Sequence[tuple[float, ...]]) -> np.ndarray:
    return np.array(sorted({row[0]: row for row in rows}.values()), dtype=np.float64)


def _track(track: ElementTree.Element, lanes: list[ElementTree.Element]) -> Track:
    rows = [row for lane in lanes for clip in lane.iterfind("Clips/Clip") for row in _notes(clip)]
    comment = _PROGRAM.fullmatch(track.get("comment", ""))
    table = np.array(sorted(rows, key=lambda row: (row[0], row[2], row[1])), dtype=np.float64).reshape(-1, 5)
    return Track(
        name=track.get("name", ""),
        program=min(int(comment[1]), 127) if comment else 0,
        is_drum=bool(len(table)) and bool((table[:, 4] == DRUM_CHANNEL).all()),
        start=table[:, 0],
        end=table[:, 1],
        pitch=table[:, 2].astype(np.int16),
        velocity=table[:, 3].astype(np.int16),
    )


def _notes(clip: ElementTree.Element) -> list[tuple[float, ...]]:
    """Rows (start, end, pitch, velocity, channel) of what is heard of a clip."""
    if clip.get("loopStart") or clip.get("loopEnd") or clip.get("contentTimeUnit") == "seconds":
        raise ValueError(f"clip {clip.get('name', '')[:40]!r} loops or counts in seconds: that is not read")
    place = _value(clip, "time", 0, MAX_QUARTERS)
    first = _value(clip, "playStart", 0, MAX_QUARTERS, 0.0)
    last = first + _value(clip, "duration", 0, MAX_QUARTERS, MAX_QUARTERS)
    rows: list[tuple[float, ...]] = []
    for note in clip.iter("Note"):
        start = _value(note, "time", -MAX_QUARTERS, MAX_QUARTERS)
        _value(note, "duration", 0, MAX_QUARTERS)
        # As decimals: the sum of two floats need not be the float that was written as their sum.
        end = float(Decimal(note.get("time", "")) + Decimal(note.get("duration", "")))
        if not first <= start < last:
            continue
        shift = place - first
        velocity = max(round(_value(note, "vel", 0, 1, 100 / 127) * 127), 1)
        key, channel = _value(note, "key", 0, 127), _value(note, "channel", 0, 15)
        rows.append((start + shift, min(end, last) + shift, float(round(key)), float(velocity), channel))
    return rows


def _signature(element: ElementTree.Element) -> tuple[float, float]:
    return _value(element, "numerator", 1, 255), _value(element, "denominator", 1, 128)


def _value(
    element: ElementTree.Element | None,
    name: str,
    low: float | int,
    high: float | int,
    default: float | None = None,
) -> float:
    """A number of an element; `low` and `high` are what it may be."""
    text = None if element is None else element.get(name)
    if text is None and default is not None:
        return default
    tag = "element" if element is None else element.tag
    if not _NUMBER.fullmatch(text or ""):
        raise ValueError(f"{tag} has {name} {(text or '')[:40]!r}, expected a number")
    value = float(text or "")
    if not low <= value <= high:
        raise ValueError(f"{tag} has {name} {value:g}, expected {low:g} to {high:g}")
    return value
