"""What was said over OSC about the music of plugins: it goes before their own knobs until it is let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqgen.serve.frames import Settings


class Steering:
    """Knobs that all plugins share. Set from one thread, read from another."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def actions(self) -> dict[str, Callable[[float], None]]:
        """What each OSC address does with its number."""
        return {
            "/seqgen/position": lambda x: self._say("position", _between("position", x, 0, 1)),
            "/seqgen/temperature": lambda x: self._say("temperature", _between("temperature", x, 0, 4)),
            "/seqgen/seed": lambda x: self._say("seed", int(_between("seed", x, 0, 2**32 - 1))),
            "/seqgen/model": lambda x: self._say("model", int(_between("model", x, 0, 10_000))),
            "/seqgen/run": lambda x: self._say("run", x != 0),
            "/seqgen/release": lambda _: self._release(),
        }

    def over(self, settings: Settings) -> Settings:
        """A plugin's settings, with what was said in place of its own."""
        return settings._replace(**self._said)

    def _say(self, name: str, value: float | int | bool) -> None:
        self._said = {**self._said, name: value}  # a new one: who reads has the old or the new, whole

    def _release(self) -> None:
        self._said = {}


def _between(name: str, value: float, low: int, high: int) -> float:
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {low} to {high}, got {value:g}")
    return value
