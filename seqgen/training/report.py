"""What a run says while it goes on: a progress bar on a terminal, a line at each diagnosis anywhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from seqgen.models.music_vae.diagnosis import Diagnosis


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

    def step(self, step: int, values: dict[str, float]) -> None:
        said = f"nll {values['nll']:.3f} nats a step, KL {values['kl']:.1f} nats, beta {values['beta']:.3f}"
        self.progress.update(self.task, completed=step, description=said)

    def diagnosis(self, step: int, d: Diagnosis, warning: str | None) -> None:
        self.console.print(
            f"step {step}: valid onset {d.free_run_onset:.3f} free-run, "
            f"{d.teacher_forced_onset:.3f} teacher-forced; "
            f"cross-entropy {d.cross_entropy:.3f} nats a step ({d.cross_entropy_random:.3f} with another z); "
            f"KL {d.kl:.1f} nats; {d.active_units} of {len(d.kl_by_dimension)} units active",
            highlight=False,
        )
        if warning:
            self.console.print(f"warning: {warning}", style="yellow", highlight=False)
