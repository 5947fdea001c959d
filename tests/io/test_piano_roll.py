"""Pictures: their size, their colours, the same bytes each time."""

import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from note_seq import NoteSequence

from seqgen.io import MidiError, write_piano_roll
from seqgen.io.piano_roll import COLOURS


def clip(*pitches: int, step: float = 0.5, is_drum: bool = False) -> NoteSequence:
    sequence = NoteSequence(total_time=len(pitches) * step)
    for index, pitch in enumerate(pitches):
        start = index * step
        sequence.notes.add(pitch=pitch, velocity=90, start_time=start, end_time=start + step, is_drum=is_drum)
    return sequence


def pixels(path: Path) -> np.ndarray:
    """[height, width, 3] 0 to 255."""
    return np.rint(matplotlib.image.imread(path)[..., :3] * 255).astype(int)


def area(image: np.ndarray, name: str) -> int:
    colour = [int(COLOURS[name][i : i + 2], 16) for i in (1, 3, 5)]
    return int((image == colour).all(axis=-1).sum())


def test_two_bars_are_side_by_side_and_sixteen_below_each_other(tmp_path: Path) -> None:
    write_piano_roll([clip(*range(60, 68))] * 7, tmp_path / "short.png", dpi=50)
    write_piano_roll([clip(*range(60, 68), step=4.0)] * 7, tmp_path / "long.png", dpi=50)
    short, long = pixels(tmp_path / "short.png").shape, pixels(tmp_path / "long.png").shape
    assert short[1] == 725  # 7 panels of 1.9 inches, and 1.2 for the axis
    assert short[0] < short[1] / 2
    assert long[1] == 13 * 50
    assert long[0] > long[1] / 2


def test_colours_say_where_a_note_is_from(tmp_path: Path) -> None:
    a, b = clip(60, 62, 64, 65), clip(60, 67, 69, 71)
    path = tmp_path / "a.png"
    write_piano_roll([a, b], path, dpi=80)
    ends = {name: area(pixels(path), name) for name in COLOURS}
    write_piano_roll([a, clip(60, 62, 69, 72), b], path, dpi=80)
    steps = {name: area(pixels(path), name) for name in COLOURS}
    # The new panel has one note of each kind; the legend, with all four colours, is in both pictures.
    added = {name: steps[name] - ends[name] for name in COLOURS}
    assert min(added.values()) > 200
    assert max(added.values()) < 1.5 * min(added.values())


def test_drums_have_lanes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_piano_roll([clip(36, 38, 36, 38, is_drum=True), clip(36, 42, 49, 46, is_drum=True)], path, dpi=80)
    drums = pixels(path)
    # The pitch is another, the drum is the same: 35 is a kick too.
    write_piano_roll([clip(35, 38, 36, 40, is_drum=True), clip(36, 42, 49, 46, is_drum=True)], path, dpi=80)
    assert (pixels(path) == drums).all()
    write_piano_roll([clip(36, 38, 36, 38), clip(36, 42, 49, 46)], path, dpi=80)
    assert pixels(path).shape != drums.shape or (pixels(path) != drums).any()


def test_drums_of_a_band_are_below_its_pitches(tmp_path: Path) -> None:
    path = tmp_path / "a.png"

    def band(hit: int, low: int = 48) -> np.ndarray:
        piece = clip(low, 70, 80, 100)
        piece.notes.extend(clip(36, hit, is_drum=True).notes)
        write_piano_roll([piece], path, dpi=80)
        return pixels(path)

    drums = band(38)
    assert (band(40) == drums).all(), "another pitch of the same drum"
    assert (band(42) != drums).any()
    # A kick is written as 36; were it drawn among the pitches, the axis would have to reach down to it.
    write_piano_roll([clip(48, 70, 80, 100)], path, dpi=80)
    assert pixels(path).shape[0] < drums.shape[0] < band(38, low=36).shape[0]


def test_the_same_music_gives_the_same_bytes_and_other_music_others(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, last in zip(paths, (67, 67, 68), strict=True):
        write_piano_roll([clip(60, 62), clip(60, last)], path, heading="seed 1", dpi=60)
    first, second, third = (path.read_bytes() for path in paths)
    assert first == second != third
    assert b"Software" not in first


@pytest.mark.parametrize("sequences", [[clip(60)], [NoteSequence(), NoteSequence()], [clip(0, 127)] * 2])
def test_odd_clips_can_be_drawn(sequences: list[NoteSequence], tmp_path: Path) -> None:
    write_piano_roll(sequences, tmp_path / "a.png", dpi=40)
    assert pixels(tmp_path / "a.png").std() > 0


def test_nothing_global_is_loaded(tmp_path: Path) -> None:
    assert "matplotlib.pyplot" not in sys.modules


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sequences: 0 came"):
        write_piano_roll([], tmp_path / "a.png")
    with pytest.raises(ValueError, match="titles: 1 came for 2"):
        write_piano_roll([clip(60), clip(61)], tmp_path / "a.png", titles=["A"])
    with pytest.raises(MidiError, match="cannot be written"):
        write_piano_roll([clip(60)], tmp_path / "missing" / "a.png", dpi=30)


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"seqgen\[plot\]"):
        write_piano_roll([clip(60)], tmp_path / "a.png")
