"""The attribute sliders: what the plugin says of them, how they reach the service, and what is heard then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields

import pytest

pytest.importorskip("msgspec", reason="the [serve] extra is not installed")

from seqgen.serve import frames
from seqgen.serve.protocol import Note
from seqgen.tasks.sliders import Sliders
from tests.plugins.native.conftest import RATE, TOKEN, Built, Host
from tests.plugins.native.listener import Listener
from tests.plugins.native.studio import Studio, between

NAMES = [field.name for field in fields(Sliders)]
SLIDERS = {name: Host.FIRST_SLIDER + k for k, name in enumerate(NAMES)}
AT_ZERO = frames.SETTINGS_RECORD.pack(0, 1, 1, 0.5, 0.5)
"""what a plugin without sliders says when it begins"""
QUARTER = RATE // 2
"""frames, at 120 quarter notes a minute"""
UP = [60, 62, 64, 65, 67, 69, 71, 72, 74, 72, 71, 69, 67, 65, 64, 62]
DOWN = [79, 79, 76, 76, 72, 72, 76, 76, 77, 77, 74, 74, 71, 71, 67, 67]


def settings(listener: Listener) -> frames.Settings:
    return frames.parse_settings(listener.hear(frames.SETTINGS)[1])


def test_lv2_describes_a_slider_for_each_attribute(built: Built):
    text = (built.lv2 / "seqgen.ttl").read_text()
    ports = [port for port in text.split("] , [\n    a lv2:") if "units:unit" in port]
    symbols = [re.search(r'lv2:symbol "(\w+)"', port)[1] for port in ports]
    shown = [re.search(r'lv2:name "([\w ]+)"', port)[1] for port in ports]
    assert symbols == NAMES
    assert shown == [name.replace("_", " ").capitalize() for name in NAMES]
    for port in ports:
        assert port.startswith("InputPort")
        bounds = [re.search(rf"lv2:{name} (\S+) ", port)[1] for name in ("minimum", "maximum", "default")]
        assert bounds == [f"{-frames.FURTHEST:g}", f"{frames.FURTHEST:g}", "0"]


@pytest.mark.parametrize("kind", ["lv2", "clap"])
def test_each_slider_reaches_the_service_under_its_name(
    listener: Listener, host: Callable[..., Host], kind: str
):
    plugin = host(listener.port, kind)
    plugin.do("run 512 0")
    listener.accept()
    assert listener.hear(frames.SETTINGS)[1] == AT_ZERO, "not a byte more than without sliders"
    for name, index in SLIDERS.items():
        for amount in (1.25, -0.5):
            plugin.do(f"set {index} {amount}", "run 512 0")
            assert settings(listener).amounts == ((name, amount),)
        plugin.do(f"set {index} 0", "run 512 0")
        assert listener.hear(frames.SETTINGS)[1] == AT_ZERO
    for k, index in enumerate(SLIDERS.values()):
        plugin.do(f"set {index} {k - 5.5}")
    plugin.do("run 512 0")
    wanted = tuple((name, max(-3.0, min(3.0, k - 5.5))) for k, name in enumerate(NAMES))
    while (found := settings(listener)).amounts != wanted:
        pass  # of what is set one after the other the plugin may tell a part first
    assert found[:5] == frames.parse_settings(AT_ZERO)[:5]
    listener.accept()
    assert settings(listener).amounts == wanted, "told again after a reconnection"


def test_what_is_no_number_moves_no_slider(listener: Listener, host: Callable[..., Host]):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    plugin.do("set 8 nan", "set 9 nan", "run 512 0", "set 9 inf", "set 10 -inf", "set 11 -0.0", "run 512 0")
    moved = (("pitch_range", 3.0), ("mean_pitch", -3.0))
    while (heard := settings(listener).amounts) != moved:  # the first may be told before or after they move
        assert set(heard) < set(moved)
    assert plugin.do("stats").startswith("heap 0 locks 0 system 0")


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio(TOKEN)
    yield studio
    studio.close()


def notes(pitches: list[int]) -> list[Note]:
    return [Note(k / 2, 0.4, pitch, 90) for k, pitch in enumerate(pitches)]


def capture(plugin: Host, index: int, pitches: list[int]) -> None:
    """Two bars of eighths are played; at their end they are captured."""
    for k, pitch in enumerate(pitches):
        plugin.do(f"midi 0 144 {pitch} 90", "run 9600 0", f"midi 0 128 {pitch} 0")
        plugin.do("run 2400 0" if k < 15 else "run 1920 0")
    plugin.do(f"set {index} 1", "run 480 0", f"set {index} 0", "run 480 0")


def hear(plugin: Host, from_beat: int, expected: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Beats and pitches of two bars, which are played when all that is expected is there."""
    plugin.do("play 0", f"locate {from_beat}", "run 480 0")
    plugin.do(f"until {Host.AHEAD} {expected[-1][0] - 0.01}")
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.heard.clear()
    plugin.do("play 1", f"run {8 * QUARTER - 480} 0", "play 0", "run 480 0")
    return [((midi.frame - begin) / QUARTER, midi.pitch) for midi in plugin.ons]


