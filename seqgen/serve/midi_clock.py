"""MIDI clock (MIDI 1.0, system real time): 24 pulses a quarter note, start, continue, stop, song position."""

from __future__ import annotations

import threading
from collections import deque

from seqgen.serve.beats import MAX_QPM, MIN_QPM, Transport

PULSES = 24
"""a quarter note"""
CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
SIXTEENTH = 0.25
LOST = 0.5
"""seconds without a pulse: the sender has gone"""


class MidiClockIn:
    """Follows the pulses of another program.

    A pulse is exactly 1/24 after the one before; between pulses the beat goes on at the tempo of the last
    quarter note, never past the next pulse. The first pulse after a start or a song position is that
    place itself.
    Without pulses for half a second it stops, so that no note hangs when the sender vanishes.
    """

    def __init__(self, qpm: float = 120.0):
        self._lock = threading.Lock()
        self._pulses: deque[float] = deque(maxlen=PULSES + 1)
        """when the last ones came, seconds"""
        self._qpm = qpm
        self._place = self._origin = 0
        """pulses from the beginning to the last one, and to where the last jump went"""
        self._started = self._begun = False
        """told to play; and the first pulse has come"""
        self._wanted = True
        self._jumps = 0

    def receive(self, now: float, message: tuple[int, ...]) -> None:
        """A message of the input port; others than those of the clock are let pass."""
        with self._lock:
            match message:
                case (0xF8, *_):
                    self._pulse(now)
                case (0xFA, *_):
                    self._started = True
                    self._jump(0)
                case (0xFB, *_):
                    self._started = True
                case (0xFC, *_):
                    self._started = False
                case (0xF2, low, high):
                    self._jump(round((low + 128 * high) * SIXTEENTH * PULSES))
                case _:
                    pass

    def transport(self, now: float) -> Transport:
        with self._lock:
            since = now - self._pulses[-1] if self._pulses else LOST
            running = self._started and self._begun and self._wanted and since < LOST
            ahead = min(max(since, 0.0) * self._qpm / 60.0, 1 / PULSES) if running else 0.0
            place, origin = self._place / PULSES, self._origin / PULSES
            return Transport(place + ahead, self._qpm, running, self._jumps, origin)

    def run(self, now: float, wanted: bool) -> None:
        """Play along, or be silent while the other goes on."""
        with self._lock:
            if wanted and not self._wanted:  # the place is another by now
                self._origin = self._place
                self._jumps += 1
            self._wanted = wanted

    def set_tempo(self, now: float, qpm: float) -> None:
        raise ValueError("tempo: the MIDI clock of the input sets it")

    def _jump(self, place: int) -> None:
        self._place = self._origin = place
        self._begun = False
        self._jumps += 1

    def _pulse(self, now: float) -> None:
        if self._pulses and not 0 < now - self._pulses[-1] < LOST:
            self._pulses.clear()
        self._pulses.append(now)
        if len(self._pulses) > 1:
            quarters = (len(self._pulses) - 1) / PULSES
            qpm = 60.0 * quarters / (self._pulses[-1] - self._pulses[0])
            self._qpm = min(max(qpm, MIN_QPM), MAX_QPM)
        if self._started and self._begun:
            self._place += 1
        elif self._started:
            self._begun = True
