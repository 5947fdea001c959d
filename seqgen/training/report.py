"""What a run says while it goes on: a progress bar on a terminal, a line at each diagnosis anywhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from seqgen.training.job import Report


class Reporter:
    """Writes to standard error; `quiet` says nothing (processes other than the first)."""

    def __init__(self, steps: int, done: int, quiet: bool = False):
        self.console = Console(file=sys.stderr, quiet=quiet)
        columns = (
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self.progress = Progress(
            *columns, console=self.console, disable=quiet or not self.console.is_terminal
        )
        self.task = self.progress.add_task("", total=steps, completed=done)

    def __enter__(self) -> Reporter:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def step(self, step: int, said: str) -> None:
        self.progress.update(self.task, completed=step, description=said)

    def diagnosis(self, step: int, found: Report) -> None:
        self.console.print(f"step {step}: {found.said}", highlight=False)
        if found.warning:
            self.console.print(f"warning: {found.warning}", style="yellow", highlight=False)
