"""Exports are valid, spoilt ones are not, and our schema takes nothing that the format's refuses."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from seqgen.cli.main import main
from seqgen.io.arrangement import Arrangement, Track
from seqgen.io.dawproject import write_dawproject
from tests.io.dawproject_schema import FOLDER, SCHEMAS, assert_valid, document, ours, the_formats
from tests.io.test_arrangement import song

TESTS = Path(__file__).parents[1]
FILES = [
    *sorted((TESTS.parent / "examples").glob("*.mid")),
    *sorted((TESTS / "fixtures" / "tiny").rglob("*.mid"))[::7],
    *(TESTS / "fixtures" / "odd_midi" / f"{name}.mid" for name in (
        "muspy_pitches", "muspy_time-signatures", "ns_example_event_order", "syn_name_latin1", "syn_triplets",
    )),
]  # fmt: skip


@pytest.mark.parametrize("tracks", [0, 1, 3])
def test_an_arrangement_in_changing_tempo_and_metre_is_valid(tracks, tmp_path):
    write_dawproject(song(tracks), tmp_path / "a.dawproject", "A title")
    assert_valid(tmp_path / "a.dawproject")
    metadata = etree.fromstring(document(tmp_path / "a.dawproject", "metadata.xml"))
    assert metadata.findtext("Title") == "A title"


def test_the_least_and_the_most_of_every_number_are_valid(tmp_path):
    start = np.array([0.0, 5e-324, 1e-7, 1 / 3, 39_999.9])
    pitch, velocity = np.array([0, 127, 0, 127, 60], np.int16), np.array([1, 127, 1, 127, 64], np.int16)
    tracks = [Track(name, 127, name == "", start, start + 0.1, pitch, velocity) for name in ("", "]]>", "\r")]
    tempos = np.array([[0.0, 1e-3], [1e-9, 1e7]])
    wanted = Arrangement(tracks, tempos, np.array([[0.0, 1.0, 64.0], [0.1, 255.0, 1.0]]))
    write_dawproject(wanted, tmp_path / "a.dawproject", "\ud800<&\0\U0001f3b9")
    assert_valid(tmp_path / "a.dawproject")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_export_makes_of_a_file_is_valid(path, tmp_path):
    out = tmp_path / "Ä <piece> & more.dawproject"
    assert main(["export", str(path), str(out)]) == 0
    assert_valid(out)


def test_what_export_makes_of_all_files_is_valid(tmp_path):
    assert main(["export", *map(str, FILES), str(tmp_path / "all.dawproject")]) == 0
    assert_valid(tmp_path / "all.dawproject")


SPOILT = {
    "no version of the format": (r'(<Project) version="1\.0"', r"\1"),
    "no name of the application": (r' name="seqgen"', ""),
    "no application": (r"<Application.*?/>", ""),
    "two applications": (r"(<Application.*?/>)", r"\1\1"),
    "no unit": (r' unit="bpm"', ""),
    "an unknown unit": ('unit="bpm"', 'unit="qpm"'),
    "no numerator": (r' numerator="3"', ""),
    "no denominator": (r' denominator="4"', ""),
    "a numerator in words": ('numerator="3"', 'numerator="three"'),
    "the metre before the tempo": (r"(<Tempo .*?/>)\s*(<TimeSignature .*?/>)", r"\2\1"),
    "the arrangement before the structure": (r"(<Structure>.*</Structure>)(.*</Arrangement>)", r"\2\1"),
    "an unknown content": ('contentType="notes"', 'contentType="midi"'),
    "contents with a comma": ('contentType="audio notes"', 'contentType="audio,notes"'),
    "neither yes nor no": ('loaded="true"', 'loaded="yes"'),
    "an unknown role": ('role="regular"', 'role="main"'),
    "half a channel": ('audioChannels="2"', 'audioChannels="2.5"'),
    "an id that is a number": ('id="id1"', 'id="1"'),
    "an id that is there twice": ('id="id2"', 'id="id1"'),
    "an unknown time": ('timeUnit="beats"', 'timeUnit="quarters"'),
    "a clip nowhere": (r'(<Clip) time="0\.0"', r"\1"),
    "a clip that begins in words": ('playStart="0.0"', 'playStart="start"'),
    "a clip in something else": (r"<Clips (.*?)</Clips>", r"<Lane \1</Lane>"),
    "notes twice in a clip": (r"(<Notes.*?</Notes>)", r"\1\1"),
    "a note nowhere": (r'(<Note) time="[^"]*"', r"\1"),
    "a note without an end": (r'(<Note [^>]*) duration="[^"]*"', r"\1"),
    "a note without a channel": (r' channel="0"', ""),
    "a note without a key": (r' key="\d+"', ""),
    "a key between two": (r'key="(\d+)"', r'key="\1.5"'),
    "an unknown attribute of a note": ("<Note ", '<Note pitch="60" '),
    "an attribute of another spelling": ("vel=", "velocity="),
    "an unknown element": (r"<Note ([^>]*)/>", r"<Hit \1/>"),
    "text between notes": (r"(<Note [^>]*/>)", r"\1 and "),
    "a tempo change without a value": (r'(<RealPoint [^>]*) value="[^"]*"', r"\1"),
    "an unknown interpolation": ('interpolation="hold"', 'interpolation="curve"'),
    "no target": (r"<Target [^>]*/>", ""),
    "a target after its points": (r"(<Target [^>]*/>)\s*(<RealPoint [^>]*/>)", r"\2\1"),
    "metre changes before tempo changes": (
        r"(<TempoAutomation .*</TempoAutomation>)\s*(<TimeSignatureAutomation .*</TimeSignatureAutomation>)",
        r"\2\1",
    ),
    "tempo changes before the lanes": (
        r"(<Lanes .*</Lanes>)\s*(<TempoAutomation .*</TempoAutomation>)",
        r"\2\1",
    ),
}  # fmt: skip
"""pattern and replacement, once, in project.xml; the format's schema refuses them all"""

