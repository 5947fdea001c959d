"""Which split a file belongs to: by a table, or by a hash of what is in the file.

The one rule for tables (tab or comma separated, the first line names the columns):

* the file's key is in the column `path`, or else `file`, `midi_filename` or `id`, in that order of
  preference; where there is also a column `dataset`, the key is `dataset/key`;
* a key means the file whose path ends with it, from a folder boundary on, with or without the file's ending:
  `lieder/lc28688206` means `lieder.tar.xz`'s `lieder/lc28688206.mid`, and so does `lc28688206.mid`. The name
  of the input (without an archive's ending) counts as part of the path. The longest key that fits wins;
* `split` is `train`, `valid` (or `validation`) or `test`;
* `shift_quarters`, if it is there, is the padding in quarter notes that puts the end of a pickup on a bar
  line.

Other columns are ignored. A file that no key means is left out.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "valid", "test")
KEY_COLUMNS = ("path", "file", "midi_filename", "id")
VALID_SHARE = TEST_SHARE = 0.05


@dataclass(frozen=True)
class Assignment:
    split: str
    shift_quarters: float = 0.0


class SplitTable:
    """The rows of a table by key.

    Raises:
        ValueError: if the file cannot be read as such a table, naming the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Assignment] = {}
        self._used: set[str] = set()
        try:
            with open(path, newline="", encoding="utf-8") as stream:
                first = stream.readline()
                stream.seek(0)
                reader = csv.DictReader(stream, delimiter="\t" if "\t" in first else ",")
                key_column = self._key_column(reader.fieldnames or [])
                for row in reader:
                    self._add(row, key_column, reader.line_num)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"splits: cannot read {path} as a table: {error}") from error
        if not self._rows:
            raise ValueError(f"splits: {path} has no rows")

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def unused(self) -> int:
        """Rows that no file was looked up by so far."""
        return len(self._rows) - len(self._used)

    @property
    def example(self) -> str:
        """One of its keys, for messages."""
        return next(iter(self._rows))

    def find(self, full_path: str) -> Assignment | None:
        """The row that means the file at `full_path` (with forward slashes), or None."""
        parts = full_path.split("/")
        for start in range(len(parts)):
            key = "/".join(parts[start:])
            for candidate in (key, _without_suffix(key)):
                if candidate in self._rows:
                    self._used.add(candidate)
                    return self._rows[candidate]
        return None

    def _key_column(self, columns: Sequence[str]) -> str:
        name = next((name for name in KEY_COLUMNS if name in columns), None)
        if name is None or "split" not in columns:
            raise ValueError(
                f"splits: expected {self.path} to begin with a line of column names, among them 'split' and "
                f"one of {', '.join(KEY_COLUMNS)}; got {', '.join(columns)[:200] or 'an empty file'}"
            )
        return name

    def _add(self, row: dict[str, str | None], key_column: str, line: int) -> None:
        where = f"splits: line {line} of {self.path}"
        key, split = row[key_column] or "", row["split"] or ""
        if not key:
            raise ValueError(f"{where}: '{key_column}' is empty")
        if row.get("dataset"):
            key = f"{row['dataset']}/{key}"
        split = "valid" if split == "validation" else split
        if split not in SPLITS:
            raise ValueError(f"{where}: expected split to be one of {', '.join(SPLITS)}, got {split!r}")
        assignment = Assignment(split, _shift(row.get("shift_quarters"), where))
        if self._rows.setdefault(key, assignment) != assignment:
            raise ValueError(f"{where}: {key!r} stands in the table twice, with different values")


def split_by_content(data: bytes, seed: int = 0) -> Assignment:
    """Train, valid or test (90, 5, 5 %) by a hash of the bytes: the same on every machine and for every copy.

    >>> split_by_content(b"MThd").split
    'train'
    """
    digest = hashlib.blake2b(data, digest_size=8, key=str(seed).encode()).digest()
    share = int.from_bytes(digest, "big") / 2**64
    if share < TEST_SHARE:
        return Assignment("test")
    return Assignment("valid" if share < TEST_SHARE + VALID_SHARE else "train")


def _without_suffix(key: str) -> str:
    folder, slash, name = key.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def _shift(text: str | None, where: str) -> float:
    try:
        shift = float(text or 0)
    except ValueError:
        shift = math.nan
    if not 0 <= shift < 1000:
        raise ValueError(
            f"{where}: expected shift_quarters to be a number of quarter notes from 0 up, got {text!r}"
        )
    return shift
