"""Notes played through a MIDI port to another process: how evenly they come. Best effort, so no targets."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Row
from seqgen.io.live_midi import open_output
from seqgen.serve.beats import TempoClock
from seqgen.serve.player import Beat, Player, Sender, Wanted

NOTES, QPM, PER_QUARTER = 500, 120.0, 16
BARS = -(-NOTES // (4 * PER_QUARTER))
LISTEN = """
import threading
from seqgen.io.live_midi import open_input
times, done = [], threading.Event()
def receive(now, message):
    if message[0] == 0x90:
        times.append((128 * (message[2] - 1) + message[1], now))
    elif message[0] == 0xB0:
        done.set()
port = open_input("playing:out", receive, virtual=False, backend="jack")
print("ready", flush=True)
done.wait(60)
port.close()
print(*(f"{number}:{now}" for number, now in times))
"""


MODES = {"asynchronous": (), "synchronous": ("-S", "-t", "1000")}
"""of jackd: by default a client that is late misses a period; in the other one all wait for it"""


def rows() -> list[Row]:
    """Through JACK without a sound card (48 kHz, 128 frames a period): 500 notes, one each 31 ms."""
    if shutil.which("jackd") is None:
        print("jackd is not installed: nothing was played", file=sys.stderr)
        return []
    return [row for mode in MODES for row in _rows(mode)]


def _rows(mode: str) -> list[Row]:
    with _jack(MODES[mode]):
        arrived = _play()
    step = 60.0 / QPM / PER_QUARTER
    # When the first was sent is not known to the other process: the median is taken as the delay.
    offsets = [time - step * number for number, time in arrived.items()]
    middle = statistics.median(offsets)
    off = sorted(abs(offset - middle) * 1000 for offset in offsets)
    return [
        Row(f"{mode}: notes that arrived, of {NOTES}", len(arrived), "", NOTES, higher=True),
        Row(f"{mode}: off the beat, median", statistics.median(off), "ms"),
        Row(f"{mode}: off the beat, 99 of 100", off[int(0.99 * len(off))], "ms"),
        Row(f"{mode}: off the beat, most", off[-1], "ms"),
    ]


def _play() -> dict[int, float]:
    """When each note arrived, in seconds; pitch and velocity say which it is."""
    port = open_output("playing", backend="jack")
    clock = TempoClock(QPM)
    player = Player(port, clock)
    for k in range(NOTES):
        start = k % (4 * PER_QUARTER) / PER_QUARTER
        note = Beat(start, start + 0.5 / PER_QUARTER, k % 128, 1 + k // 128)
        player.add(Wanted(0, k // (4 * PER_QUARTER)), [note])
    player.end = BARS
    listener = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    listener.stdout.readline()
    sender = Sender(player)
    sender.start()
    clock.run(time.monotonic(), True)
    player.done.wait(60)
    sender.stop()
    out, _ = listener.communicate(timeout=90)
    port.close()
    pairs = (word.split(":") for word in out.split())
    return {int(number): float(now) for number, now in pairs}


@contextmanager
def _jack(mode: tuple[str, ...]) -> Iterator[None]:
    os.environ["JACK_DEFAULT_SERVER"] = f"seqgen-{uuid.uuid4().hex[:12]}"
    os.environ["JACK_NO_AUDIO_RESERVATION"] = "1"
    command = ["jackd", "-r", *mode, "-d", "dummy", "-r", "48000", "-p", "128"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    try:
        yield
    finally:
        server.terminate()  # not killed: it would keep one of the eight places that JACK has for servers
        server.wait(60)
