"""Keeps a player two bars ahead of what sounds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from seqgen.serve.knobs import Knobs
from seqgen.serve.player import Beat, Player

AHEAD = 2
"""bars that are always there"""
PAUSE = 0.02
"""seconds between two looks"""
Draw = Callable[[int, float, float, int], Iterable[tuple[float, float, int, int]]]
"""from bar, position, temperature and seed to (start, end, pitch, velocity)"""


class Feeder(threading.Thread):
    """Draws bar after bar. A piece of `bars` bars is played over and over."""

    def __init__(self, player: Player, knobs: Knobs, draw: Draw, bars: int):
        super().__init__(name="seqgen-feeder", daemon=True)
        self.failure: BaseException | None = None
        self._player, self._knobs, self._draw, self._bars = player, knobs, draw, bars
        self._wake, self._ended = threading.Event(), threading.Event()

    def step(self, now: float) -> bool:
        """Draw the next bar if it is time to: one bar early, so that drawing may take that long."""
        wanted = self._player.wanted(now, AHEAD + 1)
        if wanted is None:
            return False
        settings = self._knobs.at(wanted.bar // self._bars)
        notes = self._draw(wanted.bar % self._bars, *settings)
        self._player.add(wanted, [Beat(*note) for note in notes])
        return True

    def fill(self, now: float) -> None:
        """Before the start: all that is needed at once."""
        while self.step(now):
            pass

    def wake(self) -> None:
        """The clock may have jumped."""
        self._wake.set()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                if not self.step(time.monotonic()):
                    self._wake.wait(PAUSE)
                    self._wake.clear()
        except Exception as error:  # the main thread says it
            if not self._ended.is_set():
                self.failure = error
                self._player.done.set()

    def stop(self) -> None:
        """It ends when the bar that is being drawn is there."""
        self._ended.set()
        self._wake.set()
