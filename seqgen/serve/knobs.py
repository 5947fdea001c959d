"""What can be turned while music plays, from whichever side: OSC, a controller, the command line."""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass, replace

LOG = logging.getLogger("seqgen.play")
MAX_TEMPERATURE = 4.0
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Settings:
    position: float | None = None
    """0 is A, 1 is B; None walks from the one to the other by itself"""
    temperature: float = 0.5
    seed: int = 1

    def __post_init__(self) -> None:
        if self.position is not None and not 0 <= self.position <= 1:  # also for NaN
            raise ValueError(f"position: expected a number from 0 (A) to 1 (B), got {self.position}")
        if not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise ValueError(f"temperature: expected 0 to {MAX_TEMPERATURE:g}, got {self.temperature}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed: expected 0 to {MAX_SEED}, got {self.seed}")


class Knobs:
    """The settings of now, and the walk between A and B.

    The walk takes `steps` passes of the piece from A to B; in a loop it then turns back, and so on. Once
    somebody sets the position, it stays there.
    """

    def __init__(self, settings: Settings, steps: int = 8, loop: bool = False):
        if not 2 <= steps <= 4096:
            raise ValueError(f"steps: expected 2 to 4096 passes from A to B, got {steps}")
        self._lock = threading.Lock()
        self._settings, self._steps, self._loop = settings, steps, loop

    @property
    def now(self) -> Settings:
        return self._settings

    def position(self, value: float) -> None:
        self._set(position=float(value))

    def temperature(self, value: float) -> None:
        self._set(temperature=float(value))

    def seed(self, value: float) -> None:
        if not (math.isfinite(value) and value == int(value)):
            raise ValueError(f"seed: expected a whole number, got {value}")
        self._set(seed=int(value))

    def _set(self, **change: float | int) -> None:
        with self._lock:
            self._settings = replace(self._settings, **change)  # type: ignore[arg-type]
        LOG.info("%s", ", ".join(f"{name} {value:g}" for name, value in change.items()))

    def at(self, number: int) -> tuple[float, float, int]:
        """Position, temperature and seed of a pass, counted from 0.

        >>> [Knobs(Settings(), steps=3, loop=True).at(number)[0] for number in range(6)]
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
        """
        said, last = self._settings, self._steps - 1
        step = number % (2 * last) if self._loop else min(number, last)
        walked = min(step, 2 * last - step) / last
        return walked if said.position is None else said.position, said.temperature, said.seed
