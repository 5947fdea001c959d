"""What beat it is: a clock turns seconds (`time.monotonic`) into quarter notes.

A clock that jumps (start from the beginning, another song position) counts it in `Transport.jumps`; between
two jumps the beat does not go back.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

MIN_QPM, MAX_QPM = 10.0, 1000.0


@dataclass(frozen=True)
class Transport:
    """What a clock says of a moment."""

    beat: float
    """quarter notes from the beginning; below 0 it has not begun"""
    qpm: float
    running: bool
    jumps: int
    origin: float = 0.0
    """beat where it was right after the last jump, or at first"""


@runtime_checkable
class Clock(Protocol):
    def transport(self, now: float) -> Transport: ...

    def run(self, now: float, wanted: bool) -> None:
        """Go on, or pause."""
        ...

    def set_tempo(self, now: float, qpm: float) -> None:
        """From `now` on.

        Raises:
            ValueError: for a tempo out of range, or if another program sets the tempo.
        """
        ...


def check_tempo(qpm: float) -> float:
    if not MIN_QPM <= qpm <= MAX_QPM:  # also for NaN
        raise ValueError(f"tempo: expected {MIN_QPM:g} to {MAX_QPM:g} quarter notes a minute, got {qpm}")
    return qpm


@dataclass(frozen=True)
class _Anchor:
    """From this moment on the beat goes evenly."""

    time: float
    transport: Transport

    def at(self, now: float) -> Transport:
        said = self.transport
        if not said.running:
            return said
        return replace(said, beat=said.beat + max(now - self.time, 0.0) * said.qpm / 60.0)


class TempoClock:
    """Our own clock. It stands at beat 0 until it is run.

    >>> clock = TempoClock(120.0)
    >>> clock.run(10.0, True)
    >>> clock.transport(11.0).beat
    2.0
    """

    def __init__(self, qpm: float):
        self._lock = threading.Lock()
        self._anchor = _Anchor(0.0, Transport(0.0, check_tempo(qpm), False, 0))

    def transport(self, now: float) -> Transport:
        return self._anchor.at(now)

    def run(self, now: float, wanted: bool) -> None:
        with self._lock:
            self._anchor = _Anchor(now, replace(self._anchor.at(now), running=wanted))

    def set_tempo(self, now: float, qpm: float) -> None:
        with self._lock:
            self._anchor = _Anchor(now, replace(self._anchor.at(now), qpm=check_tempo(qpm)))
