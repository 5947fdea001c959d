"""MIDI files to shards: read in parallel, split, freed from repeats, and written whole or not at all."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from seqgen.data.new_folder import check_out, new_folder
from seqgen.data.pool import SurvivingPool
from seqgen.data.report import Report
from seqgen.data.shards import ALL_NAMES, FileRow, write_shards
from seqgen.data.sources import Limits, MidiSources
from seqgen.data.splits import SplitTable, split_by_content
from seqgen.data.spool import Spools
from seqgen.data.work import Task, Windows, killed, read_windows
from seqgen.representation.converter import RepresentationConfig, make_converter

CHUNK_FILES = 32
CHUNK_BYTES = 1 << 20


def prepare(
    inputs: list[Path],
    out: Path,
    representation: RepresentationConfig,
    splits: Path | None = None,
    *,
    workers: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    limits: Limits | None = None,
) -> Report:
    """Make shards of the MIDI files in folders, zips and tars.

    The result is the same whatever the number of workers and the order of the files on disk. A file that
    cannot be read is reported and skipped. In a script, call it under `if __name__ == "__main__":`, since it
    starts processes.

    Args:
        inputs: folders, archives and MIDI files; see `seqgen.data.sources`.
        out: the folder to make.
        representation: which windows to take.
        splits: a table that says which file belongs to which split (see `seqgen.data.splits`); without one,
            files are split by a hash of their content, 90 % train, 5 % valid, 5 % test.
        workers: processes; None for one for each core that this process may use.
        seed: of the split by content.
        overwrite: replace shards that are in `out`.
        limits: how much is read from a file and from an archive.

    Raises:
        ValueError: if an argument cannot be used, or there is no window in all files; nothing is written.
    """
    started = time.perf_counter()
    if workers is not None and workers < 1:
        raise ValueError(f"workers: expected at least 1, got {workers}")
    check_out(Path(out).resolve(), ALL_NAMES, overwrite)
    table = None if splits is None else SplitTable(splits)
    sources = MidiSources(inputs, limits)
    converter = make_converter(representation)
    with (
        new_folder(Path(out), ALL_NAMES, overwrite) as folder,
        Spools(folder, converter, representation.chords) as spools,
    ):
        run = _Run(representation, spools, table, seed)
        with SurvivingPool(read_windows, killed, workers or _cores()) as pool, _progress() as bar:
            shown = bar.add_task("", total=sources.total_bytes, files=0)
            for tasks, results in pool.map(run.chunks(sources)):
                run.take(tasks, results)
                bar.update(shown, completed=sources.done_bytes, files=len(run.files))
        report = run.write(folder, started)
    return report


class _Run:
    """One preparation: hands out tasks, takes in results, writes them in the order of the files' names."""

    def __init__(
        self, representation: RepresentationConfig, spools: Spools, table: SplitTable | None, seed: int
    ) -> None:
        self.files: list[FileRow] = []
        self._representation, self._spools, self._table, self._seed = representation, spools, table, seed
        self._left_out: list[str] = []
        self._left_out_count = 0
        self._rejected: Counter[str] = Counter()

    def chunks(self, sources: MidiSources) -> Iterator[list[Task]]:
        """The files as work for the pool. Files without data are noted, those outside the table counted."""
        tasks: list[Task] = []
        size = 0
        for file in sources:
            if file.problem:
                self.files.append(FileRow(file.source, file.path, "", 0, file.problem))
                continue
            if self._table is None:
                assignment = split_by_content(file.data, self._seed)
            elif (found := self._table.find(file.full_path)) is not None:
                assignment = found
            else:
                self._left_out_count += 1
                self._left_out = self._left_out or [file.full_path]
                continue
            tasks.append(Task(file, assignment, self._representation))
            size += len(file.data)
            if len(tasks) >= CHUNK_FILES or size >= CHUNK_BYTES:
                yield tasks
                tasks, size = [], 0
        if tasks:
            yield tasks

    def take(self, tasks: list[Task], results: list[Windows]) -> None:
        """Note and spool what a chunk of files gave."""
        for task, windows in zip(tasks, results, strict=True):
            split = "" if windows.problem else task.assignment.split
            if split:
                self._spools.add(split, len(self.files), windows)
            self._rejected.update(windows.rejected)
            found = (windows.problem, windows.metres)
            self.files.append(FileRow(task.file.source, task.file.path, split, 0, *found))

    def write(self, folder: Path, started: float) -> Report:
        """Fill `folder` with shards.

        Raises:
            ValueError: if there is nothing to fill it with.
        """
        order = sorted(range(len(self.files)), key=lambda number: self.files[number].source_and_path)
        windows, kept = self._spools.sift(order)
        counts = np.zeros(len(order), np.int64)
        for part in windows.values():
            counts += np.bincount(part.origin[part.keep, 0], minlength=len(order))
        files = [replace(self.files[old], windows=int(counts[new])) for new, old in enumerate(order)]
        report = Report(
            files=len(files),
            bad=tuple(file for file in files if file.message),
            left_out=self._left_out_count,
            unused_rows=self._table.unused if self._table is not None else 0,
            windows={split: len(found.rows) for split, found in kept.items()},
            repeated={split: found.repeated for split, found in kept.items()},
            elsewhere={split: found.elsewhere for split, found in kept.items()},
            rejected=self._rejected,
            seconds=time.perf_counter() - started,
        )
        self._check(report)
        write_shards(folder, self._representation, windows, files, report.as_dict(), self._seed)
        return replace(report, seconds=time.perf_counter() - started)

    def _check(self, report: Report) -> None:
        if self._table is not None and self._left_out and not report.files:
            raise ValueError(
                f"splits: none of the {report.left_out:,} files is in {self._table.path}; it has keys "
                f"such as {self._table.example!r}, the files have paths such as {self._left_out[0]!r}"
            )
        if not sum(report.windows.values()):
            raise ValueError(f"inputs: no window was found, nothing is written.\n{report.describe()}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[files]} files"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
