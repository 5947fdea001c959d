"""Files that must be refused, and how quickly."""

import csv
import random
import time
from pathlib import Path

import numpy as np
import pytest

from seqgen.io import MidiError, read_midi, read_notes
from tests.io.midi_bytes import END, NOTE, ODD, TINY, midi

_LINES = (ODD / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
MANIFEST = list(csv.DictReader(_LINES, delimiter="\t"))


@pytest.mark.parametrize("row", MANIFEST, ids=lambda row: row["file"])
@pytest.mark.parametrize("read", [read_notes, read_midi])
def test_odd_files_behave_as_the_manifest_says(row: dict[str, str], read) -> None:
    path = ODD / row["file"]
    refused = (
        "jz_2-tracks-type-2.mid",
        "syn_truncated_track.mid",
        "syn_huge_delta.mid",
    )  # of those that say "either"
    if row["expected"] == "error" or row["file"] in refused:
        with pytest.raises(MidiError, match=row["file"]):
            read(path)
        return
    result = read(path)
    notes = result if read is read_notes else result.notes
    assert row["ref_pretty_midi"] == f"ok notes={len(notes)}"


def test_the_manifest_names_every_odd_file() -> None:
    assert {row["file"] for row in MANIFEST} == {path.name for path in ODD.glob("*.mid")}
    assert {row["expected"] for row in MANIFEST} == {"parse", "error", "either"}


# What is wrong, what the message says of it, the file.
DAMAGED = [
    ("empty", "empty", b""),
    ("not midi", "not a MIDI file", b"RIFF" + midi(NOTE + END)),
    ("short header", "cut off in its header", midi(NOTE)[:12]),
    ("long header", "8 bytes long", b"MThd\x00\x00\x00\x08" + midi(NOTE + END)[8:]),
    ("format 7", "format 7", midi(NOTE + END, form=7)),
    ("division 0", "0 ticks", midi(NOTE + END, division=0)),
    ("SMPTE", "SMPTE", midi(NOTE + END, division=0xE728)),
    ("no tracks", "no tracks", midi()),
    ("fewer tracks", "promises 3 tracks", midi(NOTE + END, count=3)),
    ("65535 tracks", "65,535 tracks", midi(*[END] * 5000, count=65535)),
    ("chunk beyond the file", "cut off in track 1", midi(NOTE + END)[:-1]),
    ("chunk of 4 GiB", "cut off in track 1", midi(NOTE).replace(b"MTrk\x00\x00\x00", b"MTrk\xff\xff\xff")),
    ("pitch above 127", "data byte above 127", midi(b"\x00\x90\xbc\x40\x60\x80\xbc\x00" + END)),
    ("velocity above 127", "data byte above 127", midi(b"\x00\x90\x3c\xc0" + END)),
    ("no status byte", "data where an event", midi(b"\x00\x3c\x40" + END)),
    ("event cut off", "cut off", midi(b"\x00\x90\x3c")),
    ("delta cut off", "no event", midi(NOTE + b"\x81")),
    ("delta of 5 bytes", "damaged", midi(b"\xff\xff\xff\xff\x7f\x90\x3c\x40" + END)),
    ("text beyond the track", "longer than the track", midi(b"\x00\xff\x01\x7fab" + END)),
    ("tempo of 2 bytes", "0x51 of 2 bytes", midi(b"\x00\xff\x51\x02\x07\xa1" + NOTE + END)),
    ("tempo 0", "tempo of 0", midi(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE + END)),
    ("signature 0/4", "signature of 0/4", midi(b"\x00\xff\x58\x04\x00\x02\x18\x08" + NOTE + END)),
    ("signature 4/2^200", "above 128", midi(b"\x00\xff\x58\x04\x04\xc8\x18\x08" + NOTE + END)),
    ("meta event above 127", "type 0xF7", midi(b"\x00\xff\xf7\x01a" + NOTE + END)),
    ("realtime message", "0xF8", midi(b"\x00\xf8" + NOTE + END)),
    ("ticks wrap around", "ticks long", midi(b"\xff\xff\xff\x7f\xff\x01\x00" * 17 + NOTE + END)),
]


@pytest.mark.parametrize(("message", "data"), [row[1:] for row in DAMAGED], ids=[row[0] for row in DAMAGED])
@pytest.mark.parametrize("read", [read_notes, read_midi])
def test_damaged_files_are_refused_with_the_reason(message: str, data: bytes, read) -> None:
    with pytest.raises(MidiError, match=message):
        read(data)


# What is odd, how many notes there are, the file.
TOLERATED = [
    ("no end of track", 1, midi(NOTE)),
    ("events after the end", 1, midi(NOTE + END + b"\xff\xff\xff")),
    ("unknown chunk", 1, midi(NOTE + END)[:14] + b"XFIH\x00\x00\x00\x02ab" + midi(NOTE + END)[14:]),
    ("junk after the tracks", 1, midi(NOTE + END) + b"junk"),
    ("more tracks than promised", 1, midi(NOTE + END, NOTE + END, count=1)),
    ("system exclusive", 1, midi(b"\x00\xf0\x03\x01\x02\xf7" + NOTE + END)),
    ("escape that looks like a note", 1, midi(b"\x81\x77\xf7\x06\x00\x90\x40\x20\x00\x00" + NOTE + END)),
    ("running status over a text", 1, midi(b"\x00\x90\x3c\x40\x00\xff\x01\x01a\x60\x3c\x00" + END)),
    ("note never released", 0, midi(b"\x00\x90\x3c\x40" + END)),
    ("release of no note", 0, midi(b"\x00\x80\x3c\x40" + END)),
    ("format 2 of one track", 1, midi(NOTE + END, form=2)),
    ("key signature of 100 sharps", 1, midi(b"\x00\xff\x59\x02\x64\x07" + NOTE + END)),
]


@pytest.mark.parametrize(("notes", "data"), [row[1:] for row in TOLERATED], ids=[row[0] for row in TOLERATED])
def test_harmless_oddities_are_read(notes: int, data: bytes) -> None:
    assert len(read_notes(data)) == len(read_midi(data).notes) == notes


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match="no such file"):
        read_notes(tmp_path / "missing.mid")
    with pytest.raises(MidiError, match="folder"):
        read_midi(str(tmp_path))
    with pytest.raises(MidiError, match="cannot be read"):
        read_notes("a\0b.mid")
    with pytest.raises(MidiError, match="not an ordinary file"):
        read_notes("/dev/null")


