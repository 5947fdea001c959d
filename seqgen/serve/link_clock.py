"""Ableton Link: beat and tempo shared by all programs of a network.

Link is under the GPL, so it is an extra of its own (`seqgen[link]`) that nothing else needs.
"""

from __future__ import annotations

import time
from typing import Any

from seqgen.serve.beats import Transport, check_tempo

QUANTUM = 4.0
"""beats that peers agree on: a bar"""


def link_library() -> Any:
    """
    Raises:
        ValueError: if it is not installed.
    """
    try:
        import link
    except ImportError as error:
        raise ValueError(
            "link: Ableton Link is under the GPL, so it does not come with seqgen: "
            f"pip install 'seqgen[link]' ({error})"
        ) from None
    return link


class LinkClock:
    """A peer of a Link session; beat 0 is at the next bar line of the session after `run`.

    It joins at the tempo of the session, if there is one; `set_tempo` sets it for all peers.
    """

    def __init__(self, qpm: float):
        self._link = link_library().Link(check_tempo(qpm))
        self._link.enabled = True
        self._running = False
        self._jumps = 0
        self._origin = 0.0
        self._last = (0.0, 0.0)
        """seconds, beat"""

    def transport(self, now: float) -> Transport:
        state = self._link.captureSessionState()
        beat, qpm = state.beatAtTime(self._micros(now), QUANTUM), state.tempo()
        if self._running:
            expected = self._last[1] + (now - self._last[0]) * qpm / 60.0
            # Peers that met just now agree on one timeline: ours may have moved by bars.
            if abs(beat - expected) > 1.0:
                self._jumps, self._origin = self._jumps + 1, beat
        self._last = (now, beat)
        return Transport(beat, qpm, self._running, self._jumps, self._origin)

    def run(self, now: float, wanted: bool) -> None:
        if wanted and not self._running:
            state = self._link.captureSessionState()
            state.requestBeatAtTime(0.0, self._micros(now), QUANTUM)
            self._link.commitSessionState(state)
            self._jumps, self._origin = self._jumps + 1, 0.0
            self._last = (now, state.beatAtTime(self._micros(now), QUANTUM))
        self._running = wanted

    def set_tempo(self, now: float, qpm: float) -> None:
        state = self._link.captureSessionState()
        state.setTempo(check_tempo(qpm), self._micros(now))
        self._link.commitSessionState(state)

    def close(self) -> None:
        self._link.enabled = False

    def _micros(self, now: float) -> int:
        """On the clock of Link, which counts from elsewhere."""
        return round(self._link.clock().micros() + 1e6 * (now - time.monotonic()))
