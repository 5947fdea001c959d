"""Settings of models whose tokens are events."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST = 1 << 12


@dataclass(frozen=True)
class EventsConfig:
    """Tokens that are events: time passes where one says so, and a segment may end before it is full."""

    end: int = 489
    """the token that ends a segment, and fills it up"""
    clock: int = 256
    """the first of the tokens that take time: 1, 2, ... steps"""
    steps: int = 96
    """how many of them there are, and steps in a bar"""
    parts: int = 8
    """parts of a bar that have a plan of their own, and are read out by themselves"""

    def __post_init__(self) -> None:
        for name in ("end", "clock", "steps", "parts"):
            if not 1 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"events.{name} must be 1 to {LARGEST}, got {getattr(self, name)}")
        if self.steps % self.parts:
            raise ValueError(f"parts must divide the {self.steps} steps of a bar, got {self.parts}")
