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
DISTANCES = (5.0, 15.0, 28.0, 42.0)
"""of a label from its point, in points; from the second on a thin line joins them"""
LABEL, DOT, LINE, BAR = 3.0, 3.0, 1.0, 0.5
"""what it costs to cover a square pixel of each"""
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
    from matplotlib.patheffects import withStroke

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
            boxes, distances = _candidates(anchor, _extent(axis, label), dots)
            costs = [
                _covered(box, taken) + 20 * _outside(box, view) + 4 * dots * dots * (distance + 0.3 * rank)
                for rank, (box, distance) in enumerate(zip(boxes, distances, strict=True))
            ]
            best = int(np.argmin(costs))
            taken = np.vstack([taken, [*boxes[best], LABEL]])
            middle = (boxes[best][:2] + boxes[best][2:]) / 2
            axis.annotate(
                label, (x, y), xytext=(middle - anchor) / dots, textcoords="offset points",
                ha="center", va="center", fontsize=SIZE, color=colour, zorder=5, parse_math=False,
                path_effects=[withStroke(linewidth=2.0, foreground="white")],
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3}
                if distances[best] > DISTANCES[0] else None,
            )  # fmt: skip


def _candidates(
    anchor: np.ndarray, size: tuple[float, float], dots: float
) -> tuple[list[np.ndarray], list[float]]:
    """Boxes (left, bottom, right, top) in pixels around a point, near ones first, and how many points away.

    The first are to the lower right, upper right, upper left and lower left, where one looks for a label.
    """
    half = np.array(size) / 2
    boxes, distances = [], []
    for distance in DISTANCES:
        for turn in (-1, 1, 3, 5, 0, 2, 4, 6, *np.arange(-3.5, 4.5)):
            way = np.array([np.cos(turn * np.pi / 4), np.sin(turn * np.pi / 4)])
            # The box touches the circle around the point at the side that faces it.
            centre = anchor + way * distance * dots + np.clip(1.5 * way, -1, 1) * half
            boxes.append(np.concatenate([centre - half, centre + half]))
            distances.append(distance)
    return boxes, distances


def _obstacles(axis: Axes, lines: Sequence[Line], bars: Sequence[Bar], level: float | None) -> np.ndarray:
    """Boxes with their price [K, 5], in pixels: of the points, and small ones along what is a line."""
    dots = axis.figure.dpi / 72
    boxes = [np.zeros((0, 5))]
    paths = [([(x, low), (x, high)], BAR) for x, low, high in bars]
    if level is not None:
        paths.append(([(x, level) for x in axis.get_xlim()], LINE))
    for xs, ys, _, _ in lines:
        paths.append((list(zip(xs, ys, strict=True)), LINE))
        boxes.append(_around(axis.transData.transform(np.column_stack([xs, ys])), 4.5 * dots, DOT))
    for path, price in paths:
        for start, end in pairwise(axis.transData.transform(path)):
            steps = max(2, int(np.hypot(*(end - start)) / (3 * dots)))
            along = start + np.linspace(0, 1, steps)[:, None] * (end - start)
            boxes.append(_around(along, 1.5 * dots, price))
    return np.vstack(boxes)


def _around(centre: np.ndarray, half: float, price: float) -> np.ndarray:
    """Squares [K, 5] around points [K, 2]."""
    return np.hstack([centre - half, centre + half, np.full((len(centre), 1), price)])


def _covered(box: np.ndarray, taken: np.ndarray) -> float:
    """Price of what lies under the box, of `taken` [K, 5]."""
    overlap = np.minimum(box[2:], taken[:, 2:4]) - np.maximum(box[:2], taken[:, :2])
    return float((overlap.clip(min=0).prod(1) * taken[:, 4]).sum())


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
