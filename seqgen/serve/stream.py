"""The stream to the native plugin: a piece of music in a loop, a little ahead of the host's play head.

A plugin connects to a port of the loopback, says its token, and tells where its host is (`frames`). It gets
notes bar by bar, two to three bars ahead of the play head, and from the play head on again whenever it begins
an epoch. Where music comes from is an argument: `Pieces`.

Asyncio, no torch. Whoever says what it should not, says nothing, or does not read, is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from seqgen.serve import frames
from seqgen.serve.frames import ClipMessage, NoteEvent, Position, Settings
from seqgen.serve.heard import DRUM_CHANNEL, as_clip
from seqgen.serve.protocol import MAX_NOTES, Clip, Note

PATIENCE = 2.0
"""seconds to say HELLO"""
SILENCE = 5.0
"""seconds without a position after which a plugin is taken for gone, or without reading"""
BARS_AHEAD = 2
LEAD = 0.02
"""seconds that a note takes to the plugin: after a jump of a playing host, nothing earlier is sent"""
MOST_SESSIONS = 16
UNREAD_BYTES = 1 << 16
"""that may wait for a plugin that reads slowly"""
MOST_SAID = 256
"""notices that a session remembers to have said"""

log = logging.getLogger(__name__)


class Loop(NamedTuple):
    """Music that goes round: what starts at `quarters` or later is not heard."""

    notes: Sequence[Note]
    quarters: float
    """quarter notes after which it begins again"""
    notices: Sequence[str] = ()
    """what was decided for the user, in sentences"""


class Want(NamedTuple):
    """What a plugin wants to hear."""

    settings: Settings
    a: Clip | None
    b: Clip | None


Pieces = Callable[[Want], Awaitable[Loop]]
"""Makes the music. A ValueError's message is told to the plugin, and it goes on with what it had."""
Adjust = Callable[[Settings], Settings]
"""What is wanted from outside in place of a plugin's own settings"""


def unchanged(settings: Settings) -> Settings:
    return settings


class Server:
    """Takes connections until it is closed.

    >>> server = await Server.start(pieces, ["mel-2bar"], token)  # doctest: +SKIP
    >>> await server.close()  # doctest: +SKIP
    """

    def __init__(self, pieces: Pieces, models: Sequence[str], token: str, adjust: Adjust = unchanged) -> None:
        self.port = 0
        self._adjust = adjust
        self._pieces, self._models, self._token = pieces, list(models), token
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(
        cls,
        pieces: Pieces,
        models: Sequence[str],
        token: str,
        host: str = "127.0.0.1",
        port: int = 7717,
        adjust: Adjust = unchanged,
    ) -> Server:
        """models: names in the order of their numbers in Settings; token: 64 hexadecimal characters.

        Raises:
            OSError: if the port is in use.
        """
        server = cls(pieces, models, token, adjust)
        server._server = await asyncio.start_server(server._connected, host, port)
        server.port = server._server.sockets[0].getsockname()[1]
        return server

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ValueError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.info("plugin left: %s", error or type(error).__name__)
        except asyncio.CancelledError:
            pass  # the server is closed
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=UNREAD_BYTES)
        kind, payload = await asyncio.wait_for(_read(reader, frames.TOKEN_BYTES), PATIENCE)
        if kind != frames.HELLO or not hmac.compare_digest(payload, self._token.encode()):
            raise ValueError("HELLO: another token than the service's")
        if len(self._tasks) > MOST_SESSIONS:
            raise ValueError(f"more than {MOST_SESSIONS} plugins at a time")
        writer.write(frames.frame(frames.WELCOME, "\n".join(self._models).encode()))
        session = Session(self._pieces, writer, self._adjust)
        try:
            while True:
                session.take(*await asyncio.wait_for(_read(reader, frames.MOST_BYTES), SILENCE))
                session.send()
                await asyncio.wait_for(writer.drain(), SILENCE)
        finally:
            await session.close()


