"""The curve: every system and label is there, labels do not cover one another, the same bytes each time."""

import sys
from itertools import combinations

import matplotlib.image
import numpy as np
import pytest
from matplotlib.text import Annotation

from seqgen.evaluation import curve
from seqgen.evaluation.curve import STYLES, Point, write_curve


def point(family, label, bleu, lag, interval=None):
    return Point(family, label, bleu, {"AL": lag, "LAAL": lag + 0.2, "DAL": lag + 1.0}, interval)


CROWD = [
    *(
        point("wait-k", f"k={k}", 30.0 - 8.0 / k, k + 0.3, (29.5 - 8.0 / k, 30.5 - 8.0 / k))
        for k in (1, 3, 5, 7)
    ),
    *(point("MoChA", f"chunk {w}", 28.0 + w / 10, 3.3 + w / 100) for w in (2, 4, 8)),
    *(point("MILk", f"λ={w:g}", 30.5 - 3 * w, 4.5 - 3 * w) for w in (0.05, 0.1, 0.2, 0.4)),
]


def test_labels_are_all_there_and_none_covers_another():
    figure = curve._draw(CROWD, ["wait-k", "MoChA", "MILk"], 31.0, "", 100)
    figure.canvas.draw()
    for axis in figure.axes:
        notes = [text for text in axis.texts if isinstance(text, Annotation)]
        assert sorted(text.get_text() for text in notes) == sorted(p.label for p in CROWD)
        boxes = [super(Annotation, text).get_window_extent() for text in notes]  # without its line
        inside = axis.get_window_extent()
        assert all(inside.x0 <= b.x0 and b.x1 <= inside.x1 and b.y0 >= inside.y0 for b in boxes)
        for a, b in combinations(boxes, 2):
            assert min(a.x1, b.x1) - max(a.x0, b.x0) < 2 or min(a.y1, b.y1) - max(a.y0, b.y0) < 2


def test_a_colour_for_each_family_and_a_dashed_ceiling(tmp_path):
    path = tmp_path / "a.png"
    write_curve(CROWD, path, 31.0, "heading", dpi=60)
    image = np.rint(matplotlib.image.imread(path)[..., :3] * 255).astype(int)
    for colour, _ in STYLES[:3]:
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (image == rgb).all(-1).sum() > 100
    write_curve(CROWD, tmp_path / "b.png", None, "heading", dpi=60)
    assert path.read_bytes() != (tmp_path / "b.png").read_bytes()


def test_the_same_systems_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_curve(CROWD[:2], tmp_path / name, 31.0, dpi=50)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_one_system_without_a_label_can_be_drawn(tmp_path):
    write_curve([point("hard", "", 20.0, 2.0)], tmp_path / "a.png", dpi=40)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "points: expected 1 to 8 families of systems, got 0"),
        ([point(str(i), "", 1.0, 1.0) for i in range(9)], "got 9"),
        ([point("MILk", "a", float("nan"), 1.0)], "points: expected finite BLEU, AL, LAAL, DAL of MILk a"),
        ([Point("MILk", "a", 1.0, {"AL": 1.0, "LAAL": 1.0})], "points: expected finite BLEU, .*nan"),
    ],
    ids=["none", "too many", "nan", "no DAL"],
)
def test_bad_points_are_named(points, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_curve(points, tmp_path / "a.png")


def test_a_path_that_cannot_be_written_and_a_missing_extra_are_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="cannot be written"):
        write_curve(CROWD[:1], tmp_path / "missing" / "a.png", dpi=30)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"seqgen\[plot\]"):
        write_curve(CROWD[:1], tmp_path / "a.png")
