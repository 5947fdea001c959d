"""The same tensors as Magenta's converters for the same notes, but for the repairs that are listed here."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from seqgen.io.notes import NoteTable
from seqgen.representation.drum_map import FULL
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import MelodyConverter

FIXTURES = Path(__file__).parents[1] / "fixtures" / "converters"
CASES = json.loads((FIXTURES / "magenta.json").read_text())

CONVERTERS = {
    "mel2": MelodyConverter(2, min_notes=0, programs=range(32)),
    "mel2_noprogfilter_chords": MelodyConverter(2, min_notes=0),
    "mel16": MelodyConverter(16, min_notes=0),
    "drums2": DrumConverter(2, min_notes=0),
}

REPEATED_ACROSS_METRES = (
    "Magenta drops equal windows only between two changes of metre, we drop them everywhere"
)
SPLIT_BY_TEMPO = "Magenta ends a melody where the tempo changes, we read on"
# (piece, converter): (how many windows we have less, how many more, why)
REPAIRS = {
    ("lieder-lc6239101", "mel2"): (16, 0, REPEATED_ACROSS_METRES),
    ("lieder-lc6239101", "mel2_noprogfilter_chords"): (16, 0, REPEATED_ACROSS_METRES),
    ("lieder-lc6565727", "mel2"): (2, 0, REPEATED_ACROSS_METRES),
    ("lieder-lc6565727", "mel2_noprogfilter_chords"): (2, 0, REPEATED_ACROSS_METRES),
    ("lieder-lc6635424", "mel2"): (2, 0, REPEATED_ACROSS_METRES),
    ("lieder-lc6635424", "mel2_noprogfilter_chords"): (2, 0, REPEATED_ACROSS_METRES),
    ("h_tempo_change", "mel2"): (0, 1, SPLIT_BY_TEMPO),
    ("h_tempo_change", "mel2_noprogfilter_chords"): (0, 1, SPLIT_BY_TEMPO),
}

# What nade-drums_2bar_full reads: windows, and the check sum of all, 61 bits a step as int16.
FULL_DRUMS = {
    "drummer1_session2_34_punk_128_beat_4-4": (
        3,
        "e631be60d046b565e7b98a56dcc270c814cc21882eb9d1f7effcb04a0b2274a0",
    ),
    "drummer3_session1_19_jazz_120_beat_4-4": (
        4,
        "033b334e7979407675f27a5a7227d162d67b42cdab4a5da249e8a907b4907f11",
    ),
    "drummer3_session1_6_rock_105_beat_4-4": (
        4,
        "f3065f10af8a45b51204c6ee779f8052118c045fb0a70e9f959ce51c4b58706e",
    ),
    "drummer3_session2_31_hiphop_92_beat_4-4": (
        4,
        "bcd55fec9c848204ed1875da2a9c16bd7750caea36cc99d070f536aeff7eaa5b",
    ),
    "h_drums": (
        3,
        "501c9fa4e61bb08c7daca395366962a7e3979000097957f9a447bd27cf8fc2a1",
    ),
    "h_drums_unmapped": (
        1,
        "f72afa77b38c7f19d13685197f86e6ed0e3721c81790c23f69486367041b30cb",
    ),
    "h_drums_rest_bar": (
        1,
        "220dced8ffd3b66b48ae7b41d322e53117348e01bb27e72989222533a7aff88c",
    ),
}


def case_id(case: dict) -> str:
    return f"{case['piece']}-{case['converter']}"


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "magenta.npz") as file:
        return dict(file)


def piece(arrays: dict[str, np.ndarray], name: str) -> NoteTable:
    pitch, velocity, program, instrument, is_drum = arrays[f"{name}/notes"]
    start, end = arrays[f"{name}/times"]
    return NoteTable(
        start=start,
        end=end,
        pitch=pitch,
        velocity=velocity,
        program=program,
        instrument=instrument.astype(np.int32),
        is_drum=is_drum.astype(bool),
        tempos=arrays[f"{name}/tempos"],
        time_signatures=arrays[f"{name}/time_signatures"],
    )


def in_magentas_order(tokens: np.ndarray) -> list[bytes]:
    """Rows as big-endian bytes, sorted."""
    return sorted(row.astype(">i2").tobytes() for row in tokens)


@pytest.mark.parametrize(
    "case", [c for c in CASES["encode"] if (c["piece"], c["converter"]) not in REPAIRS], ids=case_id
)
def test_windows_are_magentas(case: dict, arrays: dict[str, np.ndarray]) -> None:
    ours = in_magentas_order(CONVERTERS[case["converter"]].encode(piece(arrays, case["piece"])))
    assert len(ours) == case["count"]
    stored = arrays.get(f"{case['piece']}/{case['converter']}", np.zeros((0, 0), np.int16))
    assert ours[: len(stored)] == in_magentas_order(stored)
    all_bytes = b"".join(np.frombuffer(row, ">i2").astype("<i2").tobytes() for row in ours)
    assert hashlib.sha256(all_bytes).hexdigest() == case["sha256"]


@pytest.mark.parametrize(
    "case", [c for c in CASES["encode"] if (c["piece"], c["converter"]) in REPAIRS], ids=case_id
)
def test_windows_are_magentas_but_for_a_repair(case: dict, arrays: dict[str, np.ndarray]) -> None:
    fewer, more, why = REPAIRS[case["piece"], case["converter"]]
    table = piece(arrays, case["piece"])
    ours = in_magentas_order(CONVERTERS[case["converter"]].encode(table))
    assert len(ours) == case["count"] - fewer + more
    theirs = in_magentas_order(arrays[f"{case['piece']}/{case['converter']}"])
    assert set(theirs) <= set(ours)
    if why is REPEATED_ACROSS_METRES:
        assert len(table.time_signatures) > 1
        assert max(Counter(theirs).values()) > 1
    else:
        assert len(table.tempos) > 1


@pytest.mark.parametrize("name", FULL_DRUMS)
def test_windows_of_the_full_kit_are_magentas(name: str, arrays: dict[str, np.ndarray]) -> None:
    tokens = DrumConverter(2, min_notes=0, kit=FULL).encode(piece(arrays, name))
    rolls = in_magentas_order(tokens[..., None] >> np.arange(61) & 1)
    little_endian = b"".join(np.frombuffer(row, ">i2").astype("<i2").tobytes() for row in rolls)
    assert (len(rolls), hashlib.sha256(little_endian).hexdigest()) == FULL_DRUMS[name]


def test_the_fixtures_have_music() -> None:
    assert sum(case["count"] for case in CASES["encode"]) > 500
    assert {case["converter"] for case in CASES["encode"]} == set(CONVERTERS)


@pytest.mark.parametrize("case", CASES["decode"], ids=lambda case: f"{case['id']}-{case['converter']}")
def test_decoded_notes_are_magentas(case: dict, arrays: dict[str, np.ndarray]) -> None:
    """Time, pitch and kind; the velocity of Magenta's notes is always 80."""
    converter = CONVERTERS[case["converter"]]
    sequence = converter.decode(arrays[f"decode/{case['id']}/tokens"], qpm=case["qpm"])
    ours = sorted((n.start_time, n.end_time, n.pitch, n.is_drum) for n in sequence.notes)
    theirs = sorted(
        (start, end, pitch, drum) for start, end, pitch, _, _, _, drum in arrays[f"decode/{case['id']}/notes"]
    )
    np.testing.assert_allclose(np.array(ours, float), np.array(theirs, float), rtol=0, atol=1e-9)
