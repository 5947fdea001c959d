"""Our converters' windows against those that Magenta's gave for the same notes, as a table in Markdown.

    python -m tests.magenta.converters FOLDER

FOLDER holds `index.json` and, for each piece, the notes that Magenta's converters were given and what they
returned, with the cap of five windows a file lifted (`docs/magenta.md`): a check sum of all windows, and the
first forty. What is compared is what decoders are to write. A difference is explained if Magenta's windows
are found when ours are cut as Magenta cuts, or if all that are stored are found in the form that ours have;
the exit code is 1 if one is not explained.
"""

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.io.notes import NoteTable
from tests.magenta.readers import READERS, Reader
from tests.magenta.sequences import read_notes

REPEATED = "fewer: what occurs again after a change of metre is dropped"
TEMPO = "more: a change of tempo does not end a melody"
METRE = "not in 4/4: both give nothing, and ours says it"
MIXED = "an instrument of several programs is one track a program"
UNEXPLAINED = "UNEXPLAINED"
EXCERPT = "multiperf"
"""converters whose name begins so were given an excerpt of a MIDI file"""


class Row(NamedTuple):
    """One piece and one converter."""

    piece: str
    converter: str
    capped: int
    """windows that Magenta itself gives"""
    theirs: int
    """with its cap lifted"""
    ours: int
    equal: int
    """windows of both"""
    why: str

    @property
    def explained(self) -> bool:
        return UNEXPLAINED not in self.why


def compare(piece: str, case: dict, arrays: dict[str, np.ndarray]) -> Row:
    """A piece's windows, ours and Magenta's; `case` is its entry of index.json."""
    converter, reader = case["converter"], READERS[case["converter"]]
    mode = case["mode"][reader.mode]
    excerpt = converter.startswith(EXCERPT) and "nsx_pitch" in arrays
    notes = read_notes(arrays, "nsx_" if excerpt else "ns_")
    ours, count = reader.read(notes), mode["count"]
    capped = count if case["cap"] is None else min(count, case["cap"])
    row = Row(piece, converter, capped, count, len(ours), count, "")
    if count == 0 and len(ours) == 0:
        other = any(tuple(metre) != (4, 4) for metre in notes.time_signatures[:, 1:])
        return row._replace(why=METRE) if other else row
    stored = arrays.get(f"{converter}.{reader.mode}.outputs", ours[:0])
    if reader.tolerance:
        return _numbers(row, ours, stored, reader.tolerance)
    if digest(ours, mode) == mode["sha256_outputs"]:
        return row
    for why, places in ((REPEATED, notes.time_signatures), (TEMPO, notes.tempos)):
        theirs = np.concatenate([reader.read(part) for part in parts(notes, places[:, 0])])
        if digest(theirs, mode) == mode["sha256_outputs"]:
            equal = (as_counter(ours) & as_counter(theirs)).total()
            return row._replace(equal=equal, why=f"{abs(len(ours) - count)} {why}")
    return _in_our_form(row, notes, reader, ours, stored)


def _numbers(row: Row, ours: np.ndarray, stored: np.ndarray, tolerance: float) -> Row:
    """Windows of numbers, in the order of time."""
    if ours.shape != stored.shape:
        return row._replace(equal=0, why=UNEXPLAINED)
    equal = int((np.abs(ours - stored) <= tolerance).all((1, 2)).sum())
    return row._replace(equal=equal, why="" if equal == row.theirs else UNEXPLAINED)


def _in_our_form(row: Row, notes: NoteTable, reader: Reader, ours: np.ndarray, stored: np.ndarray) -> Row:
    """Magenta's windows as ours would write them; of many, those that are stored."""
    theirs = as_counter(reader.form(stored))
    equal = (as_counter(ours) & theirs).total()
    more = len(ours) - row.theirs
    whys = [reader.why, f"{more} more: {reader.more}" if more > 0 and reader.more else ""]
    whys += ["" if len(stored) == row.theirs else f"{len(stored)} of {row.theirs} are stored"]
    if equal < len(stored):
        whys = [MIXED] if reader.more and mixed(notes) else [UNEXPLAINED]
    elif more and not (more > 0 and reader.more):
        whys = [UNEXPLAINED]
    return row._replace(equal=equal, why="; ".join(filter(None, whys)))


def mixed(notes: NoteTable) -> bool:
    """Whether an instrument changes its program."""
    pairs = np.unique(np.stack([notes.instrument, notes.is_drum, notes.program])[:, ~notes.is_drum], axis=1)
    return len(np.unique(pairs[0])) < pairs.shape[1]


def parts(notes: NoteTable, places: np.ndarray) -> list[NoteTable]:
    """The notes between two places [K], each as a piece of its own, as Magenta cuts a piece up."""
    which = np.searchsorted(places, notes.start, side="right")
    return [notes.select(which == part) for part in range(len(places) + 1)]


def as_counter(windows: np.ndarray) -> Counter[bytes]:
    return Counter(row.astype(">i2").tobytes() for row in windows)


def digest(windows: np.ndarray, mode: dict) -> str:
    """As index.json has it: SHA-256 of all windows as little-endian int16, sorted where it says so."""
    rows = [row.astype(">i2").tobytes() for row in windows]
    rows = sorted(rows) if mode["order"] == "sorted" else rows
    return hashlib.sha256(
        b"".join(np.frombuffer(row, ">i2").astype("<i2").tobytes() for row in rows)
    ).hexdigest()


def rows_of(folder: Path) -> tuple[list[Row], Counter[str]]:
    """All comparisons, and how many pieces there are for each converter that is not compared."""
    rows, without = [], Counter[str]()
    for case in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        if case["converter"] not in READERS:
            without[case["converter"]] += 1
            continue
        with np.load(folder / f"{case['sequence']}.npz") as file:
            try:
                rows.append(compare(case["sequence"], case, dict(file)))
            except ModuleNotFoundError:
                without[case["converter"]] += 1
    return rows, without


def summary(rows: list[Row], without: Counter[str]) -> list[str]:
    lines = ["| converter | pieces | Magenta, capped | Magenta | ours | equal |", "|---|---|---|---|---|---|"]
    for converter in dict.fromkeys(row.converter for row in rows):
        mine = [row for row in rows if row.converter == converter]
        sums = [sum(numbers) for numbers in zip(*(row[2:6] for row in mine), strict=True)]
        lines.append(f"| {converter} | {len(mine)} | {' | '.join(map(str, sums))} |")
    return lines + [f"| {name} | {count} | not compared | | | |" for name, count in without.items()]


def table(rows: list[Row]) -> list[str]:
    head = ["| piece | converter | Magenta, capped | Magenta | ours | equal | difference |"]
    return [*head, "|" + "---|" * 7, *(f"| {' | '.join(map(str, row))} |" for row in rows)]


def main(folder: Path) -> int:
    rows, without = rows_of(folder)
    print("\n".join([*summary(rows, without), "", *table(rows)]))
    return 0 if all(row.explained for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
