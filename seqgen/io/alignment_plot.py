"""Pictures of a streamed translation: a grid of source and target words, and the path of READ and WRITE."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from seqgen.io.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_WORDS = 100
READ, WRITE = "#0072b2", "#d55e00"
_INK, _GRID, _EDGE, _SEEN, _WEIGHT = "#22262b", "#d9dde2", "#c3c8cf", "#eaf2f9", "#4b2e83"
_CELL, _LETTER, _LONGEST = 0.34, 0.082, 22
"""inches a cell, inches a letter of a word, letters of a word before it is cut"""


def write_alignment(
    source: Sequence[str],
    target: Sequence[str],
    delays: Sequence[int],
    path: str | Path,
    weights: Float[np.ndarray, "U S"] | None = None,
    heading: str = "",
    dpi: int = 150,
) -> None:
    """Draw a translation as a PNG: source words to the right, target words down. Same words, same bytes.

    The path goes a column to the right with each READ and a row down with each WRITE; what a word was written
    from is tinted.

    Args:
        source, target: words, at most MAX_WORDS each.
        delays: source words that had been read when each target word was written.
        weights: attention of each target word, 0 .. 1, drawn as squares.
        heading: a line above.

    Raises:
        ValueError: for too many words, delays or weights that do not fit them, or a path that cannot be
            written.
        ImportError: without matplotlib; it says what to install.
    """
    for name, words in (("source", source), ("target", target)):
        if len(words) > MAX_WORDS:
            raise ValueError(f"{name}: expected at most {MAX_WORDS} words, got {len(words)}")
    if not source:
        raise ValueError("source: expected at least one word, got none")
    _check_delays(delays, len(source), len(target))
    if weights is not None and weights.shape != (len(target), len(source)):
        expected = (len(target), len(source))
        raise ValueError(f"weights: expected {expected}, target by source words, got {weights.shape}")
    figure = _draw(source, target, delays, weights, heading)
    data = io.BytesIO()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Without its version in the file, every matplotlib that draws the same writes the same.
        figure.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    if any("missing from font" in str(warning.message) for warning in caught):
        warnings.warn(f"{path}: the font lacks letters of these words: boxes stand for them", stacklevel=2)
    try:
        write_bytes(path, data.getbuffer())
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror or error})") from error


def _check_delays(delays: Sequence[int], source: int, target: int) -> None:
    if len(delays) != target:
        raise ValueError(f"delays: expected one for each of {target} target words, got {len(delays)}")
    before = 0
    for index, delay in enumerate(delays):
        if not before <= delay <= source:
            raise ValueError(
                f"delays: expected {before} to {source} at word {index}, since they never fall and the "
                f"source has {source} words; got {delay}"
            )
        before = delay


def _draw(
    source: Sequence[str],
    target: Sequence[str],
    delays: Sequence[int],
    weights: np.ndarray | None,
    heading: str,
) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("alignments are drawn with matplotlib: pip install 'seqgen[plot]'") from error
    above, left = [_cut(word) for word in source], [_cut(word) for word in target]
    columns, rows = len(source), max(1, len(target))
    margin = max([4, *(len(word) for word in left)]) * _LETTER + 0.25
    slanted = max(len(word) for word in above) * _LETTER * 0.8 + 0.25
    top, bottom = slanted + (0.35 if heading else 0.1), 0.42
    # The last word above leans over the right edge.
    right = max(0.25, len(above[-1]) * _LETTER * 0.8)
    width, height = max(margin + columns * _CELL + right, 3.6), top + rows * _CELL + bottom
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    axis = figure.add_axes(
        (margin / width, bottom / height, columns * _CELL / width, rows * _CELL / height),
    )
    _frame(axis, above, left, rows)
    for row, delay in enumerate(delays):
        axis.fill_between([0, delay], row, row + 1, color=_SEEN, linewidth=0, zorder=0.5)
    if weights is not None:
        _squares(axis, weights)
    _staircase(axis, delays, columns)
    _legend(figure, width, height, heading)
    return figure


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST else word[: _LONGEST - 1] + "\u2026"


def _frame(axis: Axes, source: list[str], target: list[str], rows: int) -> None:
    columns = len(source)
    axis.set_xlim(0, columns)
    axis.set_ylim(rows, 0)
    axis.set_xticks(
        np.arange(columns) + 0.5, source, rotation=50, ha="left", rotation_mode="anchor", parse_math=False
    )
    axis.set_yticks(np.arange(len(target)) + 0.5, target, parse_math=False)
    axis.tick_params(
        length=0, labelsize=9.5, labelcolor=_INK, top=True, labeltop=True, labelbottom=False, pad=4
    )
    axis.vlines(range(1, columns), 0, rows, color=_GRID, linewidth=0.7, zorder=0.7)
    axis.hlines(range(1, rows), 0, columns, color=_GRID, linewidth=0.7, zorder=0.7)
    for spine in axis.spines.values():
        spine.set_color(_EDGE)
        spine.set_linewidth(0.8)


def _squares(axis: Axes, weights: np.ndarray) -> None:
    """A square in the middle of each cell, its area the weight."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    side = 0.8 * np.sqrt(np.clip(weights, 0, 1))
    squares = [
        Rectangle(
            (column + 0.5 - side[row, column] / 2, row + 0.5 - side[row, column] / 2),
            *[side[row, column]] * 2,
        )
        for row, column in np.argwhere(side > 0.02).tolist()
    ]
    axis.add_collection(PatchCollection(squares, facecolor=_WEIGHT, alpha=0.75, linewidth=0, zorder=2))


def _staircase(axis: Axes, delays: Sequence[int], columns: int) -> None:
    """READs to the right, WRITEs down; what is read after the last word is drawn too."""
    steps: list[tuple[list[int], list[int], str]] = []
    place = 0
    for row, delay in enumerate(delays):
        steps += [([place, delay], [row, row], READ), ([delay, delay], [row, row + 1], WRITE)]
        place = delay
    steps.append(([place, columns], [len(delays)] * 2, READ))
    for x, y, colour in steps:
        if (x[0], y[0]) != (x[1], y[1]):
            axis.plot(x, y, color=colour, linewidth=2.6, solid_capstyle="round", clip_on=False, zorder=3)


def _legend(figure: Figure, width: float, height: float, heading: str) -> None:
    from matplotlib.lines import Line2D

    if heading:
        room = int((width - 0.3) * 72 / 5.6)  # letters of 10 points are about 5.6 points wide
        text = heading if len(heading) <= room else heading[: room - 1] + "\u2026"
        figure.text(
            0.12 / width,
            1 - 0.12 / height,
            text,
            fontsize=10,
            color=_INK,
            ha="left",
            va="top",
            parse_math=False,
        )
    figure.legend(
        handles=[Line2D([], [], color=colour, linewidth=2.6, label=name)
                 for name, colour in (("READ", READ), ("WRITE", WRITE))],
        loc="lower left", bbox_to_anchor=(0.05 / width, 0), ncols=2, frameon=False, fontsize=9,
        handlelength=1.4, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip
