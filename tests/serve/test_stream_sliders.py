"""Attribute sliders on the stream: what the service takes for them, and how it says what they do not do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import fields

import pytest

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.serve import frames, stream
from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Want
from seqgen.tasks.sliders import Sliders
from tests.serve.stream_plugin import EIGHTHS, Plugin, welcomed, with_plugin

PLAIN = frames.SETTINGS_RECORD.pack(0, 1, 1, 0.5, 0.5)
"""what a plugin says that has no sliders, or whose sliders are all at 0"""


def slider(name: str, amount: float) -> bytes:
    return frames.SLIDER_RECORD.pack(name.encode(), amount)


def test_settings_without_sliders_are_what_they_were():
    assert len(PLAIN) == 20
    assert frames.parse_settings(PLAIN) == frames.Settings(0, True, 1, 0.5, 0.5, ())


def test_sliders_come_with_their_names():
    told = PLAIN + slider("note_density", 1.5) + slider("contour_direction", -3)
    amounts = (("note_density", 1.5), ("contour_direction", -3.0))
    assert frames.parse_settings(told) == frames.parse_settings(PLAIN)._replace(amounts=amounts)


BAD = {
    "an unknown name": (slider("swing", 1.0), "no attribute 'swing'; there are note_density, "),
    "no name": (slider("", 1.0), "no attribute ''"),
    "no text": (frames.SLIDER_RECORD.pack(bytes(range(128, 156)), 1.0), "no attribute"),
    "nan": (slider("note_density", float("nan")), "note_density: expected once -3 to 3, got nan"),
    "infinity": (slider("note_density", float("inf")), "expected once -3 to 3, got inf"),
    "too far": (slider("mean_pitch", -3.01), "mean_pitch: expected once -3 to 3, got -3.01"),
    "twice": (slider("mean_pitch", 1.0) * 2, "mean_pitch: expected once"),
    "half a slider": (slider("mean_pitch", 1.0)[:-1], "whole sliders, 32 bytes each"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_slider_is_refused_and_the_plugin_is_left(name: str):
    told, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        frames.parse_settings(PLAIN + told)

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.say(frames.SETTINGS, PLAIN + told)
        assert await plugin.closed()

    with_plugin(play)


def test_more_sliders_than_there_are_attributes_are_refused():
    with pytest.raises(ValueError, match="no attribute"):
        frames.parse_settings(PLAIN + b"".join(slider(f"a{k}", 1.0) for k in range(13)))
    with pytest.raises(ValueError, match="SETTINGS: expected 20 bytes, got 19"):
        frames.parse_settings(PLAIN[:-1])


def test_a_slider_that_moves_is_a_new_piece_and_what_was_sent_stays():
    """As when the position moves: what was sent is not sent again, and the next bar is of the new piece."""

    async def denser(want: Want) -> Loop:
        amounts = dict(want.settings.amounts)
        return Loop([Note(k / 2, 0.25, 100 + k) for k in range(16)], 8.0) if amounts else EIGHTHS

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.say(frames.SETTINGS, PLAIN)
        plugin.at(0.0)
        await plugin.ready()
        plugin.at(0.0)
        assert [note.pitch for note in await plugin.notes(16)] == [60 + k for k in range(16)]
        plugin.say(frames.SETTINGS, PLAIN + slider("note_density", 1.0))
        await plugin.ready()
        plugin.at(4.0)
        moved = await plugin.notes(8)
        assert [(note.beat, note.pitch) for note in moved] == [(8 + k / 2, 100 + k) for k in range(8)]

    with_plugin(play, denser)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What the stream says, whoever else listens or does not."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    ear, logger = Ear(logging.WARNING), logging.getLogger("seqgen.serve.stream")
    logger.addHandler(ear)
    yield said
    logger.removeHandler(ear)


def test_what_a_slider_does_not_do_is_told_and_logged_once_in_a_session(logged: list[str]):
    async def shy(want: Want) -> Loop:
        notices = [f"{name} does nothing" for name, _ in want.settings.amounts]
        return EIGHTHS._replace(notices=notices)

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.at(0.0)
        for amounts, told in (
            ({"mean_pitch": 1.0}, "mean_pitch does nothing"),
            ({"mean_pitch": 1.1}, ""),
            ({"mean_pitch": 1.2, "rest_share": 1.0}, "rest_share does nothing"),
            ({}, ""),
            ({"mean_pitch": 1.0}, ""),
        ):
            sliders = b"".join(slider(name, amount) for name, amount in amounts.items())
            plugin.say(frames.SETTINGS, PLAIN + sliders)
            assert (await plugin.status())[0] == frames.LOADING
            assert await plugin.status() == (frames.READY, told)

    with_plugin(play, shy)
    assert logged == ["plugin: mean_pitch does nothing", "plugin: rest_share does nothing"]
    with_plugin(play, shy)
    assert len(logged) == 4, "another session is told again"


def test_the_record_has_room_for_every_name():
    assert frames.SLIDER_RECORD.size == 32
    assert max(len(field.name) for field in fields(Sliders)) <= 28


def test_a_session_with_much_to_say_forgets_and_never_falls_silent(
    logged: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "MOST_SAID", 3)

    async def talk(want: Want) -> Loop:
        return EIGHTHS._replace(notices=[f"read at {want.settings.position:.2f}"])

    async def play(plugin: Plugin) -> None:
        await welcomed(plugin)
        plugin.at(0.0)
        for k in (0, 25, 50, 75, 0):
            plugin.settings(k / 100)
            await plugin.status()
            assert await plugin.status() == (frames.READY, f"read at {k / 100:.2f}")

    with_plugin(play, talk)
    assert logged == [f"plugin: read at {k / 100:.2f}" for k in (0, 25, 50, 75, 0)]
