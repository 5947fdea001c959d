"""Pictures of feel: early and late in their colours, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from note_seq import NoteSequence

from seqgen.io.groove_plot import EARLY, LATE, write_groove_plot


def beat(offset: float, velocity: int = 90, first: float = 0.0) -> NoteSequence:
    """Two bars of quarters, each so many quarters off its place."""
    sequence = NoteSequence()
    for quarter in range(8):
        start = max(first + quarter + offset, 0.0) / 2
        sequence.notes.add(pitch=38, velocity=velocity, start_time=start, end_time=start + 0.1, is_drum=True)
    return sequence


def area(path: Path, colour: str) -> int:
    image = np.rint(matplotlib.image.imread(path)[..., :3] * 255).astype(int)
    return int((image == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=-1).sum())


@pytest.mark.parametrize(("offset", "shown", "other"), [(-0.1, EARLY, LATE), (0.1, LATE, EARLY)])
def test_early_and_late_are_told_apart(tmp_path: Path, offset: float, shown: str, other: str) -> None:
    write_groove_plot([beat(0.0), beat(offset)], tmp_path / "a.png", ["before", "after"])
    legend = area(tmp_path / "a.png", other)
    assert area(tmp_path / "a.png", shown) > legend + 200
    write_groove_plot([beat(0.0), beat(2 * offset / 3)], tmp_path / "b.png", ["before", "after"])
    assert area(tmp_path / "b.png", shown) < area(tmp_path / "a.png", shown)


def test_the_same_music_gives_the_same_bytes_wherever_it_begins(tmp_path: Path) -> None:
    for name, first in (("a", 0.0), ("b", 0.0), ("late", 400.0)):
        write_groove_plot([beat(0.05, first=first)], tmp_path / f"{name}.png", ["x"], "heading")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert abs(area(tmp_path / "late.png", LATE) - area(tmp_path / "a.png", LATE)) < 60


def test_pieces_without_drums_are_empty_panels(tmp_path: Path) -> None:
    write_groove_plot([NoteSequence()], tmp_path / "e.png", ["empty"])
    assert (tmp_path / "e.png").stat().st_size > 1000


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected 1 to 16"):
        write_groove_plot([], tmp_path / "x.png", [])
    with pytest.raises(ValueError, match="1 came for 2 sequences"):
        write_groove_plot([beat(0), beat(0)], tmp_path / "x.png", ["one"])
    with pytest.raises(ValueError, match="cannot be written"):
        write_groove_plot([beat(0)], tmp_path / "nowhere" / "x.png", ["one"])
