"""DAWproject: written, checked against the format's structure, read again; and files not to be trusted."""

import os
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from seqgen.io import dawproject_read
from seqgen.io.arrangement import Arrangement, Track
from seqgen.io.dawproject import write_dawproject
from seqgen.io.dawproject_read import read_dawproject
from tests.io.test_arrangement import assert_same, song

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
PLAIN = (
    '<Project version="1.0"><Application name="x" version="1"/>'
    '<Structure><Track contentType="notes" id="t" name="Lead"/></Structure>'
    '<Arrangement id="a"><Lanes timeUnit="beats" id="l"><Lanes track="t" id="m"><Clips id="c">'
    '<Clip time="4" duration="2" {clip}><Notes id="n">{notes}</Notes></Clip></Clips></Lanes></Lanes>'
    "</Arrangement></Project>"
)
NOTE = '<Note time="0.5" duration="1" channel="0" key="60" vel="0.5"/>'

STRUCTURE = {
    "Project": ("version", "Application Transport? Structure? Arrangement?"),
    "Application": ("name version", ""),
    "Transport": ("", "Tempo? TimeSignature?"),
    "Tempo": ("unit", ""),
    "TimeSignature": ("numerator denominator", ""),
    "Structure": ("", "Track*"),
    "Track": ("", "Channel?"),
    "Channel": ("", ""),
    "Arrangement": ("", "Lanes? TempoAutomation? TimeSignatureAutomation?"),
    "Lanes": ("", "Lanes* Clips*"),
    "Clips": ("", "Clip*"),
    "Clip": ("time", "Notes?"),
    "Notes": ("", "Note*"),
    "Note": ("time duration channel key", ""),
    "TempoAutomation": ("", "Target RealPoint*"),
    "TimeSignatureAutomation": ("", "Target TimeSignaturePoint*"),
    "Target": ("", ""),
    "RealPoint": ("time value", ""),
    "TimeSignaturePoint": ("time numerator denominator", ""),
}
"""of what we write, as the format's schema has it: required attributes, and children in their order"""


def xml(path: Path, name: str = "project.xml") -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def pack(path: Path, project: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.xml", project)
    return path


def check(element: ElementTree.Element) -> None:
    attributes, children = STRUCTURE[element.tag]
    assert set(attributes.split()) <= set(element.attrib), element.tag
    tags = [child.tag for child in element]
    for entry in children.split():
        tag, many = entry.rstrip("?*"), entry[-1]
        count = next((i for i, other in enumerate(tags) if other != tag), len(tags))
        assert count <= 1 or many == "*", f"{count} {tag} in {element.tag}"
        assert count >= 1 or many in "?*", f"no {tag} in {element.tag}"
        tags = tags[count:]
    assert tags == [], f"{tags[0]} at a wrong place in {element.tag}"
    for child in element:
        check(child)


def test_a_round_trip_changes_no_number(tmp_path):
    wanted = song()
    write_dawproject(wanted, tmp_path / "a.dawproject", "a")
    assert_same(read_dawproject(tmp_path / "a.dawproject"), wanted)


def test_places_off_any_grid_survive(tmp_path):
    rng = np.random.default_rng(3)
    edges = np.sort(rng.integers(0, 100_000, 4000)) / rng.choice([3.0, 7.0, 480.0, 1 / np.pi], 4000)
    start, end = np.minimum(edges[:2000], edges[2000:]), np.maximum(edges[:2000], edges[2000:])
    order = np.lexsort((end, start))
    assert (start + (end - start) != end).any()  # floats would not do
    column = np.full(2000, 60, np.int16)
    track = Track("odd", 127, False, start[order], end[order], column, column)
    wanted = Arrangement([track], np.array([[0.0, 99.99]]), np.array([[0.0, 7.0, 8.0]]))
    write_dawproject(wanted, tmp_path / "a.dawproject")
    assert_same(read_dawproject(tmp_path / "a.dawproject"), wanted)


def test_every_velocity_survives(tmp_path):
    start = np.arange(127.0)
    velocity = np.arange(1, 128, dtype=np.int16)
    track = Track("v", 0, False, start, start + 1, np.full(127, 60, np.int16), velocity)
    wanted = Arrangement([track], np.array([[0.0, 120.0]]), np.array([[0.0, 4.0, 4.0]]))
    write_dawproject(wanted, tmp_path / "a.dawproject")
    assert_same(read_dawproject(tmp_path / "a.dawproject"), wanted)


@pytest.mark.parametrize("tracks", [0, 1, 3])
def test_the_structure_is_the_formats(tracks, tmp_path):
    write_dawproject(song(tracks), tmp_path / "a.dawproject", "A title")
    root = ElementTree.fromstring(xml(tmp_path / "a.dawproject"))
    check(root)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    referred = {e.get(key) for e in root.iter() for key in ("track", "destination", "parameter")} - {None}
    assert referred <= set(ids)
    metadata = ElementTree.fromstring(xml(tmp_path / "a.dawproject", "metadata.xml"))
    assert (metadata.tag, metadata.findtext("Title")) == ("MetaData", "A title")


def accepted_by_the_schema_of_the_format(folder: Path, path: Path) -> None:
    from lxml import etree

    for name, schema in (("project.xml", "Project.xsd"), ("metadata.xml", "MetaData.xsd")):
        document = etree.fromstring(xml(path, name))
        etree.XMLSchema(etree.parse(str(folder / schema))).assertValid(document)


if SCHEMAS := os.environ.get("SEQGEN_DAWPROJECT_XSD"):
    # A folder with the schemas of github.com/bitwig/dawproject, which are not ours to keep here.
    def test_the_schema_of_the_format_accepts_it(tmp_path):
        write_dawproject(song(), tmp_path / "a.dawproject", "A title")
        accepted_by_the_schema_of_the_format(Path(SCHEMAS), tmp_path / "a.dawproject")


def test_the_same_music_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_dawproject(song(), tmp_path / name, "x")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_names_that_xml_cannot_hold_are_mended(tmp_path):
    track = song(1).tracks[0]
    odd = Track(
        '<&"\x00\x1b\ud800é', track.program, False, track.start, track.end, track.pitch, track.velocity
    )
    wanted = Arrangement([odd], np.array([[0.0, 120.0]]), np.array([[0.0, 4.0, 4.0]]))
    write_dawproject(wanted, tmp_path / "a.dawproject", "\x07")
    assert read_dawproject(tmp_path / "a.dawproject").tracks[0].name == '<&"\ufffd\ufffd\ufffdé'


def test_more_than_can_be_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.io.dawproject.MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="at most 1,000 are written"):
        write_dawproject(song(), tmp_path / "a.dawproject")
    assert list(tmp_path.iterdir()) == []


