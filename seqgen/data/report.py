"""What a preparation did, in numbers and in sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from seqgen.data.shards import FileRow
from seqgen.representation.extraction import describe_counts

MOST_SHOWN = 5


@dataclass(frozen=True)
class Report:
    """Counts of files and windows."""

    files: int
    """files that were tried, bad ones included, files outside the table not"""
    bad: tuple[FileRow, ...]
    """files (or whole inputs) that could not be read; each says why"""
    left_out: int
    """files that are not in the table of splits"""
    unused_rows: int
    """rows of the table that no file was found for"""
    windows: dict[str, int]
    """windows kept, by split"""
    repeated: dict[str, int]
    """windows dropped because an earlier file of the split has them"""
    elsewhere: dict[str, int]
    """windows dropped because an earlier split has them, perhaps in another key"""
    rejected: Counter[str]
    """what the representation left out, by reason, over all files"""
    seconds: float
    """how long it took; not part of what is written"""

    @property
    def files_per_second(self) -> float:
        return self.files / max(self.seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        """What is written to shards.json: the same for the same input."""
        return {
            "files": self.files,
            "bad_files": len(self.bad),
            "left_out": self.left_out,
            "repeated_windows": self.repeated,
            "windows_in_earlier_split": self.elsewhere,
            "rejected": dict(sorted(self.rejected.items())),
        }

    def describe(self) -> str:
        """Sentences, one a line."""
        kept = ", ".join(f"{number:,} {split}" for split, number in self.windows.items())
        lines = [
            f"Read {_files(self.files)} in {self.seconds:.1f} s ({self.files_per_second:,.0f} a second).",
            f"Windows: {kept}.",
        ]
        if repeated := sum(self.repeated.values()):
            lines.append(f"Dropped {repeated:,} windows that another file of the same split has too.")
        if sum(self.elsewhere.values()):
            each = " and ".join(f"{number:,} {split}" for split, number in self.elsewhere.items() if number)
            lines.append(f"Dropped {each} windows that an earlier split has, perhaps in another key.")
        if reasons := describe_counts(self.rejected):
            lines.append(f"Left out on the way: {reasons}.")
        if self.left_out:
            lines.append(f"{_files(self.left_out)} stood in no row of the table of splits and went unused.")
        if self.unused_rows:
            lines.append(f"For {self.unused_rows:,} rows of the table of splits there was no file.")
        return "\n".join(lines + self._about_bad_files())

    def _about_bad_files(self) -> list[str]:
        if not self.bad:
            return []
        shown = [f"  {file.path or file.source}: {file.message}" for file in self.bad[:MOST_SHOWN]]
        rest = len(self.bad) - len(shown)
        more = [f"  and {rest:,} more; files.tsv lists them all"] if rest else []
        return [f"{_files(len(self.bad))} could not be read:", *shown, *more]


def _files(number: int) -> str:
    return f"{number:,} file{'s' * (number != 1)}"
