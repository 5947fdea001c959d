"""Pictures of music: the steps from one clip to another, one panel a step, as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.io.atomic import write_bytes
from seqgen.io.errors import MidiError
from seqgen.io.midi_write import notes_of
from seqgen.io.notes import NoteTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from note_seq import NoteSequence

MAX_PANELS = 64
_Sides = tuple[np.ndarray, np.ndarray]
# Blue and orange are told apart with every kind of colour vision; "both" is what the two ends share.
COLOURS = {"A": "#1f6fd6", "B": "#e8710a", "both": "#4b2e83", "new": "#a3a8b0"}
_INK, _GRID, _BAR, _BLACK_KEY = "#22262b", "#e9ebee", "#c3c8cf", "#f5f6f8"
LANES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")
_LANE_PITCHES = (
    (35, 36),
    (27, 28, 31, 32, 33, 34, 37, 38, 39, 40, 56, 65, 66, 75, 85),
    (22, 42, 44, 54, 68, 69, 70, 71, 73, 78, 80),
    (26, 46, 67, 72, 74, 79, 81),
    (29, 41, 43, 45, 61, 64, 84),
    (47, 48, 60, 63, 77, 86, 87),
    (30, 50, 62, 76, 83),
    (49, 52, 55, 57, 58),
    (51, 53, 59, 82),
)
LANE_OF = {pitch: lane for lane, pitches in enumerate(_LANE_PITCHES) for pitch in pitches}


def write_piano_roll(
    sequences: Sequence[NoteSequence],
    path: str | Path,
    titles: Sequence[str] | None = None,
    heading: str = "",
    dpi: int = 150,
) -> None:
    """Draws sequences on one pitch axis, so that one sees the first (A) turn into the last (B).

    A note has A's colour if A has a note of that pitch at that place (to the 16th), B's if B has one, a third
    if both have, and is grey if neither has. Up to 4 bars the panels are side by side, from then on below
    each other. If all notes are drums, there are nine lanes and a mark a hit; if some are, the lanes are
    below the pitches. Same music, same bytes.

    `titles`: a label a panel; unset: A, 1/6, 2/6, ..., B. `heading`: a line above them all.
    Raises ValueError for no sequences or another number of titles; MidiError for notes that are no music or a
    path that cannot be written; ImportError without matplotlib.
    """
    if not 1 <= len(sequences) <= MAX_PANELS:
        raise ValueError(f"sequences: {len(sequences)} came, expected 1 to {MAX_PANELS}")
    titles = _titles(len(sequences)) if titles is None else titles
    if len(titles) != len(sequences):
        raise ValueError(f"titles: {len(titles)} came for {len(sequences)} sequences, expected one for each")
    tables = [notes_of(sequence) for sequence in sequences]
    figure = _draw(tables, titles, heading)
    data = io.BytesIO()
    # Without its version in the file, every matplotlib that draws the same writes the same.
    figure.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    try:
        write_bytes(path, data.getbuffer())
    except OSError as error:
        raise MidiError(f"{path}: cannot be written ({error.strerror or error})") from error


def _titles(count: int) -> list[str]:
    middle = [f"{step}/{count - 1}" for step in range(1, count - 1)]
    return ["A", *middle, "B"] if count > 1 else [""]


def _draw(tables: list[NoteTable], titles: Sequence[str], heading: str) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("piano rolls are drawn with matplotlib: pip install 'seqgen[plot]'") from error
    bar = _bar_quarters(tables)
    bars = max(1, int(np.ceil(max(table.length for table in tables) / bar - 1e-6)))
    drums = any(len(table) for table in tables) and all(table.is_drum.all() for table in tables)
    band = not drums and any(table.is_drum.any() for table in tables)
    beside = bars <= 4
    rows, columns = (1, len(tables)) if beside else (len(tables), 1)
    low, high = (-0.5, 8.5) if drums else _pitch_range(tables)
    kit = low - 9.5  # where the lowest lane of a band's drums is
    low -= 11 * band
    tall = 0.24 if drums else 0.045
    panel = max(2.6 if beside else 0.95, tall * (high - low) * (1.6 if beside else 1.0))
    width = min(max(1.6, 0.95 * bars) * columns + 1.2, 60.0) if beside else 13.0
    height = panel * rows + (1.1 if beside else 0.9)
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    left = (1.0 if drums else 0.55) + (0 if beside else 0.45)
    figure.subplots_adjust(
        left=left / width,
        right=1 - 0.15 / width,
        bottom=0.45 / height,
        top=1 - (0.65 if beside else 0.45) / height,
        wspace=0.06,
        hspace=0.12,
    )
    for index, (axis, table, title) in enumerate(zip(axes, tables, titles, strict=True)):
        share = index / max(len(tables) - 1, 1)
        _frame(axis, bar, bars, (low, high), drums)
        if band:
            _frame_kit(axis, low, kit, high)
        _label(axis, title, _blend(share), beside, (left - 0.1) / width)
        colours = _colours(table, tables[0], tables[-1])
        _draw_notes(axis, *_some(table, colours, ~table.is_drum))
        _draw_hits(axis, *_some(table, colours, table.is_drum), kit if band else 0.0)
    _legend(figure, width, height, len(tables), heading)
    figure.supxlabel("bar", fontsize=8, color=_INK, y=0.1 / height, va="bottom")
    return figure


def _bar_quarters(tables: list[NoteTable]) -> float:
    _, numerator, denominator = tables[0].time_signatures[0]
    return float(numerator * 4 / denominator)


def _pitch_range(tables: list[NoteTable]) -> tuple[float, float]:
    """Of what is no drum, with two semitones of air; at least an octave, so that one note does not fill the
    panel."""
    pitches = np.concatenate([table.pitch[~table.is_drum] for table in tables])
    low, high = (int(pitches.min()), int(pitches.max())) if len(pitches) else (60, 72)
    missing = max(0, 12 - (high - low))
    return low - 2.0 - missing // 2, high + 2.0 + (missing + 1) // 2


def _colours(table: NoteTable, first: NoteTable, last: NoteTable) -> list[str]:
    in_first = set(_places(first))
    in_last = set(_places(last)) if last is not first else set()
    names = {(True, True): "both", (True, False): "A", (False, True): "B", (False, False): "new"}
    return [COLOURS[names[place in in_first, place in in_last]] for place in _places(table)]


def _places(table: NoteTable) -> list[tuple[int, int]]:
    """(16th, pitch) of each note; for a drum its lane, since two pitches can be the same drum."""
    steps = np.rint(table.start * 4).astype(int).tolist()
    notes = zip(table.pitch.tolist(), table.is_drum.tolist(), strict=True)
    pitches = [-LANE_OF.get(pitch, pitch) if is_drum else pitch for pitch, is_drum in notes]
    return list(zip(steps, pitches, strict=True))


def _frame(axis: Axes, bar: float, bars: int, pitches: tuple[float, float], drums: bool) -> None:
    """Grid, axes and labels; the first and the last bar line are the panel's edge."""
    axis.set_xlim(0, bar * bars)
    axis.set_ylim(*pitches)
    axis.set_axisbelow(True)
    every = next(2**power for power in range(32) if bars <= 32 * 2**power)
    axis.set_xticks([bar * i for i in range(0, bars, every)], [str(i + 1) for i in range(0, bars, every)])
    for quarter in range(1, int(np.ceil(bar * bars))) if bars <= 16 else ():
        axis.axvline(quarter, color=_GRID, linewidth=0.5, zorder=0.6)
    for index in range(every if bars > 64 else 1, bars, every if bars > 64 else 1):
        axis.axvline(index * bar, color=_BAR, linewidth=0.9, zorder=0.7)
    if drums:
        axis.set_yticks(range(len(LANES)), LANES)
        for lane in range(0, len(LANES), 2):
            axis.axhspan(lane - 0.5, lane + 0.5, color=_BLACK_KEY, linewidth=0, zorder=0.5)
    else:
        low, high = int(pitches[0]), int(pitches[1])
        octaves = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
        axis.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
        for pitch in range(low, high + 1):
            if pitch % 12 in (1, 3, 6, 8, 10):
                axis.axhspan(pitch - 0.5, pitch + 0.5, color=_BLACK_KEY, linewidth=0, zorder=0.5)
        for pitch in octaves:
            axis.axhline(pitch - 0.5, color=_BAR, linewidth=0.5, zorder=0.6)
    axis.tick_params(length=0, labelsize=7, colors=_INK)
    for spine in axis.spines.values():
        spine.set_color(_BAR)
        spine.set_linewidth(0.8)