class Session:
    """One plugin: where it is, what it wants, and what it was sent."""

    def __init__(self, pieces: Pieces, writer: asyncio.StreamWriter, adjust: Adjust = unchanged) -> None:
        self._pieces, self._writer, self._adjust = pieces, writer, adjust
        self._position: Position | None = None
        self._settings: Settings | None = None
        self._clips: list[ClipMessage | None] = [None, None]
        self._loop: Loop | None = None
        self._made: tuple[Settings, ClipMessage | None, ClipMessage | None, float] | None = None
        self._making: asyncio.Task[None] | None = None
        self._said: set[str] = set()
        self._epoch: int | None = None
        self._sent = 0.0
        """the beat up to which notes were sent in this epoch"""

    def take(self, kind: int, payload: bytes) -> None:
        """A message of the plugin; ValueError if it is none."""
        if kind == frames.POSITION:
            self._position = frames.parse_position(payload)
        elif kind == frames.SETTINGS:
            self._settings = frames.parse_settings(payload)
        elif kind == frames.CLIP:
            clip = frames.parse_clip(payload, MAX_NOTES)
            self._clips[clip.slot] = clip
        else:
            raise ValueError("HELLO comes once")

    def send(self) -> None:
        """The notes that are due. Never waits: music that is not there yet comes with a later call."""
        settings = self._settings and self._adjust(self._settings)
        if not (self._position and settings and settings.run):
            self._epoch = None
            return
        self._make(settings, self._position.bar)
        if self._loop:
            self._fill(self._loop, self._position)

    async def close(self) -> None:
        if self._making:
            self._making.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._making

    def _fill(self, loop: Loop, at: Position) -> None:
        head = at.beat + (LEAD * at.tempo / 60 if at.playing else 0)
        if at.epoch != self._epoch or self._sent < head:
            self._epoch, self._sent = at.epoch, head
        while self._sent < at.beat + BARS_AHEAD * at.bar:
            line = (math.floor(self._sent / at.bar + 1e-9) + 1) * at.bar
            events = between(loop, self._sent, line, at.epoch)
            self._writer.write(b"".join(frames.frame(frames.NOTE, event.pack()) for event in events))
            self._sent = line

    def _make(self, settings: Settings, bar: float) -> None:
        """One piece at a time: while a slider moves, what it passed is not made."""
        a, b = self._clips
        key = settings, a, b, bar
        if key != self._made and (self._making is None or self._making.done()):
            self._made = key
            want = Want(settings, a and as_clip(a, bar), b and as_clip(b, bar))
            self._making = asyncio.create_task(self._make_now(want))

    async def _make_now(self, want: Want) -> None:
        self._status(frames.LOADING, "")
        try:
            self._loop = await self._pieces(want)
        except ValueError as error:
            self._status(frames.ERROR, str(error))
        except Exception:
            log.exception("no piece for a plugin")
            self._status(frames.ERROR, "the service could not make a piece; its log says why")
        else:
            self._status(frames.READY, " ".join(self._news(self._loop.notices)))

    def _news(self, notices: Sequence[str]) -> list[str]:
        """Those that were not said yet: each is logged and told once, however often a slider is moved."""
        fresh = [notice for notice in notices if notice not in self._said]
        room = len(self._said) + len(fresh) <= MOST_SAID
        self._said = {*(self._said if room else ()), *fresh}
        for notice in fresh:
            log.warning("plugin: %s", notice)
        return fresh

    def _status(self, code: int, text: str) -> None:
        self._writer.write(frames.frame(frames.STATUS, frames.STATUS_RECORD.pack(code) + text.encode()))


def between(loop: Loop, begin: float, end: float, epoch: int) -> list[NoteEvent]:
    """The notes that start in begin <= beat < end of a loop which began at beat 0, in order.

    >>> [n.beat for n in between(Loop([Note(1.0, 0.5, 60)], 4.0), 4.0, 12.0, 1)]
    [5.0, 9.0]
    """
    events = []
    for turn in range(math.floor(begin / loop.quarters), math.ceil(end / loop.quarters)):
        for note in loop.notes:
            beat = turn * loop.quarters + note.start
            if begin <= beat < end and note.start < loop.quarters:
                channel = DRUM_CHANNEL if note.drum else 0
                events.append(NoteEvent(epoch, channel, note.pitch, note.velocity, beat, note.duration))
    return sorted(events, key=lambda event: event.beat)


async def _read(reader: asyncio.StreamReader, most: int) -> tuple[int, bytes]:
    kind, size = frames.parse_header(await reader.readexactly(frames.HEADER.size))
    if size > most:
        raise ValueError(f"expected at most {most} bytes, got {size}")
    return kind, await reader.readexactly(size)
