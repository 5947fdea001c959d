"""A parallel map that outlives its workers: work on which a process dies is found, the rest goes on."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class SurvivingPool(Generic[A, B]):
    """Maps lists of items to lists of results, in order, in `workers` processes.

    Processes are spawned, not forked: a fork of a process that has threads (a progress bar, BLAS) may hang,
    and it would carry along whatever the caller imported.

    Args:
        task: a function of a module (it is sent by name) from a list of items to as many results.
        died: the result for an item that killed its process.

    Use as a context manager: leaving it ends the processes.
    """

    def __init__(self, task: Callable[[list[A]], list[B]], died: Callable[[A], B], workers: int) -> None:
        self._task, self._died, self._workers = task, died, workers
        self._pool = self._new(workers)
        self._single: ProcessPoolExecutor | None = None

    def __enter__(self) -> SurvivingPool[A, B]:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._pool, self._single):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def map(self, chunks: Iterable[list[A]]) -> Iterator[tuple[list[A], list[B]]]:
        """Each chunk with its results. Chunks are fetched as they are needed, a few ahead for each worker."""
        waiting: deque[tuple[list[A], Future[list[B]]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._submit(chunk)))
            if len(waiting) > 2 * self._workers + 1:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(self, waiting: deque[tuple[list[A], Future[list[B]]]]) -> tuple[list[A], list[B]]:
        chunk, future = waiting.popleft()
        try:
            return chunk, future.result()
        except BrokenProcessPool:
            # Nobody says whose work it was. The oldest chunk is done item by item, so every such accident
            # brings the map forward; the others start again, and fail again if they must.
            self._renew()
            results = [self._alone(item) for item in chunk]
            again = [
                (other, future if _is_done(future) else self._submit(other)) for other, future in waiting
            ]
            waiting.clear()
            waiting.extend(again)
            return chunk, results

    def _submit(self, chunk: list[A]) -> Future[list[B]]:
        try:
            return self._pool.submit(self._task, chunk)
        except BrokenProcessPool as error:  # broken since the last look: let the one who waits find out
            future: Future[list[B]] = Future()
            future.set_exception(error)
            return future

    def _alone(self, item: A) -> B:
        if self._single is None:
            self._single = self._new(1)
        try:
            return self._single.submit(self._task, [item]).result()[0]
        except BrokenProcessPool:
            self._single.shutdown(wait=True)
            self._single = None
            return self._died(item)

    def _renew(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._new(self._workers)

    @staticmethod
    def _new(workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _is_done(future: Future[list[B]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
