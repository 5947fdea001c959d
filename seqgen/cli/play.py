"""`seqgen play`: music between two pieces, played into other programs while it is drawn."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.serve.live_config import LiveConfig

if TYPE_CHECKING:
    from seqgen.serve.performance import Performance

POLL = 0.2
"""seconds between two looks at what there is to say"""


def play(a: Path, b: Path, settings: LiveConfig) -> None:
    """Play from one MIDI file to another through a MIDI port, always at least two bars ahead of what sounds.

    The music walks from A to B, a step each time the bars of the model are over. Once the position is set
    from outside, by OSC or a controller, it stays there.

    Args:
        a: MIDI file where the walk begins.
        b: MIDI file where it ends.
        settings: ports, clocks and the walk.
    """
    from seqgen.serve.composer import Sources
    from seqgen.serve.performance import Performance

    if settings.link:
        from seqgen.serve.link_clock import link_library

        link_library()  # before anything is loaded
    sources = Sources(settings.model, a, b, settings.track, settings.start_bar)
    with _ended_by_signals(), Performance(settings, sources) as performance:
        for notice in performance.score.notices:
            _say(notice)
        performance.start()
        _say(_heading(performance))
        try:
            _watch(performance)
        finally:
            for kind in (signal.SIGINT, signal.SIGTERM):
                signal.signal(kind, signal.SIG_IGN)  # notes go off, however often Ctrl-C is pressed
            _say(f"{performance.player.sent} notes played, {performance.player.late} late")


def _watch(performance: Performance) -> None:
    """Until the music ends; notes that were late are said as they are left out."""
    late = 0
    while not performance.wait(POLL):
        if performance.player.late > late:
            late = performance.player.late
            logging.getLogger("seqgen.play").warning("%d notes came too late and were left out", late)


def _heading(performance: Performance) -> str:
    output, config = performance.output, performance.config
    parts = [f"playing on port {output.name!r} ({output.system})"]
    if performance.input is not None:
        parts.append(f"listening on {performance.input.name!r}")
    if config.clock == "in":
        parts.append("waiting for the start of a MIDI clock")
    if performance.osc is not None:
        parts.append(f"OSC on UDP port {performance.osc.port}")
    return "; ".join([*parts, "Ctrl-C ends it"])


def _say(sentence: str) -> None:
    print(f"seqgen: {sentence}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A killed terminal or service manager ends the music as Ctrl-C does."""
    kinds = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {kind: signal.signal(kind, signal.default_int_handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
