"""A JACK server of a test's own, without a sound card."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def need_jack() -> None:
    pytest.importorskip("rtmidi", reason="the [serve] extra is not installed")
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")


ASK = 'import rtmidi; rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="waiting").delete()'
"""in a process of its own, which no other server stays in"""


@contextmanager
def jack_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its name, which stands in the environment too."""
    need_jack()
    name = f"seqgen-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    # Synchronous and patient: on a busy machine no client is passed over, with what it was to be given.
    command = ["jackd", "-S", "-r", "-t", "5000", "-d", "dummy", "-r", "48000", "-p", "256"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ.copy()}
    server = subprocess.Popen(command, **quiet)
    try:
        _wait(server)
        yield name
    finally:
        if not _ended(server):  # it waits for a client that was killed
            server.kill()
            server.wait(20)
            # A machine has eight places for servers. One that was killed keeps its place, until another of
            # the same name takes it and gives it back.
            heir = subprocess.Popen(command, **quiet)
            time.sleep(1)
            if not _ended(heir):
                heir.kill()
                heir.wait(20)


def _ended(server: subprocess.Popen[bytes]) -> bool:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        return False
    return True


def _wait(server: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        if server.poll() is not None:
            pytest.fail(f"jackd is installed but ends with {server.returncode}: are its eight places taken?")
        asked = subprocess.run([sys.executable, "-c", ASK], stderr=subprocess.DEVNULL)
        if asked.returncode == 0:
            return
        time.sleep(0.1)
    pytest.fail("jackd did not answer within 30 s")
