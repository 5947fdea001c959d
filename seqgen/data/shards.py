"""Shards: a folder of token windows that is mapped into memory, not read, and in which nothing is executed.

The format is described in docs/shards.md. Opening needs numpy only: a machine that trains needs no MIDI.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import __version__
from seqgen.data.splits import SPLITS
from seqgen.representation.chords import CLASSES
from seqgen.representation.converter import RepresentationConfig, make_converter
from seqgen.representation.timeline import STEPS_PER_BAR

FORMAT = 1
INDEX = "shards.json"
FILES = "files.tsv"
COLUMNS = ("row", "source", "path", "split", "windows", "message", "metres")
OLD_COLUMNS = COLUMNS[:-1]
"""of shards written before 0.7.0"""
NAMES = (INDEX, FILES, *(f"{split}.{kind}.npy" for split in SPLITS for kind in ("tokens", "origin")))
ALL_NAMES = (*NAMES, *(f"{split}.chords.npy" for split in SPLITS))
"""with those that only some shards have"""
BLOCK = 1 << 16
"""windows that are copied at a time"""
MOST_CHECKED = 1 << 25
"""tokens of a split that are looked at when it is opened; beyond that, an even sample of blocks"""


@dataclass(frozen=True)
class FileRow:
    """A line of files.tsv: one file that was read, or could not be."""

    source: str
    """the input it came from: a folder's or an archive's name"""
    path: str
    """its path inside that"""
    split: str
    """empty where the file gave nothing to any"""
    windows: int
    """how many of its windows are in the split"""
    message: str = ""
    """why it could not be read"""
    metres: str = ""
    """its time signatures, such as "4/4 2/4", each once; empty where that is not known"""

    @property
    def source_and_path(self) -> tuple[str, str]:
        return self.source, self.path


@dataclass(frozen=True, eq=False)
class SplitWindows:
    """The windows that go into a split: rows `keep` [K] of tokens [N, T, *columns] and of origin [N, 2]."""

    tokens: np.ndarray
    origin: np.ndarray
    keep: np.ndarray | None = None
    """None keeps all, in order"""
    chords: np.ndarray | None = None
    """[N, 16 * bars] int8, the class of the chord on each sixteenth; where the representation has them"""


class Shards:
    """An opened folder. N windows of T steps in each of the splits train, valid and test.

    Raises:
        ValueError: if the folder is not shards, was written in another format, or is damaged; it says where.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.info = _read_index(self.folder)
        self.representation = _representation(self.info.get("representation"), self.folder)
        converter = make_converter(self.representation)
        self.steps, self.vocabulary_size = converter.steps, converter.vocabulary_size
        self._limits, row = converter.limits, (converter.steps, *converter.columns)
        self._tokens = {split: self._array(split, "tokens", converter.dtype, row) for split in SPLITS}
        self._origins = {split: self._array(split, "origin", np.dtype(np.int32), (2,)) for split in SPLITS}
        for split, tokens in self._tokens.items():
            self._check_tokens(split, tokens)
        self._chords: dict[str, np.ndarray] = {}
        if self.representation.chords:
            sixteenths = (STEPS_PER_BAR * converter.bars,)
            for split in SPLITS:
                self._chords[split] = self._array(split, "chords", np.dtype(np.int8), sixteenths)
                check_chords(self._chords[split], self.folder / f"{split}.chords.npy")

    @property
    def counts(self) -> dict[str, int]:
        """Windows in each split."""
        return {split: len(tokens) for split, tokens in self._tokens.items()}

    def tokens(self, split: str) -> np.ndarray:
        """The windows of a split, [N, T, *columns] of the converter's dtype, mapped read-only."""
        return self._tokens[_check_split(split)]

    def origins(self, split: str) -> np.ndarray:
        """Where each window comes from, [N, 2] int32: row of `files`, and its first bar in that piece."""
        return self._origins[_check_split(split)]

    def chords(self, split: str) -> np.ndarray | None:
        """The class of the chord on each sixteenth, [N, 16 * bars] int8; None where shards hold none."""
        return self._chords.get(_check_split(split))

    def file_of(self, split: str, window: int) -> FileRow:
        """The file that window number `window` of a split comes from."""
        row = int(self.origins(split)[window, 0])
        if not 0 <= row < len(self.files):
            raise ValueError(
                f"{self.folder}: window {window} of {split} names file {row} of {len(self.files)}: damaged"
            )
        return self.files[row]

    @cached_property
    def files(self) -> list[FileRow]:
        """All files that were given to `prepare`, read or not."""
        path = self.folder / FILES
        try:
            with open(path, newline="", encoding="utf-8") as stream:
                rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
            if not rows or tuple(rows[0]) not in (COLUMNS, OLD_COLUMNS):
                raise ValueError(f"expected the columns {', '.join(COLUMNS)}")
            known = len(rows[0]) == len(COLUMNS)
            return [
                FileRow(row[1], row[2], row[3], int(row[4]), row[5], row[6] if known else "")
                for row in rows[1:]
            ]
        except (OSError, ValueError, IndexError, csv.Error) as error:
            raise ValueError(f"{path}: cannot be read as a list of files: {error}") from error

    def _array(self, split: str, kind: str, dtype: np.dtype[Any], row: tuple[int, ...]) -> np.ndarray:
        path = self.folder / f"{split}.{kind}.npy"
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise ValueError(f"{path}: is missing; prepare the data again") from None
        except Exception as error:  # numpy says "damaged" in many ways
            raise ValueError(f"{path}: damaged or cut off ({error}); prepare the data again") from error
        counts = self.info.get("windows")
        expected = (counts.get(split) if isinstance(counts, dict) else None, *row)
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != expected:
            got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise ValueError(f"{path}: expected {dtype} {expected} as {INDEX} says, got {got}")
        return array

    def _check_tokens(self, split: str, tokens: np.ndarray) -> None:
        low, high = self._limits
        count = max(1, MOST_CHECKED // (math.prod(tokens.shape[1:]) * BLOCK))
        starts = np.unique(np.linspace(0, max(len(tokens) - BLOCK, 0), count).astype(int))
        if len(tokens) <= count * BLOCK:
            starts = np.arange(0, len(tokens), BLOCK)
        for start in starts:
            block = tokens[start : start + BLOCK]
            if len(block) and (block.min() < low or block.max() > high):
                raise ValueError(
                    f"{self.folder}: {split} has tokens from {block.min()} to {block.max()}, "
                    f"{self.representation.name} has {low} to {high}: damaged"
                )


def write_shards(
    folder: Path,
    representation: RepresentationConfig,
    windows: Mapping[str, SplitWindows],
    files: list[FileRow],
    report: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> None:
    """Fill an empty folder (see `new_folder`) with shards.

    Args:
        windows: for each split what goes into it; a split that is missing is empty.
        report: anything JSON can say about how the shards were made.
        seed: of the split by content.
    """
    converter = make_converter(representation)
    counts = dict.fromkeys(SPLITS, 0)
    no_tokens = np.zeros((0, converter.steps, *converter.columns), converter.dtype)
    empty = SplitWindows(no_tokens, np.zeros((0, 2), np.int32))
    for split in SPLITS:
        part = windows.get(split, empty)
        keep = np.arange(len(part.tokens)) if part.keep is None else part.keep
        counts[split] = len(keep)
        _write_rows(folder / f"{split}.tokens.npy", part.tokens, keep, converter.dtype.newbyteorder("<"))
        _write_rows(folder / f"{split}.origin.npy", part.origin, keep, np.dtype("<i4"))
        if representation.chords:
            none = np.zeros((len(part.tokens), STEPS_PER_BAR * converter.bars), np.int8)
            chords = none if part.chords is None else part.chords
            _write_rows(folder / f"{split}.chords.npy", chords, keep, np.dtype(np.int8))
    with open(folder / FILES, "w", encoding="utf-8", newline="") as stream:
        stream.write("\t".join(COLUMNS) + "\n")
        for row, file in enumerate(files):
            cells = (
                str(row),
                _cell(file.source),
                _cell(file.path),
                file.split,
                str(file.windows),
                _cell(file.message),
                file.metres,
            )
            stream.write("\t".join(cells) + "\n")
    index = {
        "format": FORMAT,
        "seqgen": __version__,
        "representation": _described(representation),
        "vocabulary_size": converter.vocabulary_size,
        "seed": seed,
        "windows": counts,
        "report": dict(report or {}),
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    if not path.is_file():
        raise ValueError(
            f"{folder}: expected a folder with a {INDEX}, as `seqgen prepare` writes it; there is none"
        )
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); prepare the data again") from error
    found = info.get("format") if isinstance(info, dict) else None
    if not isinstance(info, dict) or type(found) is not int or found != FORMAT:
        raise ValueError(
            f"{path}: expected format {FORMAT}, got {found!r}; prepare the data with this version of seqgen"
        )
    return info


def _representation(values: Any, folder: Path) -> RepresentationConfig:
    try:
        values = dict(values)
        if values.get("gap_bars") == "infinity":
            values["gap_bars"] = math.inf
        if values.get("programs") is not None:
            values["programs"] = tuple(values["programs"])
        return RepresentationConfig(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / INDEX}: not a representation that this version knows: {error}"
        ) from error


def _write_rows(path: Path, rows: np.ndarray, keep: np.ndarray, dtype: np.dtype[Any]) -> None:
    with open(path, "wb") as stream:
        header = {"descr": dtype.str, "fortran_order": False, "shape": (len(keep), *rows.shape[1:])}
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, len(keep), BLOCK):
            stream.write(rows[keep[start : start + BLOCK]].astype(dtype).tobytes())


def _check_split(split: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
    return split


def _cell(text: str) -> str:
    """Text as it can stand in a table: tabs, ends of lines and stray bytes are escaped."""
    clean = "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)
    return clean.encode("utf-8", "backslashreplace").decode()


def check_chords(chords: np.ndarray, path: Path) -> None:
    """Raises ValueError unless all are classes of chords."""
    for start in range(0, len(chords), BLOCK):
        block = chords[start : start + BLOCK]
        if block.min() < 0 or block.max() >= CLASSES:
            raise ValueError(
                f"{path}: expected chords 0 to {CLASSES - 1}, got {block.min()} to {block.max()}"
            )


def _described(representation: RepresentationConfig) -> dict[str, Any]:
    """As JSON has it. Where there are no chords there is no word of them, as before there were any."""
    values = {key: _finite(value) for key, value in asdict(representation).items()}
    if not representation.chords:
        del values["chords"]
    return values


def _finite(value: Any) -> Any:
    return "infinity" if value == math.inf else value
