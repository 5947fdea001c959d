"""Without a service the plugin is silent, and tries again within a second, as long as it takes."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable

from seqgen.serve import frames
from tests.plugins.native.conftest import TOKEN, Host
from tests.plugins.native.test_hostile import Listener, hundred

WITHIN = 1.0
"""seconds, as is promised"""
TRIES = 6
"""A loaded machine can hold up any of them, so most must be in time, not all."""


def hang_up(door: socket.socket) -> float:
    """When the plugin came; it is not let in."""
    line, _ = door.accept()
    line.close()
    return time.monotonic()


def test_a_plugin_that_is_hung_up_on_comes_again_within_a_second(host: Callable[..., Host]):
    listener = Listener()
    plugin = host(listener.port)
    plugin.do("run 512 0")
    came = [hang_up(listener.door) for _ in range(TRIES + 1)]
    gaps = sorted(b - a for a, b in itertools.pairwise(came))
    assert gaps[TRIES // 2] < WITHIN, gaps
    listener.close()


def test_a_plugin_connects_within_a_second_of_the_service_being_there_again(host: Callable[..., Host]):
    listener = Listener()
    plugin = host(listener.port)
    plugin.do("run 512 0")
    listener.accept()
    listener.notes(*hundred(listener.position().epoch)[:9])
    plugin.do(f"until {Host.AHEAD} 2", "play 1")
    took = []
    for _ in range(TRIES):
        listener.close()
        plugin.do("run 96000 0")  # past all that is queued: it tries meanwhile, and finds nobody
        assert not plugin.sounding()
        time.sleep(0.1)
        back = time.monotonic()
        listener = Listener(listener.port)
        listener.line, _ = listener.door.accept()
        took.append(time.monotonic() - back)
        listener.line.settimeout(20)
        assert listener.hear() == (frames.HELLO, TOKEN.encode())
        listener.say(frames.frame(frames.WELCOME, b"one"))
        plugin.do(f"until {Host.CONNECTED} 1")
    assert sorted(took)[TRIES // 2] < WITHIN, took
    assert [midi.pitch for midi in plugin.ons] == list(range(9))
    assert plugin.late() == 0
    listener.close()
