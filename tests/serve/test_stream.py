"""The stream to the native plugin, as a plugin sees it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.serve import frames, stream
from seqgen.serve.frames import ClipMessage, NoteEvent
from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Server, Want, as_clip, between

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


def test_two_bars_ahead_then_bar_by_bar():
    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.settings()
        plugin.at(0.0)
        await plugin.ready()
        plugin.at(0.0)
        first = await plugin.notes(16)
        assert [note.beat for note in first] == [k / 2 for k in range(16)]
        assert [note.pitch for note in first] == [60 + k for k in range(16)]
        plugin.at(0.25)
        assert [note.beat for note in await plugin.notes(8)] == [8 + k / 2 for k in range(8)]
        plugin.at(3.9)
        plugin.at(4.25)
        third = await plugin.notes(8)
        assert [note.beat for note in third] == [12 + k / 2 for k in range(8)]
        assert [note.pitch for note in third] == [68 + k for k in range(8)], (
            "the second bar of the loop again"
        )

    with_plugin(play)


def test_a_new_epoch_begins_at_the_play_head_and_says_its_number():
    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.settings()
        plugin.at(0.0)
        await plugin.ready()
        plugin.at(5.25, epoch=7)
        notes = await plugin.notes(21)
        assert {note.epoch for note in notes} == {7}
        assert [note.beat for note in notes] == [5.5 + k / 2 for k in range(21)]
        plugin.at(2.0, epoch=8, playing=True)
        notes = await plugin.notes(19)
        assert notes[0].beat == 2.5, "what begins at once is late for a host that plays"

    with_plugin(play)


def test_run_off_is_silence_and_run_on_begins_at_the_play_head():
    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.settings(run=False)
        plugin.at(0.0)
        plugin.settings()
        plugin.at(0.0)
        await plugin.ready()
        plugin.at(0.0)
        assert (await plugin.notes(16))[0].beat == 0

    with_plugin(play)


def test_while_a_slider_moves_only_where_it_stops_is_made(monkeypatch: pytest.MonkeyPatch):
    made: list[float] = []
    stopped = asyncio.Event()

    class Watched(stream.Session):
        def take(self, kind: int, payload: bytes) -> None:
            super().take(kind, payload)
            if kind == frames.SETTINGS and frames.parse_settings(payload).position == 1:
                stopped.set()

    async def slow(want: Want) -> Loop:
        made.append(want.settings.position)
        await stopped.wait()
        return EIGHTHS

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        for k in range(11):
            plugin.settings(k / 10)
            plugin.at(0.0)
        await plugin.ready()
        plugin.at(0.0)
        await plugin.ready()
        assert made == [0, 1]

    monkeypatch.setattr(stream, "Session", Watched)
    with_plugin(play, slow)


def test_clips_come_to_whoever_makes_the_music():
    wants: list[Want] = []

    async def listen(want: Want) -> Loop:
        wants.append(want)
        return EIGHTHS

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        heard = NoteEvent(0, 9, 36, 100, 1.5, 0.25)
        plugin.say(frames.CLIP, frames.CLIP_RECORD.pack(1, 1) + heard.pack())
        plugin.settings()
        plugin.at(0.0, bar=3.5)
        await plugin.ready()
        assert wants[0].a is None
        assert wants[0].b == as_clip(ClipMessage(1, [heard]), 3.5)
        assert wants[0].b.notes == [Note(1.5, 0.25, 36, 100, drum=True)]
        assert (wants[0].b.numerator, wants[0].b.denominator) == (7, 8)

    with_plugin(play, listen)


def test_what_goes_wrong_is_told_and_the_music_goes_on():
    answers: list[object] = [EIGHTHS, ValueError("clip A: no notes"), RuntimeError("secret")]

    async def worse(want: Want) -> Loop:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Loop)
        return answer

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.settings(0.1)
        plugin.at(0.0)
        await plugin.ready()
        for position, told in ((0.2, "clip A: no notes"), (0.3, "the service could not make a piece")):
            plugin.settings(position)
            plugin.at(0.0)
            assert (await plugin.status())[0] == frames.LOADING
            code, text = await plugin.status()
            assert code == frames.ERROR
            assert text.startswith(told)
        plugin.at(100.0, epoch=2)
        assert (await plugin.notes(16))[0].beat == 100

    with_plugin(play, worse)


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


def test_between_cuts_a_loop_exactly():
    loop = Loop([Note(0.0, 1.0, 60), Note(2.0, 1.0, 62), Note(3.0, 1.0, 64)], 3.0)
    found = [(note.beat, note.pitch) for note in between(loop, -1.0, 6.0, 1)]
    assert found == [(-1.0, 62), (0.0, 60), (2.0, 62), (3.0, 60), (5.0, 62)]
    assert between(loop, 6.0, 6.0, 1) == []