def _frame_kit(axis: Axes, low: float, kit: float, high: float) -> None:
    """The lanes of a band's drums, `low` to `kit` + 9, without the keyboard behind them."""
    axis.axhspan(low, kit + 9, color="white", linewidth=0, zorder=0.55)
    for lane in range(0, len(LANES), 2):
        axis.axhspan(kit + lane - 0.5, kit + lane + 0.5, color=_BLACK_KEY, linewidth=0, zorder=0.56)
    axis.axhline(kit + 9, color=_BAR, linewidth=0.9, zorder=0.7)
    octaves = [pitch for pitch in range(int(kit) + 10, int(high) + 1) if pitch % 12 == 0]
    axis.set_yticks([kit + 4, *octaves], ["drums", *(f"C{pitch // 12 - 1}" for pitch in octaves)])


def _some(table: NoteTable, colours: list[str], which: np.ndarray) -> tuple[NoteTable, list[str]]:
    return table.select(which), [colour for colour, take in zip(colours, which, strict=True) if take]


def _label(axis: Axes, title: str, colour: Any, beside: bool, indent: float) -> None:
    """The step, in a colour between A's and B's, above a panel or to the left of it."""
    if beside:
        axis.set_title(title, fontsize=11, fontweight="bold", color=colour, pad=4)
        axis.spines["top"].set_color(colour)
        axis.spines["top"].set_linewidth(2.5)
    else:
        place = axis.get_position()
        axis.figure.text(
            place.x0 - indent, (place.y0 + place.y1) / 2, title,
            fontsize=11, fontweight="bold", color=colour, ha="left", va="center",
        )  # fmt: skip
        axis.spines["left"].set_color(colour)
        axis.spines["left"].set_linewidth(2.5)


