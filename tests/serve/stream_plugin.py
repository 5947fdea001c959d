"""A plugin as the service meets it: what it says and hears on the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from seqgen.serve import frames, stream
from seqgen.serve.frames import NoteEvent
from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Server, Want

TOKEN = "0123456789abcdef" * 4
EIGHTHS = Loop([Note(k / 2, 0.25, 60 + k) for k in range(16)], 8.0)


async def eighths(want: Want) -> Loop:
    return EIGHTHS


class Plugin:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    def say(self, kind: int, payload: bytes) -> None:
        self.writer.write(frames.frame(kind, payload))

    def settings(self, position: float = 0.5, run: bool = True) -> None:
        self.say(frames.SETTINGS, frames.SETTINGS_RECORD.pack(0, run, 1, position, 0.5))

    def at(self, beat: float, epoch: int = 1, playing: bool = False, bar: float = 4.0) -> None:
        self.say(frames.POSITION, frames.POSITION_RECORD.pack(epoch, playing, beat, 120.0, bar))

    async def hear(self) -> tuple[int, bytes]:
        kind, _, size = frames.HEADER.unpack(await self.reader.readexactly(frames.HEADER.size))
        return kind, await self.reader.readexactly(size)

    async def status(self) -> tuple[int, str]:
        while True:
            kind, payload = await self.hear()
            if kind == frames.STATUS:
                return frames.STATUS_RECORD.unpack(payload[:4])[0], payload[4:].decode()

    async def ready(self) -> None:
        assert (await self.status())[0] == frames.LOADING
        assert await self.status() == (frames.READY, "")

    async def notes(self, count: int) -> list[NoteEvent]:
        found = []
        while len(found) < count:
            kind, payload = await self.hear()
            assert kind == frames.NOTE
            epoch, channel, pitch, velocity, _, beat, duration = frames.NOTE_RECORD.unpack(payload)
            found.append(NoteEvent(epoch, channel, pitch, velocity, beat, duration))
        return found

    async def closed(self) -> bool:
        """Whether the service hangs up; what it still says is thrown away."""
        try:
            while await self.reader.read(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True


def with_plugin(
    play: Callable[[Plugin], Awaitable[None]], pieces: stream.Pieces = eighths, hello: bytes = TOKEN.encode()
) -> None:
    """Play a plugin that has said its hello to a service of its own."""

    async def main() -> None:
        server = await Server.start(pieces, ["one", "two"], TOKEN, port=0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        plugin = Plugin(reader, writer)
        if hello:
            plugin.say(frames.HELLO, hello)
        try:
            await asyncio.wait_for(play(plugin), 20)
        finally:
            writer.close()
            await server.close()

    asyncio.run(main())


async def welcomed(plugin: Plugin) -> None:
    assert await plugin.hear() == (frames.WELCOME, b"one\ntwo")
