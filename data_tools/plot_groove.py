"""The picture of docs/groove.md: a held-out beat as it was played, on the grid, and humanised from there.

python data_tools/plot_groove.py BEAT.mid OUT.png [FIRST_BAR]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import seqgen
from seqgen.io.groove_plot import write_groove_plot
from seqgen.io.midi import read_midi
from seqgen.io.midi_write import ordered_notes_of, tempo_map_of
from seqgen.representation.timeline import STEPS_PER_QUARTER, quantise

VELOCITY = 85
"""near the median of the drummers"""


def plot(beat: Path, out: Path, first_bar: int) -> None:
    """Two bars from `first_bar` on, three ways."""
    played = read_midi(beat)
    grid = type(played)()
    grid.CopyFrom(played)
    table, order = ordered_notes_of(played)
    tempos = tempo_map_of(played)
    seconds = tempos.to_seconds(quantise(table.start) / STEPS_PER_QUARTER)
    for row, number in enumerate(order.tolist()):
        note = grid.notes[number]
        note.velocity, note.start_time = VELOCITY, float(seconds[row])
        note.end_time = max(note.end_time, note.start_time)
    human = seqgen.load("groove-humanize").humanize(grid, temperature=0.0)
    begin = tempos.second_at(4.0 * first_bar) - 0.25 * 60 / played.tempos[0].qpm / STEPS_PER_QUARTER
    for piece in (played, grid, human):
        for number in reversed(range(len(piece.notes))):
            if piece.notes[number].start_time < begin:
                del piece.notes[number]
    titles = ["played", "on the grid", "humanised"]
    write_groove_plot([played, grid, human], out, titles, f"groove-humanize, {beat.stem}", dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("beat", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("first_bar", type=int, nargs="?", default=0)
    chosen = parser.parse_args()
    plot(chosen.beat, chosen.out, chosen.first_bar)
