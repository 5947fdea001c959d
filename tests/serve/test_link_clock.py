"""Ableton Link: without its library a sentence; with it, two peers in one session."""

import os
import sys
import time
from itertools import count

import pytest

from seqgen.serve.link_clock import LinkClock


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(ValueError, match=r"GPL.*pip install 'seqgen\[link\]'"):
        LinkClock(120.0)


class State:
    def __init__(self, session):
        self._session = session

    def tempo(self):
        return self._session.qpm

    def setTempo(self, qpm, micros):  # noqa: N802
        self._session.qpm = qpm

    def beatAtTime(self, micros, quantum):  # noqa: N802
        return self._session.zero + micros * self._session.qpm / 60e6

    def requestBeatAtTime(self, beat, micros, quantum):  # noqa: N802
        here = self.beatAtTime(micros, quantum)
        self._session.zero -= here + (-here % quantum)  # the next bar line becomes 0


class Session:
    """A stand-in for `link.Link`: one peer at 60 quarter notes a minute, 1.5 beats into a bar."""

    def __init__(self, qpm):
        self.qpm, self.zero, self.enabled, self.time = qpm, 1.5, False, 0.0

    def clock(self):
        return self

    def micros(self):
        return 1e6 * self.time

    def captureSessionState(self):  # noqa: N802
        return State(self)

    def commitSessionState(self, state):  # noqa: N802
        pass


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setitem(sys.modules, "link", type("link", (), {"Link": Session}))
    made = LinkClock(60.0)
    monkeypatch.setattr("seqgen.serve.link_clock.time.monotonic", lambda: made._link.time)
    return made


def test_it_begins_at_the_next_bar_line_of_the_session(clock):
    assert not clock.transport(0.0).running
    clock.run(0.0, True)
    said = clock.transport(0.0)
    assert (said.running, said.beat, said.origin) == (True, pytest.approx(-2.5), 0.0)
    clock._link.time = 2.5
    assert clock.transport(2.5).beat == pytest.approx(0.0)
    assert clock.transport(2.5).jumps == said.jumps


def test_a_new_tempo_is_no_jump_and_another_timeline_is(clock):
    clock.run(0.0, True)
    before = clock.transport(0.0).jumps
    clock.set_tempo(0.0, 90.0)
    assert (clock.transport(0.0).qpm, clock.transport(0.0).jumps) == (90.0, before)
    clock._link.zero += 100.0
    said = clock.transport(0.0)
    assert (said.jumps, said.origin) == (before + 1, said.beat)


def two_real_peers_share_tempo_and_phase():
    ours, theirs = LinkClock(100.0), LinkClock(133.0)
    try:
        limit = time.monotonic() + 20
        for _ in count():
            if ours._link.numPeers() or time.monotonic() > limit:
                break
            time.sleep(0.05)
        assert ours._link.numPeers(), "no multicast between two peers on this machine"
        ours.run(time.monotonic(), True)
        theirs.set_tempo(time.monotonic(), 150.0)
        while ours.transport(time.monotonic()).qpm != pytest.approx(150.0) and time.monotonic() < limit:
            time.sleep(0.05)
        now = time.monotonic()
        mine, other = ours.transport(now), theirs.transport(now)
        assert mine.qpm == pytest.approx(150.0)
        apart = (mine.beat - other.beat) % 4.0
        assert min(apart, 4.0 - apart) < 0.05
    finally:
        ours.close()
        theirs.close()


if os.environ.get(
    "SEQGEN_LINK"
):  # the [link] extra is there, and multicasts on the local network are welcome
    test_two_real_peers_share_tempo_and_phase = two_real_peers_share_tempo_and_phase
