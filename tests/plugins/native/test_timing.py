"""Every note at its sample: through tempo changes, seeks, the death of the service. Nothing blocks run()."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.plugins.native.conftest import RATE, Host, Midi, Service
from tests.plugins.native.scripted_server import COUNT, DURATION

CHANGE = 360_123
"""frame of the tempo change, which is inside a block of 64, 333 and 1024"""
CHANGE_BEAT = CHANGE * 2 / RATE


def frame_of(beat: float) -> float:
    """At 120 quarter notes a minute up to CHANGE, at 90 after it."""
    if beat <= CHANGE_BEAT:
        return beat * RATE / 2
    return CHANGE + (beat - CHANGE_BEAT) * RATE / 1.5


def number(midi: Midi) -> int:
    """Which of the scripted notes this is."""
    return midi.pitch + 128 * (midi.velocity - 1)


def assert_exact(host: Host, count: int, frame: Callable[[float], float] = frame_of) -> None:
    """The first `count` notes were played once, in order; they and their ends are at most a sample off."""
    assert [number(midi) for midi in host.ons] == list(range(count))
    assert max(abs(midi.frame - frame(1 + number(midi) / 8)) for midi in host.ons) <= 1
    assert [midi.pitch for midi in host.offs] == [midi.pitch for midi in host.ons]
    ends = zip(host.offs, host.ons, strict=True)
    assert max(abs(off.frame - frame(1 + number(on) / 8 + DURATION)) for off, on in ends) <= 1
    assert not host.sounding()


@pytest.mark.parametrize("block", [64, 333, 1024])
def test_200_of_200_notes_through_a_tempo_change(
    service: Callable[..., Service], host: Callable[..., Host], block: int
):
    plugin = host(service(burners=2).port)
    plugin.do(f"block {block}", f"until {Host.AHEAD} 7", f"until {Host.CONNECTED} 1")
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.do("play 1", f"tempo_at {begin + CHANGE} 90", "run 720000 4")
    plugin.heard = [midi._replace(frame=midi.frame - begin) for midi in plugin.heard]
    assert_exact(plugin, COUNT)
    assert plugin.do("stats") == "heap 0 locks 0 system 0 late 0 connected 1"


def test_clap_plays_at_the_exact_sample(service: Callable[..., Service], host: Callable[..., Host]):
    plugin = host(service().port, "clap")
    plugin.do("block 333", f"until {Host.AHEAD} 7")
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.do("play 1", f"tempo_at {begin + CHANGE} 90", "run 720000 4")
    plugin.heard = [midi._replace(frame=midi.frame - begin) for midi in plugin.heard]
    assert_exact(plugin, COUNT)
    assert plugin.late() == 0


def test_what_is_queued_outlives_the_service_and_ends(
    service: Callable[..., Service], host: Callable[..., Host]
):
    first = service()
    plugin = host(first.port)
    plugin.do(f"until {Host.AHEAD} 7")
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.do("play 1", "run 70144 4")
    first.kill()
    plugin.do("run 512 0")
    queued = plugin.beat() + float(plugin.do(f"ask {Host.AHEAD}"))
    plugin.do("run 480000 0")
    plugin.heard = [midi._replace(frame=midi.frame - begin) for midi in plugin.heard]
    assert queued >= 7
    assert_exact(plugin, round((queued - 1) * 8) + 1)
    assert plugin.do("stats").endswith("late 0 connected 0")

    service(first.port)
    plugin.heard.clear()
    plugin.do("play 0", "locate 0", f"until {Host.CONNECTED} 1", f"until {Host.AHEAD} 7")
    begin = int(plugin.do("run 0 0").split()[1])
    plugin.do("play 1", "run 122880 4", "play 0", "run 512 0")
    plugin.heard = [midi._replace(frame=midi.frame - begin) for midi in plugin.heard]
    assert_exact(plugin, 33)


def test_a_seek_ends_what_sounds_and_plays_on_from_there(
    service: Callable[..., Service], host: Callable[..., Host]
):
    plugin = host(service().port)
    plugin.do(f"until {Host.AHEAD} 7", "play 1", "run 60000 4", "locate 20.0")
    at = int(plugin.do("run 0 0").split()[1])
    plugin.do("run 96000 1")
    before = [midi for midi in plugin.ons if midi.frame < at]
    after = [midi for midi in plugin.ons if midi.frame >= at]
    assert [number(midi) for midi in before] == list(range(len(before)))
    numbers = [number(midi) for midi in after]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] >= (20 - 1) * 8
    assert all(abs(midi.frame - at - (number(midi) / 8 + 1 - 20) * RATE / 2) <= 1 for midi in after)
    assert len(after) >= 20
    plugin.do("play 0", "run 512 0")
    assert not plugin.sounding()


def test_a_loop_misses_no_note(service: Callable[..., Service], host: Callable[..., Host]):
    plugin = host(service().port)
    plugin.do("block 480", f"until {Host.AHEAD} 7", "play 1", "run 192480 4")  # to beat 8.02: a note sounds
    for _ in range(2):
        plugin.heard.clear()
        plugin.do("locate 4.0")
        begin = int(plugin.do("run 0 0").split()[1])
        plugin.do("run 24000 0.5", "run 72480 4")  # the service has a second for its answer
        assert plugin.heard[0] == Midi(begin, 0x80, number(plugin.ons[0]) + 32, 0), "what sounded ends"
        assert [number(midi) for midi in plugin.ons] == list(range(24, 24 + 33))
        assert all(
            abs(midi.frame - begin - (number(midi) / 8 + 1 - 4) * RATE / 2) <= 1 for midi in plugin.ons
        )
    assert plugin.late() == 0


def test_run_off_is_silence_at_once(service: Callable[..., Service], host: Callable[..., Host]):
    plugin = host(service().port)
    plugin.do(f"until {Host.AHEAD} 7", "play 1", "run 60000 4", "set 4 0", "run 512 0")
    heard = len(plugin.heard)
    plugin.do("run 96000 4")
    assert plugin.heard[heard:] == []
    assert not plugin.sounding()
    plugin.do("set 4 1", f"until {Host.AHEAD} 4", "run 48000 4")
    assert len(plugin.heard) > heard
