"""Notes in beats, sent when a clock says so.

`Player` decides what is due and is given the time, so it can be tested exactly; `Sender` is the thread that
asks it. Bars are put in from another thread, which may be slow: the sender waits for nobody. A bar that comes
too late is counted, and its notes are left out rather than played at the wrong place.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple

from seqgen.io.live_midi import Output
from seqgen.serve.beats import Clock, Transport
from seqgen.serve.midi_clock import CLOCK, CONTINUE, POSITION, PULSES, SIXTEENTH, START, STOP

BAR = 4.0
"""quarter notes; the models know 4/4 only"""
PATIENCE = 0.1
"""seconds: a note that is later than that is left out"""
NOTE_OFF, NOTE_ON, CONTROL, ALL_NOTES_OFF = 0x80, 0x90, 0xB0, 123
MOST_SIXTEENTHS = (1 << 14) - 1
"""that a song position can say"""
MAX_PAUSE = 0.01
"""seconds: the sender looks at the clock at least as often"""
_ALMOST = 1e-9
"""beats: what rounding may lose between a time that was asked for and the beat it gives"""


class Beat(NamedTuple):
    """A note to be played. Times are in quarter notes."""

    start: float
    end: float
    pitch: int
    velocity: int


class Wanted(NamedTuple):
    """The bar that is missing next; `epoch` says since which jump of the clock."""

    epoch: int
    bar: int


class Player:
    """The queue of notes, and what sounds."""

    def __init__(
        self,
        output: Output,
        clock: Clock,
        channel: int = 0,
        clock_out: bool = False,
        patience: float = PATIENCE,
    ):
        """channel: 0 to 15. clock_out: send MIDI clock too. patience: how late a note may be, seconds."""
        self.clock = clock
        self.sent = 0
        """notes that were played"""
        self.late = 0
        """notes that were left out because they came too late"""
        self.done = threading.Event()
        """the last bar has been played"""
        self.end: int | None = None
        """the bar that is not there any more; None goes on for ever"""
        self._output, self._channel, self._clock_out = output, channel, clock_out
        self._patience = patience
        self._lock = threading.RLock()
        self._ons: list[tuple[float, int, Beat]] = []
        self._offs: list[tuple[float, int, int]] = []
        """when, which note, its pitch"""
        self._sounding: dict[int, int] = {}
        """which note sounds at a pitch"""
        self._count = 0
        self._next_bar = 0
        self._pulse = 0
        self._running = self._closed = False
        self._fresh = True
        """nothing was played since the clock jumped"""
        self._jumps = clock.transport(time.monotonic()).jumps
        self._begin = 0.0
        """beat where the clock was after the last jump: nothing before it is played"""

    def wanted(self, now: float, ahead: int) -> Wanted | None:
        """The next bar, if what is there does not reach `ahead` bars further than what sounds."""
        with self._lock:
            said = self._look(now)
            self._next_bar = max(self._next_bar, int(max(said.beat, self._begin, 0.0) // BAR))
            if self.end is not None and self._next_bar >= self.end:
                return None
            enough = self._next_bar * BAR - max(said.beat, 0.0) >= ahead * BAR
            return None if enough else Wanted(self._jumps, self._next_bar)

    def add(self, wanted: Wanted, notes: Iterable[Beat]) -> None:
        """The notes that begin in that bar, counted from its line; of another epoch they are dropped."""
        with self._lock:
            if wanted.epoch != self._jumps:
                return
            line = wanted.bar * BAR
            for note in notes:
                if line + note.start >= self._begin:
                    self._count += 1
                    placed = note._replace(start=line + note.start, end=line + note.end)
                    heapq.heappush(self._ons, (placed.start, self._count, placed))
            self._next_bar = max(self._next_bar, wanted.bar + 1)

    def ahead(self, now: float) -> float:
        """How many quarter notes there are yet to play."""
        with self._lock:
            return self._next_bar * BAR - max(self._look(now).beat, 0.0)

    def advance(self, now: float) -> float | None:
        """Send what is due; seconds until the next message, or None if none is known."""
        with self._lock:
            if self._closed:
                return None
            said = self._look(now)
            if said.running and said.beat > -_ALMOST and not self._running:
                self._go()
            elif not said.running and self._running:
                self._halt()
            if not said.running:
                return None
            while (upcoming := self._upcoming()) is not None and upcoming[0] <= said.beat + _ALMOST:
                self._send_next(upcoming[1], said)
            if self.end is not None and said.beat >= self.end * BAR and not self._ons and not self._offs:
                self.done.set()
            upcoming = self._upcoming()
            begins = upcoming[0] if upcoming is not None else said.beat + 1.0
            return max(begins - said.beat, 0.0) * 60.0 / said.qpm

    def close(self) -> None:
        """Notes off, and nothing more. Once or more often."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._halt()
            self._send(CONTROL | self._channel, ALL_NOTES_OFF, 0)

    def _look(self, now: float) -> Transport:
        """The clock; if it jumped, what was queued and what sounds ends."""
        said = self.clock.transport(now)
        if said.jumps != self._jumps:
            self._halt()
            self._jumps = said.jumps
            place = max(said.origin, 0.0)
            if not (self._fresh and place == self._begin):  # or what is queued is just what is needed
                self._ons.clear()
                self._next_bar = int(place // BAR)
            self._begin, self._fresh = place, True
            self._pulse = math.ceil(place * PULSES - _ALMOST)
        return said

    def _go(self) -> None:
        self._running = True
        if self._clock_out:
            sixteenths = min(round(self._begin / SIXTEENTH), MOST_SIXTEENTHS)
            if self._fresh and sixteenths == 0:
                self._send(START)
            elif self._fresh:
                self._send(POSITION, sixteenths & 127, sixteenths >> 7)
                self._send(CONTINUE)
            else:
                self._send(CONTINUE)
        self._fresh = False

    def _halt(self) -> None:
        if self._running and self._clock_out:
            self._send(STOP)
        self._running = False
        for pitch in sorted(self._sounding):
            self._send(NOTE_OFF | self._channel, pitch, 0)
        self._sounding.clear()
        self._offs.clear()

    def _upcoming(self) -> tuple[float, int] | None:
        """When the next message is due and which queue has it: at one place pulses, then offs, then ons."""
        places = []
        if self._clock_out and self._running:
            places.append((self._pulse / PULSES, 0))
        if self._offs:
            places.append((self._offs[0][0], 1))
        if self._ons:
            places.append((self._ons[0][0], 2))
        return min(places, default=None)

    def _send_next(self, queue: int, said: Transport) -> None:
        if queue == 0:
            self._pulse += 1
            self._send(CLOCK)
        elif queue == 1:
            _, number, pitch = heapq.heappop(self._offs)
            self._release(pitch, number)
        else:
            due, number, note = heapq.heappop(self._ons)
            if (said.beat - due) * 60.0 / said.qpm > self._patience:
                self.late += 1
                return
            self._release(note.pitch, self._sounding.get(note.pitch, -1))
            self._send(NOTE_ON | self._channel, note.pitch, note.velocity)
            self.sent += 1
            self._sounding[note.pitch] = number
            heapq.heappush(self._offs, (note.end, number, note.pitch))

    def _release(self, pitch: int, number: int) -> None:
        """Unless another note sounds there by now, whose end is still to come."""
        if self._sounding.get(pitch) == number:
            del self._sounding[pitch]
            self._send(NOTE_OFF | self._channel, pitch, 0)

    def _send(self, *message: int) -> None:
        self._output.send(bytes(message))


class Sender(threading.Thread):
    """Asks a player what is due, in time."""

    def __init__(self, player: Player):
        super().__init__(name="seqgen-sender", daemon=True)
        self.failure: BaseException | None = None
        self._player = player
        self._wake, self._ended = threading.Event(), threading.Event()

    def wake(self) -> None:
        """The clock has news."""
        self._wake.set()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                pause = self._player.advance(time.monotonic())
                self._wake.wait(MAX_PAUSE if pause is None else min(pause, MAX_PAUSE))
                self._wake.clear()
        except Exception as error:  # a port that went away: the main thread says it
            self.failure = error
            self._player.done.set()

    def stop(self) -> None:
        """Notes off; it returns when the thread has ended."""
        self._ended.set()
        self._wake.set()
        if self.is_alive():
            self.join(2.0)
        self._player.close()