def test_a_clip_in_the_middle_is_placed(tmp_path):
    path = pack(tmp_path / "a", HEAD + PLAIN.format(clip='playStart="0.25"', notes=NOTE))
    (track,) = read_dawproject(path).tracks
    assert (track.name, track.start.tolist(), track.end.tolist()) == ("Lead", [4.25], [5.25])
    assert track.velocity.tolist() == [64]


ENTITY = '<!DOCTYPE Project [<!ENTITY a "b">]><Project version="&a;"/>'
OUTSIDE = '<!DOCTYPE Project SYSTEM "file:///etc/passwd"><Project version="1.0"/>'
BAD = {
    "entities": (ENTITY, "has a DOCTYPE"),
    "a file elsewhere": (OUTSIDE, "has a DOCTYPE"),
    "cut off": ("<Project><a>", "is damaged"),
    "another document": ("<html/>", "holds a 'html', expected a Project"),
    "deep": ("<Project>" + "<a>" * 100_000, "64 levels"),
    "key": (PLAIN.format(clip="", notes=NOTE.replace("60", "128")), "key 128, expected 0 to 127"),
    "NaN": (PLAIN.format(clip="", notes=NOTE.replace("0.5", "nan")), "time 'nan', expected a number"),
    "infinity": (
        PLAIN.format(clip="", notes=NOTE.replace('"1"', '"inf"')),
        "duration 'inf', expected a number",
    ),
    "words": (PLAIN.format(clip="", notes=NOTE.replace('"1"', '"one"')), "duration 'one', expected a number"),
    "seconds": (PLAIN.format(clip="", notes="").replace("beats", "seconds"), "only beats are read"),
    "a loop": (PLAIN.format(clip='loopStart="0"', notes=NOTE), "loops"),
    "no numerator": (
        '<Project><Transport><TimeSignature denominator="4"/></Transport></Project>',
        "numerator",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_a_sentence(text, message, tmp_path):
    path = pack(tmp_path / "bad.dawproject", text)
    with pytest.raises(ValueError, match=message) as error:
        read_dawproject(path)
    assert str(error.value).startswith(str(path))


def test_no_zip_and_a_zip_of_something_else(tmp_path):
    (tmp_path / "a").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="no DAWproject file"):
        read_dawproject(tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        archive.writestr("other.xml", "<a/>")
    with pytest.raises(ValueError, match=r"it has no project\.xml"):
        read_dawproject(tmp_path / "b")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = pack(tmp_path / "a", b" " * 3_000_000)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(dawproject_read, "MAX_BYTES", 1_000_000)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        read_dawproject(path)


def test_as_many_elements_as_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(dawproject_read, "MAX_ELEMENTS", 10)
    with pytest.raises(ValueError, match="more than 10 elements"):
        read_dawproject(pack(tmp_path / "a", PLAIN.format(clip="", notes=NOTE * 10)))
