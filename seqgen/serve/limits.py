"""How much one may ask in a stretch of time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """Holds `most` tokens and gains `rate` a second; a request takes one, or is refused."""

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = time.monotonic):
        self.rate, self.most, self._clock = rate, most, clock
        self._left, self._at = most, clock()

    def take(self) -> bool:
        now = self._clock()
        self._left, self._at = min(self.most, self._left + self.rate * (now - self._at)), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
