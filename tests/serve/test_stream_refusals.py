"""The stream to the native plugin: who says what it should not, or nothing, or does not read, is closed."""

from __future__ import annotations

import asyncio
import struct

import pytest

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.serve import frames, stream
from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Server, Want
from tests.serve.stream_plugin import TOKEN, Plugin, eighths, welcomed, with_plugin

BAD = {
    "a message before the hello": frames.frame(frames.POSITION, bytes(32)),
    "garbage": bytes(range(1, 200)),
    "another version": struct.pack("<HHI", frames.HELLO, 2, 64) + TOKEN.encode(),
    "another token": frames.frame(frames.HELLO, b"0" * 64),
    "a short token": frames.frame(frames.HELLO, TOKEN[:63].encode()),
    "a long token": frames.frame(frames.HELLO, TOKEN.encode() * 2),
    "a megabyte": frames.frame(frames.HELLO, b"0" * (1 << 20)),
}


@pytest.mark.parametrize("name", BAD)
def test_who_does_not_say_the_token_is_not_heard(name: str):
    async def play(plugin: Plugin) -> None:
        plugin.writer.write(BAD[name])
        assert await plugin.reader.read(1) == b"" if name != "a megabyte" else await plugin.closed()

    with_plugin(play, hello=b"")


def test_who_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "PATIENCE", 0.05)

    async def play(plugin: Plugin) -> None:
        assert await plugin.reader.read(1) == b""

    with_plugin(play, hello=b"")


NONSENSE = {
    "a second hello": frames.frame(frames.HELLO, TOKEN.encode()),
    "nan": frames.frame(frames.POSITION, frames.POSITION_RECORD.pack(1, 1, float("nan"), 120.0, 4.0)),
    "no bar": frames.frame(frames.POSITION, frames.POSITION_RECORD.pack(1, 1, 0.0, 120.0, 0.0)),
    "a cut clip": frames.frame(frames.CLIP, frames.CLIP_RECORD.pack(0, 2) + bytes(24)),
    "slot 2": frames.frame(frames.CLIP, frames.CLIP_RECORD.pack(2, 0)),
    "an unknown kind": struct.pack("<HHI", 5, 1, 0),
    "too many bytes": struct.pack("<HHI", frames.CLIP, 1, 2**32 - 1),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_closes_the_connection(name: str):
    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.writer.write(NONSENSE[name])
        assert await plugin.closed()

    with_plugin(play)


def test_who_never_reads_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "SILENCE", 0.2)
    dense = Loop([Note(k / 1000, 0.1, k % 128) for k in range(8000)], 8.0)

    async def much(want: Want) -> Loop:
        return dense

    async def main() -> None:
        server = await Server.start(much, ["one"], TOKEN, port=0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        plugin = Plugin(reader, writer)
        plugin.say(frames.HELLO, TOKEN.encode())
        plugin.settings()
        epoch = 0
        while server._tasks or not epoch:  # until the service has given it up
            epoch += 1
            plugin.at(0.0, epoch)
            await asyncio.sleep(0.001)
            assert epoch < 10_000
        writer.close()
        await server.close()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_no_more_sessions_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "MOST_SESSIONS", 1)

    async def main() -> None:
        server = await Server.start(eighths, ["one", "two"], TOKEN, port=0)
        plugins = []
        for _ in range(2):
            plugins.append(Plugin(*await asyncio.open_connection("127.0.0.1", server.port)))
            plugins[-1].say(frames.HELLO, TOKEN.encode())
            if len(plugins) == 1:
                await welcomed(plugins[0])
        assert await plugins[1].reader.read(1) == b""
        for plugin in plugins:
            plugin.writer.close()
        await server.close()

    asyncio.run(main())
