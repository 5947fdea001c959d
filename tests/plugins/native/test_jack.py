"""Under a JACK server (dummy driver, synchronous): the LV2 plugin in jalv, and the JACK program."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqgen.serve import frames
from tests.plugins.native.conftest import RATE, Built, Midi, Service
from tests.plugins.native.listener import Listener
from tests.plugins.native.scripted_server import COUNT
from tests.plugins.native.test_timing import number

PERIOD = 512
CHANGE = 300 * PERIOD
"""frame of the tempo change: a JACK client is told of it at the beginning of a period"""
CHANGE_BEAT = CHANGE * 2 / RATE
JALV = ["jalv", "-i", "-n", "player", "urn:seqgen:bridge"]

pytestmark = [
    pytest.mark.xdist_group("jack"),  # one server at a time: see tests/serve/test_play_jack.py
    pytest.mark.skipif(not shutil.which("jackd"), reason="needs jackd (apt: jackd2)"),
    pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="JACK needs /dev/shm"),
]


@pytest.fixture
def jack(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that leads to a JACK server."""
    name = f"seqgen-{uuid.uuid4().hex[:8]}"
    environment = {**os.environ, "JACK_DEFAULT_SERVER": name}
    command = f"jackd -n {name} -r -S -t 5000 -d dummy -r {RATE} -p {PERIOD}".split()
    with (tmp_path / "jackd.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        subprocess.run(
            ["jack_wait", "-s", name, "-w", "-t", "20"], capture_output=True, check=True, env=environment
        )
        yield environment
    finally:
        end(server)


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def frame_of(beat: float) -> float:
    if beat <= CHANGE_BEAT:
        return beat * RATE / 2
    return CHANGE + (beat - CHANGE_BEAT) * RATE / 1.5


def surroundings(built: Built, home: Path, port: int) -> dict[str, str]:
    """Of a program that finds our plugin, and a plugin that finds the service at a port."""
    return {
        "SEQGEN_HOME": str(home),
        "SEQGEN_STREAM_PORT": str(port),
        "LV2_PATH": f"{built.folder / 'lv2'}:/usr/lib/lv2",
    }


@pytest.mark.parametrize("program", ["jalv", "standalone"])
def test_at_most_a_sample_off(
    built: Built, service: Callable[..., Service], home: Path, jack: dict[str, str], program: str
):
    if program == "jalv" and not shutil.which("jalv"):
        pytest.skip("needs jalv (apt: jalv)")
    stream = service(burners=2)
    environment = {**jack, **surroundings(built, home, stream.port)}
    commands = {
        "jalv": (JALV, "player:out"),
        "standalone": ([str(built.folder / "seqgen")], "seqgen:midi-out"),
    }
    command, port = commands[program]
    player = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    last = int(frame_of(1 + COUNT / 8)) + RATE // 4
    recorder = subprocess.Popen(
        [built.host("jack_recorder"), port, str(CHANGE), str(last)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert recorder.stdout
        assert "ready\n" in iter(recorder.stdout.readline, ""), "the recorder found no port"
        stream.wait_until_asked()
        time.sleep(1)  # the transport stands, and the plugin gets its first bars
        lines = recorder.communicate("roll\n", timeout=120)[0].splitlines()
    finally:
        end(recorder)
        end(player)
    heard = [Midi(*map(int, line.split()[1:])) for line in lines if line.startswith("m ")]
    ons = [midi for midi in heard if midi.status == 0x90]
    offs = [midi for midi in heard if midi.status == 0x80]
    assert [number(midi) for midi in ons] == list(range(COUNT))
    assert max(abs(midi.frame - frame_of(1 + number(midi) / 8)) for midi in ons) <= 1
    assert [midi.pitch for midi in offs] == [midi.pitch for midi in ons]


@pytest.mark.skipif(not shutil.which("jalv"), reason="needs jalv (apt: jalv)")
def test_a_slider_that_a_host_moves_by_its_symbol_reaches_the_service(
    built: Built, listener: Listener, home: Path, jack: dict[str, str]
):
    command = [word for word in JALV if word != "-i"]  # it listens to its standard input then
    player = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        env={**jack, **surroundings(built, home, listener.port)},
    )  # fmt: skip
    try:
        listener.accept()
        assert frames.parse_settings(listener.hear(frames.SETTINGS)[1]).amounts == ()
        assert player.stdin
        print("mean_pitch = -1.5", file=player.stdin, flush=True)
        assert frames.parse_settings(listener.hear(frames.SETTINGS)[1]).amounts == (("mean_pitch", -1.5),)
    finally:
        end(player)
