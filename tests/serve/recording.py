"""A port that remembers, and a clock that stands where a test puts it."""

from __future__ import annotations

from dataclasses import replace

from seqgen.serve.beats import Transport
from seqgen.serve.player import Player


class Recording:
    """What was sent, with the time at which the player was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.messages: list[tuple[float, tuple[int, ...]]] = []

    def send(self, message: bytes) -> None:
        self.messages.append((self.now, tuple(message)))

    def take(self) -> list[tuple[float, tuple[int, ...]]]:
        taken, self.messages = self.messages, []
        return taken


class SetClock:
    """At 60 quarter notes a minute, so a second is a beat, unless a test says otherwise."""

    def __init__(self) -> None:
        self.said = Transport(0.0, 60.0, True, 0)

    def put(self, **changes) -> None:
        self.said = replace(self.said, **changes)

    def transport(self, now: float) -> Transport:
        return self.said

    def run(self, now: float, wanted: bool) -> None:
        self.put(running=wanted)

    def set_tempo(self, now: float, qpm: float) -> None:
        self.put(qpm=qpm)


def play_until(player: Player, port: Recording, end: float, start: float = 0.0) -> None:
    """Ask exactly when the player said it wants to be asked, as a perfect sender would."""
    port.now = start
    while port.now <= end:
        pause = player.advance(port.now)
        if pause is None:
            return
        assert pause > 0, "it would be asked without end"
        port.now += pause
