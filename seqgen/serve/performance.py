"""A live performance: ports, clock, composer, feeder and sender put together, and taken apart in order."""

from __future__ import annotations

import contextlib
import logging
import time
from types import TracebackType

from seqgen.io.live_midi import Port, open_input, open_output
from seqgen.serve.beats import Clock, TempoClock
from seqgen.serve.composer import Composer, Score, Sources
from seqgen.serve.feeder import Feeder
from seqgen.serve.live_config import LiveConfig
from seqgen.serve.midi_clock import MidiClockIn
from seqgen.serve.osc_control import OscControl
from seqgen.serve.player import Player, Sender

LOG = logging.getLogger("seqgen.play")
DRUM_CHANNEL = 9


class Performance:
    """Use it in a `with` block: whatever ends it, notes are off and ports, threads and process have gone.

    Raises:
        ValueError: for a port, file, model or library that cannot be used.
    """

    def __init__(self, config: LiveConfig, sources: Sources):
        self.config = config
        self.knobs = config.knobs()
        with contextlib.ExitStack() as stack:
            self.output = open_output(
                config.to or config.port, virtual=config.to is None, backend=config.backend
            )
            stack.callback(self.output.close)
            self._composer = Composer(sources)
            stack.callback(self._composer.close)
            self.score: Score = self._composer.score()
            self._clock = self._make_clock(stack)
            channel = DRUM_CHANNEL if self.score.drums else 0
            channel = channel if config.channel is None else config.channel - 1
            self.player = Player(self.output, self._clock, channel, config.clock == "out")
            self.player.end = None if config.loop else config.steps * self.score.bars
            self._feeder = Feeder(self.player, self.knobs, self._composer.bar, self.score.bars)
            self._sender = Sender(self.player)
            stack.callback(self._feeder.stop)
            stack.callback(self._sender.stop)
            self.input = self._listen(stack)
            self.osc = self._control(stack)
            self._stack = stack.pop_all()

    def __enter__(self) -> Performance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self) -> None:
        """Draw the first bars, and play; with `clock` in, wait for the start of the other program."""
        self._feeder.fill(time.monotonic())
        for thread in (self._feeder, self._sender, self.osc):
            if thread is not None:
                thread.start()
        if self.config.clock != "in":
            self._clock.run(time.monotonic(), True)
        self._wake()

    def wait(self, seconds: float) -> bool:
        """Whether the music has ended.

        Raises:
            OSError: if the composer or the port has gone.
        """
        ended = self.player.done.wait(seconds)
        for thread in (self._feeder, self._sender):
            if thread.failure is not None:
                raise OSError(f"the music had to end: {thread.failure}") from thread.failure
        return ended

    def _make_clock(self, stack: contextlib.ExitStack) -> Clock:
        tempo = self.score.qpm if self.config.tempo is None else self.config.tempo
        if self.config.clock == "in":
            return MidiClockIn(tempo)
        if self.config.link:
            from seqgen.serve.link_clock import LinkClock

            clock = LinkClock(tempo)
            stack.callback(clock.close)
            return clock
        return TempoClock(tempo)

    def _listen(self, stack: contextlib.ExitStack) -> Port | None:
        config = self.config
        if config.cc is None and config.clock != "in":
            return None
        name = f"{config.port}-in" if config.input is None else config.input
        port = open_input(name, self._receive, virtual=config.input is None, backend=config.backend)
        stack.callback(port.close)
        return port

    def _control(self, stack: contextlib.ExitStack) -> OscControl | None:
        if self.config.osc is None:
            return None
        from seqgen.serve.token import token

        actions = {
            "/seqgen/position": self.knobs.position,
            "/seqgen/temperature": self.knobs.temperature,
            "/seqgen/seed": self.knobs.seed,
            "/seqgen/tempo": self._tempo,
            "/seqgen/run": self._run,
        }
        osc = OscControl(self.config.osc, token(), actions)
        stack.callback(osc.close)
        return osc

    def _receive(self, now: float, message: tuple[int, ...]) -> None:
        """From the input port, on a thread of rtmidi."""
        if message[0] >= 0xF0 and isinstance(self._clock, MidiClockIn):
            self._clock.receive(now, message)
            self._wake()
        elif message[0] & 0xF0 == 0xB0 and len(message) == 3 and message[1] == self.config.cc:
            self.knobs.position(message[2] / 127)

    def _tempo(self, qpm: float) -> None:
        self._clock.set_tempo(time.monotonic(), qpm)
        LOG.info("tempo %g", qpm)
        self._wake()

    def _run(self, wanted: float) -> None:
        self._clock.run(time.monotonic(), bool(wanted))
        LOG.info("goes on" if wanted else "paused")
        self._wake()

    def _wake(self) -> None:
        self._sender.wake()
        self._feeder.wake()
