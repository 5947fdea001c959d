"""DAWproject: written, valid, read again; and files not to be trusted."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from seqgen.io import dawproject_read
from seqgen.io.arrangement import Arrangement, Track
from seqgen.io.dawproject import write_dawproject
from seqgen.io.dawproject_read import read_dawproject
from tests.io.dawproject_schema import assert_valid
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


def written(arrangement: Arrangement, path: Path, title: str = "") -> Path:
    """A file that is valid."""
    write_dawproject(arrangement, path, title)
    assert_valid(path)
    return path


def pack(path: Path, project: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.xml", project)
    return path


def test_a_round_trip_changes_no_number(tmp_path):
    wanted = song()
    assert_same(read_dawproject(written(wanted, tmp_path / "a.dawproject", "a")), wanted)


def test_places_off_any_grid_survive(tmp_path):
    rng = np.random.default_rng(3)
    edges = np.sort(rng.integers(0, 100_000, 4000)) / rng.choice([3.0, 7.0, 480.0, 1 / np.pi], 4000)
    start, end = np.minimum(edges[:2000], edges[2000:]), np.maximum(edges[:2000], edges[2000:])
    order = np.lexsort((end, start))
    assert (start + (end - start) != end).any()  # floats would not do
    column = np.full(2000, 60, np.int16)
    track = Track("odd", 127, False, start[order], end[order], column, column)
    wanted = Arrangement([track], np.array([[0.0, 99.99]]), np.array([[0.0, 7.0, 8.0]]))
    assert_same(read_dawproject(written(wanted, tmp_path / "a.dawproject")), wanted)


def test_every_velocity_survives(tmp_path):
    start = np.arange(127.0)
    velocity = np.arange(1, 128, dtype=np.int16)
    track = Track("v", 0, False, start, start + 1, np.full(127, 60, np.int16), velocity)
    wanted = Arrangement([track], np.array([[0.0, 120.0]]), np.array([[0.0, 4.0, 4.0]]))
    assert_same(read_dawproject(written(wanted, tmp_path / "a.dawproject")), wanted)


def test_the_same_music_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        written(song(), tmp_path / name, "x")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_names_that_xml_cannot_hold_are_mended(tmp_path):
    track = song(1).tracks[0]
    odd = Track(
        '<&"\x00\x1b\ud800é', track.program, False, track.start, track.end, track.pitch, track.velocity
    )
    wanted = Arrangement([odd], np.array([[0.0, 120.0]]), np.array([[0.0, 4.0, 4.0]]))
    path = written(wanted, tmp_path / "a.dawproject", "\x07")
    assert read_dawproject(path).tracks[0].name == '<&"\ufffd\ufffd\ufffdé'


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