def same(heard: list[tuple[float, int]], expected: list[tuple[float, int]]) -> bool:
    """The same pitches, at most a sample off."""
    return [pitch for _, pitch in heard] == [pitch for _, pitch in expected] and all(
        abs(a[0] - b[0]) * QUARTER <= 1 for a, b in zip(heard, expected, strict=True)
    )


@pytest.mark.parametrize("kind", ["lv2", "clap"])
def test_what_is_heard_is_the_blend_moved_along_the_vectors(
    studio: Studio, host: Callable[..., Host], kind: str
):
    plugin = host(studio.port, kind)
    number = studio.names.index("mel-2bar")
    plugin.do("block 480", f"set 0 {number}", "set 1 0.25", "set 2 0", "set 7 2", "run 480 0")
    capture(plugin, 5, UP)
    capture(plugin, 6, DOWN)
    studio.wait(lambda want: want.settings.model == number and None not in (want.a, want.b))
    model = studio.engine.catalogue.get("mel-2bar")
    moves = [{}, {"mean_pitch": 2.5}, {"mean_pitch": -1.5, "repetition": 2.0}, {}]
    pieces = [between(model, notes(UP), notes(DOWN), 0.25, **amounts) for amounts in moves]
    assert len({tuple(piece) for piece in pieces}) == 3, "sliders that change nothing would show nothing"
    for turn, (amounts, expected) in enumerate(zip(moves, pieces, strict=True)):
        for name, index in SLIDERS.items():
            plugin.do(f"set {index} {amounts.get(name, 0)}")
        plugin.do("run 480 0")
        if turn:
            studio.wait(lambda want, amounts=amounts: dict(want.settings.amounts) == amounts)
        assert same(hear(plugin, 16 * (turn + 1), expected), expected)
    assert plugin.late() == 0
    if kind == "lv2":
        assert plugin.do("stats").startswith("heap 0 locks 0 system 0")


def test_what_is_queued_plays_and_a_move_is_heard_after_it(studio: Studio, host: Callable[..., Host]):
    """As it is when the position is moved: no note is dropped, none comes twice."""
    plugin = host(studio.port)
    number = studio.names.index("drums-2bar")
    plugin.do("block 480", f"set 0 {number}", "set 2 0", "run 480 0")
    before = studio.wait(lambda want: want.settings.model == number)
    last = max(note.start for note in before.notes if note.start < 4)
    begin = int(plugin.do("locate 800", f"until {Host.AHEAD} {last}", "run 0 0").split()[1])
    plugin.do("play 1", f"until {Host.AHEAD} {last + 7}")  # the third bar is queued when the first begins
    plugin.do(f"set {SLIDERS['note_density']} 2", "run 480 0")
    after = studio.wait(lambda want: bool(want.settings.amounts))
    while plugin.beat() < 814.9:
        plugin.do("run 4800 2")
    assert before.notes != after.notes
    old = [(note.start + turn, note.pitch) for turn in (0, 8) for note in before.notes]
    new = [(note.start + 8, note.pitch) for note in after.notes]
    expected = [note for note in old if note[0] < 12] + [note for note in new if 12 <= note[0] < 14.9]
    heard = sorted((round((midi.frame - begin) / QUARTER, 3), midi.pitch) for midi in plugin.ons)
    assert [note for note in heard if note[0] < 14.9] == sorted(expected)
    assert plugin.do("stats").startswith("heap 0 locks 0 system 0 late 0")
