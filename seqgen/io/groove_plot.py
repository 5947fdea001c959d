"""A picture of how drums are played: each hit where it sounds, beside the sixteenth that it belongs to.

A panel for each piece, two bars of it. A hit is a bar at its exact time, taller and darker the louder it is;
a band reaches from there to the nearest sixteenth, in one colour where the hit is early and in another where
it is late.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.io.atomic import write_bytes
from seqgen.io.errors import MidiError
from seqgen.io.midi_write import notes_of
from seqgen.io.notes import NoteTable
from seqgen.io.piano_roll import COLOURS, LANE_OF, LANES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from note_seq import NoteSequence

BARS = 2
MOST_PANELS = 16
_INK, _STEP, _BEAT, _BAND = "#22262b", "#e4e7eb", "#b9bfc7", "#f5f6f8"
EARLY, LATE = COLOURS["A"], COLOURS["B"]


def write_groove_plot(
    sequences: Sequence[NoteSequence],
    path: str | Path,
    titles: Sequence[str],
    heading: str = "",
    dpi: int = 110,
) -> None:
    """Draws the drums of two bars, the first that the first piece has hits in, of each of some pieces.

    Same music, same bytes.
    Raises ValueError for no sequences, too many, or another number of titles; MidiError for notes that are no
    music or a path that cannot be written; ImportError without matplotlib.
    """
    if not 1 <= len(sequences) <= MOST_PANELS:
        raise ValueError(f"sequences: {len(sequences)} came, expected 1 to {MOST_PANELS}")
    if len(titles) != len(sequences):
        raise ValueError(f"titles: {len(titles)} came for {len(sequences)} sequences, expected one for each")
    figure = _draw([_hits(notes_of(sequence)) for sequence in sequences], titles, heading)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    try:
        write_bytes(path, data.getbuffer())
    except OSError as error:
        raise MidiError(f"{path}: cannot be written ({error.strerror or error})") from error


def _hits(table: NoteTable) -> NoteTable:
    """The notes that have a lane."""
    known = np.array([pitch in LANE_OF for pitch in table.pitch.tolist()], bool)
    return table.select(table.is_drum & known)


def _draw(tables: list[NoteTable], titles: Sequence[str], heading: str) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("grooves are drawn with matplotlib: pip install 'seqgen[plot]'") from error
    first = next((table for table in tables if len(table)), tables[0])
    begin = 4.0 * np.floor(round(float(first.start.min()) * 4) / 16) if len(first) else 0.0
    shown = [
        table.select((table.start >= begin - 0.125) & (table.start < begin + 4 * BARS)) for table in tables
    ]
    used = sorted({LANE_OF[pitch] for table in shown for pitch in table.pitch.tolist()}) or [0]
    height = len(tables) * (0.35 + 0.27 * len(used)) + 1.0
    figure = Figure(figsize=(11.0, height), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(tables), 1, sharex=True, sharey=True, squeeze=False).ravel()
    figure.subplots_adjust(left=0.125, right=0.985, bottom=0.5 / height, top=1 - 0.42 / height, hspace=0.12)
    for axis, table, title in zip(axes, shown, titles, strict=True):
        _frame(axis, begin, used, title)
        _draw_hits(axis, table, used)
    axes[-1].set_xlabel("bar", fontsize=8, color=_INK, labelpad=2)
    _legend(figure, height, heading)
    return figure


def _frame(axis: Axes, begin: float, used: list[int], title: str) -> None:
    axis.set_xlim(begin - 0.125, begin + 4 * BARS)
    axis.set_ylim(-0.6, len(used) - 0.4)
    axis.set_yticks(range(len(used)), [LANES[lane] for lane in used])
    axis.set_xticks(
        [begin + 4 * bar for bar in range(BARS)], [f"{begin / 4 + bar + 1:g}" for bar in range(BARS)]
    )
    for row in range(0, len(used), 2):
        axis.axhspan(row - 0.5, row + 0.5, color=_BAND, linewidth=0, zorder=0.5)
    for step in range(16 * BARS + 1):
        beat, bar = step % 4 == 0, step % 16 == 0
        colour, width = (_INK, 0.9) if bar else (_BEAT, 0.9) if beat else (_STEP, 0.7)
        axis.axvline(begin + step / 4, color=colour, linewidth=width, zorder=0.7)
    axis.tick_params(length=0, labelsize=7, colors=_INK)
    for spine in axis.spines.values():
        spine.set_color(_BEAT)
    place = axis.get_position()
    axis.figure.text(
        0.008, (place.y0 + place.y1) / 2, title,
        fontsize=10, fontweight="bold", color=_INK, ha="left", va="center", rotation=90,
    )  # fmt: skip


def _draw_hits(axis: Axes, table: NoteTable, used: list[int]) -> None:
    from matplotlib.collections import PolyCollection

    rows = np.array([used.index(LANE_OF[pitch]) for pitch in table.pitch.tolist()], np.float64)
    loud = table.velocity / 127
    nearest = np.floor(table.start * 4 + 0.5 + 1e-6) / 4
    bands = _boxes(
        (np.minimum(nearest, table.start), np.maximum(nearest, table.start)), (rows - 0.12, rows + 0.12)
    )
    sides = [EARLY if early else LATE for early in (table.start < nearest).tolist()]
    axis.add_collection(PolyCollection(bands, facecolors=sides, linewidths=0, zorder=2), autolim=False)
    half = 0.08 + 0.38 * loud
    marks = _boxes((table.start - 0.014, table.start + 0.014), (rows - half, rows + half))
    greys = [(0.13, 0.15, 0.17, 0.25 + 0.75 * share) for share in loud.tolist()]
    axis.add_collection(PolyCollection(marks, facecolors=greys, linewidths=0, zorder=3), autolim=False)


def _boxes(x: tuple[np.ndarray, np.ndarray], y: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    (left, right), (low, high) = x, y
    corners = ((left, low), (right, low), (right, high), (left, high))
    return list(np.stack([np.stack(corner, -1) for corner in corners], 1))


def _legend(figure: Figure, height: float, heading: str) -> None:
    from matplotlib.patches import Patch

    if heading:
        room = 140
        text = heading if len(heading) <= room else heading[: room - 1] + "\u2026"
        figure.text(0.01, 1 - 0.1 / height, text, fontsize=9, color=_INK, ha="left", va="top")
    figure.legend(
        handles=[
            Patch(color=EARLY, label="early"),
            Patch(color=LATE, label="late"),
            Patch(color="#22262b", label="a hit: taller and darker is louder"),
        ],
        loc="lower right", bbox_to_anchor=(0.99, -0.02 / height),
        ncols=3, frameon=False, fontsize=8, handlelength=1.0, handleheight=0.9, columnspacing=1.4,
    )  # fmt: skip
