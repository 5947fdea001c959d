"""A config names a converter, and both kinds keep the same promises."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from seqgen.io.notes import NoteTable
from seqgen.representation.converter import Converter, RepresentationConfig, make_converter
from seqgen.representation.drum_map import FULL
from seqgen.representation.drums import DrumConverter
from seqgen.representation.melody import MelodyConverter
from seqgen.representation.trio import TrioConverter


def test_a_config_makes_its_converter() -> None:
    melody = RepresentationConfig("melody", 16, 2.0, 4, 3, (0, 32), True)
    assert make_converter(melody) == MelodyConverter(16, 2.0, 4, 3, range(32), True)
    assert make_converter(RepresentationConfig("drums", 4, 3.0, 2)) == DrumConverter(4, 3.0, 2)
    full = RepresentationConfig("drums_full", 4, 3.0, 2)
    assert make_converter(full) == DrumConverter(4, 3.0, 2, kit=FULL)
    assert make_converter(RepresentationConfig()) == MelodyConverter(2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("bars", 0), ("gap_bars", 0.5), ("min_notes", -1), ("min_unique_pitches", -1), ("programs", (9, 3))],
)
def test_a_config_names_the_wrong_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: expected"):
        dataclasses.replace(RepresentationConfig(), **{field: value})


def test_a_config_makes_a_trio_converter() -> None:
    config = RepresentationConfig("trio", 16, 2.0, 4, programs=(0, 96), two_four=True)
    assert make_converter(config) == TrioConverter(16, 2.0, 4, range(96), True)
    assert make_converter(RepresentationConfig("trio", 4)).programs == range(32)


def test_there_is_no_other_representation() -> None:
    with pytest.raises(
        (ValueError, TypeError), match="quartet"
    ):  # a TypeError where types are checked, as in tests
        RepresentationConfig("quartet")


@pytest.mark.parametrize("name", ["melody", "drums"])
def test_both_keep_their_promises(name: str, table: Callable[..., NoteTable]) -> None:
    converter: Converter = make_converter(RepresentationConfig(name, bars=3))
    assert (converter.name, converter.bars, converter.steps) == (name, 3, 48)
    assert converter.vocabulary_size == {"melody": 90, "drums": 512}[name]
    nothing = converter.encode(table([]))
    assert nothing.shape == (0, 48)
    assert nothing.dtype == converter.dtype == np.int16
    pitches = [(36, 38, 42, 46, 49)[quarter**2 % 5] for quarter in range(20)]
    piece = table([(q, q + 1, pitch) for q, pitch in enumerate(pitches)], drums=name == "drums")
    rows = converter.encode(piece)
    assert rows.dtype == np.int16
    assert rows.shape == (3, 48)
    assert converter.transposition_key(rows).dtype == np.int16
    np.testing.assert_array_equal(converter.encode_clip(piece, start_bar=1), rows[1])
    np.testing.assert_array_equal(converter.encode(converter.decode(rows[0])), rows[:1])


def test_windows_of_a_piece_come_in_a_fixed_order(table: Callable[..., NoteTable]) -> None:
    rows = [(q, q + 1, 60 + (q * 7 + track) % 11, track) for q in range(16) for track in (3, 1)]
    windows = MelodyConverter(2).extract(table(rows)).windows
    assert [(w.instrument, w.start_bar) for w in windows] == [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (3, 2)]


def test_reading_needs_no_music_library() -> None:
    code = (
        "import sys, seqgen.representation.converter\n"
        "print({'note_seq', 'torch', 'symusic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
