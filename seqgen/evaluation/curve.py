"""Quality against latency as a picture: BLEU over AL, LAAL and DAL, a line for each family of systems."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.evaluation.labels import place_labels
from seqgen.io.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LATENCIES = {"AL": "average lagging", "LAAL": "length-adaptive AL", "DAL": "differentiable AL"}
# Okabe and Ito's colours, which every kind of colour vision tells apart; the shapes say it in grey as well.
STYLES = (
    ("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"),
    ("#e69f00", "v"), ("#56b4e9", "P"), ("#7a6a00", "X"), ("#000000", "*"),
)  # fmt: skip
_INK, _GRID, _EDGE, _CEILING = "#22262b", "#e9ebee", "#c3c8cf", "#5b6470"


@dataclass(frozen=True)
class Point:
    """One system."""

    family: str
    """what its line is called"""
    label: str
    """what stands beside it, such as `k=3`"""
    bleu: float
    latency: dict[str, float]
    """AL, LAAL and DAL, in words"""
    interval: tuple[float, float] | None = None
    """of its BLEU: drawn as a bar"""


def write_curve(
    points: Sequence[Point],
    path: str | Path,
    ceiling: float | None = None,
    heading: str = "",
    dpi: int = 150,
) -> None:
    """Draw systems as a PNG. Same systems, same bytes.

    Args:
        points: at most as many families as there are STYLES; a family's line goes by rising latency.
        ceiling: BLEU of the offline system, a dashed line.
        heading: a line above.

    Raises:
        ValueError: for no points, too many families, figures that are not finite, or a path that cannot be
            written.
        ImportError: without matplotlib; it says what to install.
    """
    families = list(dict.fromkeys(point.family for point in points))
    if not 1 <= len(families) <= len(STYLES):
        raise ValueError(f"points: expected 1 to {len(STYLES)} families of systems, got {len(families)}")
    for point in points:
        figures = [point.bleu, *(point.latency.get(name, float("nan")) for name in LATENCIES)]
        if not all(abs(figure) < float("inf") for figure in figures):
            raise ValueError(
                f"points: expected finite BLEU, {', '.join(LATENCIES)} of {point.family} {point.label}, "
                f"got {figures}"
            )
    figure = _draw(points, families, ceiling, heading, dpi)
    data = io.BytesIO()
    # Without its version in the file, every matplotlib that draws the same writes the same.
    figure.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    try:
        write_bytes(path, data.getbuffer())
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror or error})") from error


def _draw(
    points: Sequence[Point], families: list[str], ceiling: float | None, heading: str, dpi: int
) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("curves are drawn with matplotlib: pip install 'seqgen[plot]'") from error
    figure = Figure(figsize=(13.5, 6.2), facecolor="white", dpi=dpi)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(LATENCIES), sharey=True)
    figure.subplots_adjust(left=0.052, right=0.992, bottom=0.17, top=0.915, wspace=0.05)
    for axis, (name, words) in zip(axes, LATENCIES.items(), strict=True):
        _frame(axis, f"{name} ({words}), source words")
        lines, bars = [], []
        for family, (colour, marker) in zip(families, STYLES, strict=False):
            mine = sorted((p for p in points if p.family == family), key=lambda p: (p.latency[name], p.bleu))
            x, y = [p.latency[name] for p in mine], [p.bleu for p in mine]
            axis.plot(
                x, y, color=colour, marker=marker, markersize=6.5, linewidth=1.6, label=family, zorder=3
            )
            bars += _bars(axis, mine, name, colour)
            lines.append((x, y, [p.label for p in mine], colour))
        axis.margins(x=0.09, y=0.12)
        if ceiling is not None:
            axis.axhline(
                ceiling,
                color=_CEILING,
                linewidth=1.3,
                linestyle=(0, (5, 3)),
                label=f"offline {ceiling:.1f}",
                zorder=2,
            )
        place_labels(axis, lines, bars, ceiling)
    axes[0].set_ylabel("BLEU", fontsize=10, color=_INK)
    _legend(figure, axes[0], heading)
    return figure


def _frame(axis: Axes, title: str) -> None:
    axis.set_xlabel(title, fontsize=10, color=_INK, labelpad=5)
    axis.grid(color=_GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(length=0, labelsize=9, colors=_INK)
    for spine in axis.spines.values():
        spine.set_color(_EDGE)
        spine.set_linewidth(0.8)


def _bars(axis: Axes, points: list[Point], name: str, colour: str) -> list[tuple[float, float, float]]:
    """Draw the intervals; returns x, low and high of each."""
    bars = [(p.latency[name], *p.interval) for p in points if p.interval is not None]
    for x, low, high in bars:
        axis.plot([x, x], [low, high], color=colour, linewidth=1.1, alpha=0.35, zorder=2.5)
    return bars


def _legend(figure: Figure, axis: Axes, heading: str) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", bbox_to_anchor=(0.52, 0.005), ncols=len(labels),
        frameon=False, fontsize=10, handlelength=2.4, columnspacing=2.2,
    )  # fmt: skip
    if heading:
        figure.text(0.052, 0.975, heading, fontsize=11, color=_INK, ha="left", va="top", parse_math=False)
