"""Bars drawn in a process of their own, so that nothing the model computes can hold up the sender."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from seqgen.tasks.living import LivingPiece

NICE = 5
"""how far the process stands back behind the one that sends"""


Pair = tuple[int | None, int | None]


class Sources(NamedTuple):
    """What is to be played."""

    model: str
    a: Path
    b: Path
    track: Pair | None = None
    start_bar: Pair | None = None


class Score(NamedTuple):
    """What there is to know before the first bar."""

    bars: int
    qpm: float
    drums: bool
    notices: list[str]


class Composer:
    """The process, and the pipe to it. It ends when this one does, whatever way that is."""

    def __init__(self, sources: Sources):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=compose, args=(theirs, sources), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()

    def score(self) -> Score:
        """Waits until the model is loaded.

        Raises:
            ValueError: for a model or a file that cannot be used.
        """
        said = self._receive()
        if isinstance(said, str):
            raise ValueError(said)
        return Score(*said)

    def bar(
        self, number: int, position: float, temperature: float, seed: int
    ) -> list[tuple[float, float, int, int]]:
        """(start, end, pitch, velocity) of the notes in a bar; times in quarter notes from the bar line.

        Raises:
            OSError: if the process has ended.
        """
        with contextlib.suppress(BrokenPipeError):  # reading says why
            self._pipe.send((number, position, temperature, seed))
        notes: list[tuple[float, float, int, int]] = self._receive()
        return notes

    def close(self) -> None:
        self._process.terminate()
        self._process.join(5.0)
        self._pipe.close()

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join(1.0)
            code = self._process.exitcode
            raise OSError(f"the process that draws the music has ended (exit code {code})") from None


def compose(pipe: Connection, sources: Sources) -> None:
    """The process: says its `Score`, or what is wrong, then answers each request with a bar."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        piece = _load(sources)
    except (ValueError, OSError) as error:
        pipe.send(str(error))
        return
    pipe.send((piece.bars, piece.qpm, piece.drums, piece.notices))
    with contextlib.suppress(EOFError, ConnectionError):  # nobody asks any more
        while True:
            number, position, temperature, seed = pipe.recv()
            pipe.send([tuple(note) for note in piece.bar(number, position, temperature, seed)])


def _load(sources: Sources) -> LivingPiece:
    import torch

    from seqgen.tasks.living import LivingPiece
    from seqgen.tasks.music import load

    torch.set_num_threads(1)
    return LivingPiece(load(sources.model), sources.a, sources.b, sources.track, sources.start_bar)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that starts in here never sees Ctrl-C, not even before its first line."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
