"""Windows on their way into shards: put on disk as they come, put in order and freed from repeats at the end.

In memory there are about 40 bytes a window, whatever its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.data.duplicates import Kept, keep_first
from seqgen.data.shards import SplitWindows
from seqgen.data.splits import SPLITS
from seqgen.data.work import Windows
from seqgen.representation.converter import Converter
from seqgen.representation.timeline import STEPS_PER_BAR


class Rows:
    """Rows of one shape, appended to a file."""

    def __init__(self, path: Path, row: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._path, self._row, self._dtype = path, row, dtype
        self._stream = open(path, "wb")  # noqa: SIM115 (closed by `close`)

    def add(self, rows: np.ndarray) -> None:
        self._stream.write(rows.tobytes())

    def all(self, count: int) -> np.ndarray:
        """The `count` rows that were added, as they came; none can be added any more."""
        self._stream.close()
        shape = (count, *self._row)
        return np.memmap(self._path, self._dtype, "r", shape=shape) if count else np.zeros(shape, self._dtype)

    def close(self) -> None:
        """Forget what was written."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


class Spool:
    """The windows of one split, and their chords where they are asked for."""

    def __init__(self, tokens: Rows, chords: Rows | None) -> None:
        self._tokens, self._chords = tokens, chords
        self._origin: list[np.ndarray] = [np.zeros((0, 2), np.int32)]
        self._exact: list[np.ndarray] = [np.zeros(0, np.uint64)]
        self._untransposed: list[np.ndarray] = [np.zeros(0, np.uint64)]

    def add(self, file: int, windows: Windows) -> None:
        """Append the windows of file number `file`."""
        if not len(windows.tokens):
            return
        self._tokens.add(windows.tokens)
        if self._chords is not None and windows.chords is not None:
            self._chords.add(windows.chords)
        rows = np.full(len(windows.tokens), file, np.int32)
        self._origin.append(np.stack([rows, windows.start_bar], axis=1))
        self._exact.append(windows.exact)
        self._untransposed.append(windows.untransposed)

    def sort(self, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tokens [N, *row] and origins [N, 2] as they came, and the order [N] of their files' `rank` [files].

        From now on origins name files by rank, and `exact` and `untransposed` [N] are in that order.
        """
        origin = np.concatenate(self._origin)
        origin[:, 0] = rank[origin[:, 0]]
        order = np.argsort(origin[:, 0], kind="stable")
        self.exact = np.concatenate(self._exact)[order]
        self.untransposed = np.concatenate(self._untransposed)[order]
        return self._tokens.all(len(origin)), origin, order

    def chords(self) -> np.ndarray | None:
        """The chords [N, 16 * bars] as they came."""
        return None if self._chords is None else self._chords.all(sum(map(len, self._origin)))

    def close(self) -> None:
        """Forget what was written."""
        self._tokens.close()
        if self._chords is not None:
            self._chords.close()


class Spools:
    """The windows of all splits; a context manager that removes its files."""

    def __init__(self, folder: Path, converter: Converter, chords: bool = False) -> None:
        row, dtype = (converter.steps, *converter.columns), converter.dtype
        sixteenths = (STEPS_PER_BAR * converter.bars,)
        self._spools = {
            split: Spool(
                Rows(folder / f"{split}.spool", row, dtype),
                Rows(folder / f"{split}.chords.spool", sixteenths, np.dtype(np.int8)) if chords else None,
            )
            for split in SPLITS
        }

    def __enter__(self) -> Spools:
        return self

    def __exit__(self, *_: object) -> None:
        for spool in self._spools.values():
            spool.close()

    def add(self, split: str, file: int, windows: Windows) -> None:
        """Append the windows of file number `file` to a split."""
        self._spools[split].add(file, windows)

    def sift(self, file_order: Iterable[int]) -> tuple[dict[str, SplitWindows], dict[str, Kept]]:
        """The windows that stay, by split, with the files in the order given."""
        order = np.fromiter(file_order, np.int64)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        sorted_windows = {split: spool.sort(rank) for split, spool in self._spools.items()}
        kept = keep_first(
            {split: spool.exact for split, spool in self._spools.items()},
            {split: spool.untransposed for split, spool in self._spools.items()},
        )
        return {
            split: SplitWindows(tokens, origin, by_file[kept[split].rows], self._spools[split].chords())
            for split, (tokens, origin, by_file) in sorted_windows.items()
        }, kept
