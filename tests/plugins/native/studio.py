"""The service's stream with its models, in a thread, which tells what it has made."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

import numpy as np
import torch

from seqgen.serve import plugin_music
from seqgen.serve.catalogue import Catalogue
from seqgen.serve.engine import Engine
from seqgen.serve.music import table
from seqgen.serve.protocol import Clip, Note
from seqgen.serve.stream import Loop, Server, Want
from seqgen.tasks.latent import slerp
from seqgen.tasks.music import MusicModel


class Studio:
    """Where plugins find it, and each piece that it has made for them."""

    def __init__(self, token: str) -> None:
        self.engine = Engine(Catalogue())
        self.made: queue.Queue[tuple[Want, Loop]] = queue.Queue()
        self._token, self._loop = token, asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(self._start())
        self.port = self._server.port

    async def _start(self) -> Server:
        make = plugin_music.pieces(self.engine)

        async def watched(want: Want) -> Loop:
            loop = await make(want)
            self.made.put((want, loop))
            return loop

        return await Server.start(watched, self.names, self._token, port=0)

    @property
    def names(self) -> list[str]:
        return plugin_music.names(self.engine)

    def wait(self, fits: Callable[[Want], bool]) -> Loop:
        """The next piece for somebody who wants that."""
        while True:
            want, loop = self.made.get(timeout=60)
            if fits(want):
                return loop

    def close(self) -> None:
        self._do(self._server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.engine.close()

    def _do(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


def between(
    model: MusicModel, a: list[Note], b: list[Note], position: float, **amounts: float
) -> list[tuple[float, int]]:
    """Beats and pitches of the likeliest piece at z(position) + sum of amount * vector, written out."""
    clips = [model.clip(table(Clip(notes)), name="a clip") for notes in (a, b)]
    means = model.encode(clips, precision="bfloat16").mean
    z = slerp(means[0], means[1], torch.from_numpy(np.array([position])))
    for name, amount in amounts.items():
        z = z + amount * model.attribute(name)
    (piece,) = model.decode(z, temperature=0.0, qpm=60.0)
    return sorted((note.start_time, note.pitch) for note in piece.notes)
