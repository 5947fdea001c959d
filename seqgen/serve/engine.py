"""Work in threads of its own, from a queue with an end: nobody who only talks waits for those who compute."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from seqgen.serve.catalogue import Catalogue
from seqgen.serve.music import bars_of, piece_of, task
from seqgen.serve.protocol import Answer, Bar, Failed, Progress, Result, Work

LOG = logging.getLogger("seqgen.serve")
Tell = Callable[[Answer], None]
"""takes answers from a worker's thread; it must not block"""


class Job(NamedTuple):
    work: Work
    tell: Tell
    cancelled: threading.Event


class BusyError(Exception):
    """As much waits as may."""


class Engine:
    """Workers over one catalogue. Every job ends with a `Result` or a `Failed`, told once."""

    def __init__(self, catalogue: Catalogue, workers: int = 1, waiting: int = 32):
        self.catalogue = catalogue
        self._jobs: queue.Queue[Job | None] = queue.Queue(waiting)
        self._threads = [
            threading.Thread(target=self._serve, name=f"worker-{n}", daemon=True) for n in range(workers)
        ]
        self._closed = False
        for thread in self._threads:
            thread.start()

    def refuse(self, work: Work) -> Failed | None:
        """Why this cannot be done here, if it is so: an unknown model, or one that does something else."""
        models = self.catalogue.models
        operation = type(work).__struct_config__.tag
        able = [name for name, model in models.items() if operation in model.operations]
        if work.model in able:
            return None
        if not able:
            return Failed(work.id, "unknown", f"{operation}: no model here does that")
        what = "does not do that" if work.model in models else "is not here"
        return Failed(
            work.id, "unknown", f"{operation}: the model {work.model!r} {what}; these do: {', '.join(able)}"
        )

    def submit(self, work: Work, tell: Tell) -> threading.Event:
        """Queue work that is not refused. Setting the event cancels it.

        Raises:
            BusyError: if too much waits already.
        """
        job = Job(work, tell, threading.Event())
        try:
            if self._closed:
                raise queue.Full
            self._jobs.put_nowait(job)
        except queue.Full:
            raise BusyError("busy: too many requests wait already; ask again in a moment") from None
        return job.cancelled

    def close(self, timeout: float = 5.0) -> None:
        """End after the work in hand; what still waits is told that it is cancelled."""
        self._closed = True
        while not self._jobs.empty():
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is not None:
                job.tell(Failed(job.work.id, "cancelled", "the service is shutting down"))
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout)

    def _serve(self) -> None:
        import torch

        torch.set_num_threads(1)
        while (job := self._jobs.get()) is not None:
            job.tell(self._outcome(job))

    def _outcome(self, job: Job) -> Result | Failed:
        name = job.work.id
        try:
            return self._run(job)
        except ValueError as error:
            return Failed(name, "unreadable", str(error))
        except CancelledError:
            return Failed(name, "cancelled", "cancelled")
        except Exception:
            LOG.exception("a request failed", extra={"request": name})
            return Failed(name, "failed", "the service failed at this request; its log says why")

    def _run(self, job: Job) -> Result:
        work, tell = job.work, job.tell
        _check(job)
        if not self.catalogue.loaded(work.model):
            tell(Progress(work.id, "loading"))
        model = self.catalogue.get(work.model)
        _check(job)
        wanted = task(model, work)
        total, pieces = len(wanted.titles), []
        for number, (sequence, title) in enumerate(zip(wanted.pieces, wanted.titles, strict=True)):
            _check(job)
            seed = work.seed if wanted.seeds is None else wanted.seeds[number]
            piece = piece_of(sequence, seed, title)
            for bar, notes in enumerate(bars_of(piece.notes, piece.bars)):
                tell(Bar(work.id, number, bar, notes))
            pieces.append(piece)
            tell(Progress(work.id, "working", number + 1, total))
        return Result(work.id, work.model, pieces, wanted.notices)


class CancelledError(Exception):
    """Nobody wants the result any more."""


def _check(job: Job) -> None:
    if job.cancelled.is_set():
        raise CancelledError
