"""Labels of points in a picture, each placed where it covers least of what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

SIZE = 8.5
"""points"""
_NEAR, _FAR = 5.0, 15.0
"""distance of a label from its point, in points"""
Line = tuple[Sequence[float], Sequence[float], Sequence[str], str]
"""x, y, labels and colour of a family's points"""
Bar = tuple[float, float, float]
"""x, and y from and to"""


def place_labels(
    axis: Axes, lines: Sequence[Line], bars: Sequence[Bar] = (), level: float | None = None
) -> None:
    """Write the labels beside their points; a far one gets a thin line to its point.

    A greedy search, one label after another: boxes around each point are tried, and a box costs what it
    covers of labels, points, lines, bars, `level` and the outside. The axis' limits are final from here on.
    """
    axis.set_xlim(axis.get_xlim())
    axis.set_ylim(axis.get_ylim())
    dots = axis.figure.dpi / 72
    taken = _obstacles(axis, lines, bars, level)
    view = axis.get_window_extent()
    for xs, ys, labels, colour in lines:
        for x, y, label in zip(xs, ys, labels, strict=True):
            if not label:
                continue
            anchor = axis.transData.transform((x, y))
            width, height = _extent(axis, label)
            boxes = _candidates(anchor, width, height, dots)
            costs = [
                _covered(box, taken) + 20 * _outside(box, view) + 3 * dots * dots * rank
                for rank, box in enumerate(boxes)
            ]
            best = int(np.argmin(costs))
            box = boxes[best]
            taken = np.vstack([taken, box])
            middle = (box[:2] + box[2:]) / 2
            axis.annotate(
                label, (x, y), xytext=(middle - anchor) / dots, textcoords="offset points",
                ha="center", va="center", fontsize=SIZE, color=colour, zorder=5, parse_math=False,
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.6, "shrinkB": 3}
                if best >= len(_directions()) else None,
            )  # fmt: skip


def _directions() -> list[tuple[int, int]]:
    """Unit steps around a point, the usual places of a label first."""
    return [(1, -1), (1, 1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0)]


def _candidates(anchor: np.ndarray, width: float, height: float, dots: float) -> list[np.ndarray]:
    """Boxes (left, bottom, right, top) in pixels around a point, near ones first."""
    boxes = []
    for distance in (_NEAR, _FAR, 1.8 * _FAR):
        for right, up in _directions():
            gap = distance * dots * (0.7 if right and up else 1.0)
            centre = anchor + np.array([right * (gap + width / 2), up * (gap + height / 2)])
            half = np.array([width / 2, height / 2])
            boxes.append(np.concatenate([centre - half, centre + half]))
    return boxes


def _obstacles(axis: Axes, lines: Sequence[Line], bars: Sequence[Bar], level: float | None) -> np.ndarray:
    """Boxes [K, 4] in pixels of the points, and small ones along what is drawn as a line."""
    dots = axis.figure.dpi / 72
    boxes = [np.zeros((0, 4))]
    paths = [[(x, low), (x, high)] for x, low, high in bars]
    if level is not None:
        paths.append([(x, level) for x in axis.get_xlim()])
    for xs, ys, _, _ in lines:
        paths.append(list(zip(xs, ys, strict=True)))
        centre = axis.transData.transform(np.column_stack([xs, ys]))
        boxes.append(np.hstack([centre - 4.5 * dots, centre + 4.5 * dots]))
    for path in paths:
        for start, end in pairwise(axis.transData.transform(path)):
            steps = max(2, int(np.hypot(*(end - start)) / (3 * dots)))
            along = start + np.linspace(0, 1, steps)[:, None] * (end - start)
            boxes.append(np.hstack([along - 1.5 * dots, along + 1.5 * dots]))
    return np.vstack(boxes)


def _covered(box: np.ndarray, taken: np.ndarray) -> float:
    """Square pixels of `taken` [K, 4] under the box."""
    overlap = np.minimum(box[2:], taken[:, 2:]) - np.maximum(box[:2], taken[:, :2])
    return float((overlap.clip(min=0).prod(1)).sum())


def _outside(box: np.ndarray, view: Bbox) -> float:
    """Square pixels of the box that lie outside the axis."""
    edges = np.array([view.x0, view.y0, view.x1, view.y1])
    inside = (np.minimum(box[2:], edges[2:]) - np.maximum(box[:2], edges[:2])).clip(min=0).prod()
    return float((box[2:] - box[:2]).prod() - inside)


def _extent(axis: Axes, label: str) -> tuple[float, float]:
    """Width and height of a label in pixels."""
    text = axis.text(0, 0, label, fontsize=SIZE, parse_math=False)
    extent = text.get_window_extent()
    text.remove()
    return float(extent.width), float(extent.height)