def test_over_16_mebibytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.mid"
    with path.open("wb") as stream:
        stream.write(midi(NOTE + END))
        stream.truncate(2**34)  # a hole: 16 GiB that take no space, and would take all memory
    with pytest.raises(MidiError, match="16 MiB"):
        read_notes(path)


def test_a_million_events_and_one_are_refused_quickly() -> None:
    begun = time.process_time()
    with pytest.raises(MidiError, match="1,000,000 events"):
        read_notes(midi(b"\x01\x90\x3c\x40" + b"\x01\x3c\x00" * 1_000_000))
    with pytest.raises(MidiError, match="1,000,000 events"):
        read_notes(midi(b"\x01\x90\x3c\x40" + b"\x01\x3c\x00" * ((2**24 - 30) // 3)))
    with pytest.raises(MidiError, match="100,000 meta events"):
        read_notes(midi(b"\x01\xff\x01\x00" * 4_000_000))
    # A stretch of notes, then texts and messages without status byte: not to be searched again for each.
    with pytest.raises(MidiError, match="meta events"):
        read_notes(midi(b"\x01\x90\x3c\x40" * 100_000 + b"\x01\xff\x01\x00\x01\x3c\x00" * 100_001))
    assert time.process_time() - begun < 20


def test_a_million_events_are_read() -> None:
    notes = read_notes(midi((b"\x00\x90\x3c\x40\x01\x80\x3c\x40") * 499_999 + END))
    assert len(notes) == 499_999
    np.testing.assert_array_equal(notes.start * 96, np.arange(499_999))


def test_over_24_hours_is_refused() -> None:
    # At 120 quarters a minute and 1 tick a quarter, 24 hours are 172,800 ticks.
    def lasting(ticks: int) -> bytes:
        delta = bytes([0x80 | ticks >> 14, 0x80 | ticks >> 7 & 127, ticks & 127])
        return midi(b"\x00\x90\x3c\x40" + delta + b"\x80\x3c\x00" + END, division=1)

    assert read_notes(lasting(172_800)).length == 172_800
    with pytest.raises(MidiError, match=r"24\.0 hours"):
        read_notes(lasting(172_801))


def test_mutated_files_parse_or_are_refused() -> None:
    """Without the checks before it, symusic ends the process on some of these."""
    dice = random.Random(1)
    originals = [path.read_bytes() for path in sorted([*ODD.glob("*.mid"), *TINY])]
    outcomes = {"parsed": 0, "refused": 0}
    for _ in range(600):
        data = bytearray(dice.choice(originals))
        if dice.random() < 0.2:
            del data[dice.randrange(len(data) + 1) :]
        for _ in range(dice.choice([1, 1, 2, 8, 64])):
            if data:
                data[dice.randrange(len(data))] = dice.choice(
                    [dice.randrange(256), 0xFF, 0x80, 0x7F, 0xF0, 0]
                )
        try:
            notes = read_notes(bytes(data))
        except MidiError:
            outcomes["refused"] += 1
        else:
            outcomes["parsed"] += 1
            assert (notes.start >= 0).all()
            assert (notes.end >= notes.start).all()
            assert ((notes.pitch >= 0) & (notes.velocity > 0)).all()
    assert min(outcomes.values()) > 50
