"""Without a service the plugin is silent, and tries again within a second, as long as it takes."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable

from tests.plugins.native.conftest import Host
from tests.plugins.native.listener import Listener
from tests.plugins.native.test_hostile import hundred

WITHIN = 1.0
"""seconds, as is promised"""
TRIES = 6
"""A loaded machine can hold up any of them, so most must be in time, not all."""


def hang_up(door: socket.socket) -> float:
    """When the plugin came; it is not let in."""
    line, _ = door.accept()
    line.close()
    return time.monotonic()


def find_nobody(plugin: Host) -> None:
    """Until the plugin has seen that the service is gone."""
    for _ in range(2000):
        plugin.do("run 512 0")
        if plugin.do("stats").endswith("connected 0"):
            return
        time.sleep(0.01)
    raise AssertionError("connected to nobody")


def test_a_plugin_that_is_hung_up_on_comes_again_within_a_second(
    listener: Listener, host: Callable[..., Host]
):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    came = [hang_up(listener.door) for _ in range(TRIES + 1)]
    gaps = sorted(b - a for a, b in itertools.pairwise(came))
    assert gaps[TRIES // 2] < WITHIN, gaps


def test_a_plugin_connects_within_a_second_of_the_service_being_there_again(
    listener: Listener, host: Callable[..., Host]
):
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    listener.notes(*hundred(listener.position().epoch)[:9])
    plugin.do(f"until {Host.AHEAD} 2", "play 1")
    took = []
    for _ in range(TRIES):
        listener.close()
        plugin.do("run 96000 0")  # past all that is queued: silence
        find_nobody(plugin)
        listener.open()
        back = time.monotonic()
        listener.accept()
        took.append(time.monotonic() - back)
        plugin.do(f"until {Host.CONNECTED} 1")
    assert sorted(took)[TRIES // 2] < WITHIN, took
    assert [midi.pitch for midi in plugin.ons] == list(range(9))
    assert not plugin.sounding()
    assert plugin.late() == 0
