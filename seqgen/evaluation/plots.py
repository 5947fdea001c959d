"""The curves of an evaluation as pictures, a PNG for each plot of each section."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.evaluation.curve import STYLES
from seqgen.evaluation.figure import Plot
from seqgen.io.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _GRID, _EDGE = "#22262b", "#e9ebee", "#c3c8cf"
MARKED = 40
"""points of a curve up to which each gets a marker"""


def write_plots(plots: Iterable[Plot], folder: Path, heading: str = "", dpi: int = 130) -> list[Path]:
    """Write FOLDER/name.png for each plot; their paths. Same curves, same bytes.

    Raises:
        ValueError: for a folder that cannot be written.
        ImportError: without matplotlib; it says what to install.
    """
    drawn = [(folder / f"{plot.name}.png", _png(plot, heading, dpi)) for plot in plots]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in drawn:
            write_bytes(path, data)
    except OSError as error:
        raise ValueError(f"plot: {folder} cannot be written ({error.strerror or error})") from error
    return [path for path, _ in drawn]


def check_plotting() -> None:
    """Raises ImportError without matplotlib, so that it is said before an evaluation and not after."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError("plots are drawn with matplotlib: pip install 'seqgen[plot]'") from error


def _png(plot: Plot, heading: str, dpi: int) -> memoryview:
    data = io.BytesIO()
    _draw(plot, heading).savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    return data.getbuffer()


def _draw(plot: Plot, heading: str) -> Figure:
    check_plotting()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.0), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for number, curve in enumerate(plot.curves):
        colour, marker = STYLES[number % len(STYLES)]
        axis.plot(
            curve.x,
            curve.y,
            color=colour,
            marker=marker if len(curve.x) <= MARKED else "",
            markersize=5,
            linewidth=1.5,
            linestyle="-" if number < len(STYLES) else "--",
            label=curve.name,
        )
    axis.set_xlabel(plot.x_label, color=_INK)
    axis.set_ylabel(plot.y_label, color=_INK)
    axis.grid(color=_GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(length=0, labelsize=9, colors=_INK)
    for spine in axis.spines.values():
        spine.set_color(_EDGE)
    axis.legend(frameon=False, fontsize=9)
    if heading:
        axis.set_title(heading, fontsize=10, color=_INK, loc="left", parse_math=False)
    return figure
