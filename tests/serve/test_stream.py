"""The stream to the native plugin, as a plugin hears it."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.serve import frames, stream
from seqgen.serve.frames import ClipMessage, NoteEvent
from seqgen.serve.heard import as_clip
from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Want, between
from tests.serve.stream_plugin import EIGHTHS, Plugin, welcomed, with_plugin


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


def test_between_cuts_a_loop_exactly():
    loop = Loop([Note(0.0, 1.0, 60), Note(2.0, 1.0, 62), Note(3.0, 1.0, 64)], 3.0)
    found = [(note.beat, note.pitch) for note in between(loop, -1.0, 6.0, 1)]
    assert found == [(-1.0, 62), (0.0, 60), (2.0, 62), (3.0, 60), (5.0, 62)]
    assert between(loop, 6.0, 6.0, 1) == []