def _draw_notes(axis: Axes, table: NoteTable, colours: list[str]) -> None:
    # A repeated note must look like two: a little is cut off the end of each.
    end = np.maximum(table.end - 0.06, table.start + 0.06)
    half = (
        0.45 if axis.bbox.height > 5 * np.ptp(axis.get_ylim()) else 0.6
    )  # a thin line needs more than its lane
    _add_boxes(axis, (table.start, end), (table.pitch - half, table.pitch + half), colours)


def _draw_hits(axis: Axes, table: NoteTable, colours: list[str], kit: float) -> None:
    """A mark a hit, as long as a 16th and higher the louder. Pitches that belong to no lane are not drawn.

    kit: where the lowest lane is.
    """
    known = [i for i, pitch in enumerate(table.pitch.tolist()) if pitch in LANE_OF]
    lanes = kit + np.array([LANE_OF[int(table.pitch[i])] for i in known], dtype=np.float64)
    half = 0.15 + 0.25 * table.velocity[known] / 127
    start = table.start[known]
    _add_boxes(axis, (start, start + 0.2), (lanes - half, lanes + half), [colours[i] for i in known])


def _add_boxes(axis: Axes, x: _Sides, y: _Sides, colours: list[str]) -> None:
    from matplotlib.collections import PolyCollection

    (left, right), (low, high) = x, y
    corners = [
        np.stack(corner, axis=-1) for corner in ((left, low), (right, low), (right, high), (left, high))
    ]
    boxes = PolyCollection(list(np.stack(corners, axis=1)), facecolors=colours, linewidths=0, zorder=2)
    axis.add_collection(boxes, autolim=False)


def _legend(figure: Figure, width: float, height: float, panels: int, heading: str) -> None:
    from matplotlib.patches import Patch

    if heading:
        room = int((width - 0.3) * 72 / 5.4)  # letters of 10 points are about 5.4 points wide
        text = heading if len(heading) <= room else heading[: room - 1] + "\u2026"
        figure.text(0.12 / width, 1 - 0.13 / height, text, fontsize=10, color=_INK, ha="left", va="top")
    if panels > 1:
        texts = {"A": "as in A", "both": "in A and B", "B": "as in B", "new": "in neither"}
        figure.legend(
            handles=[Patch(color=COLOURS[name], label=text) for name, text in texts.items()],
            loc="lower right", bbox_to_anchor=(1 - 0.05 / width, -0.02 / height),
            ncols=4, frameon=False, fontsize=8, handlelength=1.0, handleheight=0.9, columnspacing=1.4,
        )  # fmt: skip


def _blend(share: float) -> tuple[float, float, float]:
    """A's colour at 0, B's at 1."""
    ends = [[int(COLOURS[name][i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in ("A", "B")]
    red, green, blue = (a + (b - a) * share for a, b in zip(*ends, strict=True))
    return red, green, blue