ONLY_OURS = {
    "a note at a word": (r'(<Note) time="[^"]*"', r'\1 time="soon"'),
    "a note at no number": (r'(<Note) time="[^"]*"', r'\1 time="NaN"'),
    "a clip without end": (r'duration="[^"]*" playStart', 'duration="INF" playStart'),
    "a note that lasts less than nothing": (r'(<Note [^>]*) duration="', r'\1 duration="-'),
    "a key over 127": (r'key="\d+"', 'key="128"'),
    "a velocity of 127": (r'vel="[^"]*"', 'vel="127"'),
    "channel 16": ('channel="0"', 'channel="16"'),
    "a tempo of nothing": (r'(<Tempo [^>]*) value="[^"]*"', r'\1 value="0"'),
    "another version": ('<Project version="1.0"', '<Project version="2.0"'),
    "music of no track": (r'track="[^"]*"', 'track="id1"'),
    "a mix that leads nowhere": (r'destination="[^"]*"', 'destination="id1"'),
    "tempo changes of something else": (r'parameter="[^"]*"', 'parameter="id5"'),
}
"""text that the format's schema takes"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("project") / "a.dawproject"
    write_dawproject(song(3, notes=3), path, "A title")
    return document(path).decode().partition("?>")[2].strip()


def spoil(project: str, pattern: str, replacement: str) -> etree._Element:
    text, count = re.subn(pattern, replacement, project, count=1, flags=re.DOTALL)
    assert count == 1
    assert text != project
    return etree.fromstring(text)


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT)
def test_spoilt_ones_are_refused(change, project):
    assert [s.__name__ for s in SCHEMAS if s("project.xml").validate(spoil(project, *change))] == []


@pytest.mark.parametrize("change", ONLY_OURS.values(), ids=ONLY_OURS)
def test_ours_refuses_more(change, project):
    assert not ours("project.xml").validate(spoil(project, *change))


def shaken(tree: etree._Element, rng: random.Random, attributes: list[tuple[str, str]]) -> None:
    """One change anywhere: of an attribute, or of where an element stands."""
    elements = list(tree.iter())
    one, other = rng.choice(elements), rng.choice(elements)
    inside = other in list(one.iter()) or one in list(other.iter())
    change = rng.randrange(6)
    if change == 0 and one.attrib:
        del one.attrib[rng.choice(sorted(one.attrib))]
    elif change == 1 and one.attrib:
        one.set(rng.choice(sorted(one.attrib)), rng.choice(attributes)[1])
    elif change == 2:
        one.set(*rng.choice(attributes))
    elif change == 3 and one is not tree:
        one.getparent().remove(one)
    elif change == 4 and not inside:
        other.insert(rng.randrange(len(other) + 1), one)
    elif change == 5:
        one.tag = other.tag


if FOLDER:

    def test_what_ours_takes_the_formats_takes(project):
        rng = random.Random(5)
        tree = etree.fromstring(project)
        known = [(str(name), str(value)) for each in tree.iter() for name, value in each.items()]
        odd = ("", " ", "-1", "0", "1.5", "1e3", "INF", "NaN", "+1", ".5", "true", "seconds", "99999999999")
        attributes = sorted({*known, *((name, value) for name, _ in known for value in odd)})
        mine, theirs = ours("project.xml"), the_formats("project.xml")
        taken = refused = 0
        for _ in range(10_000):
            tree = etree.fromstring(project)
            for _ in range(rng.randrange(1, 4)):
                shaken(tree, rng, attributes)
            if mine.validate(tree):
                taken += 1
                assert theirs.validate(tree), (theirs.error_log, etree.tostring(tree))
            refused += not theirs.validate(tree)
        assert min(taken, refused) > 500, (taken, refused)
