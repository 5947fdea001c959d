"""Through JACK, between processes: what is played arrives, and the ports behave."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

pytest.importorskip("rtmidi", reason="the [serve] extra is not installed")
pytest.importorskip("pythonosc", reason="the [serve] extra is not installed")

from pythonosc.osc_message_builder import OscMessageBuilder

from seqgen.io.live_midi import open_input, open_output
from seqgen.serve.token import token
from tests.serve.jack import jack_server
from tests.tasks.small import small_model, write_melody

# One after another: JACK's servers of one machine share their bookkeeping.
pytestmark = pytest.mark.xdist_group("jack")
NOTES = 500
SEND = f"""
import time
from seqgen.io.live_midi import open_output
from seqgen.serve.beats import TempoClock
from seqgen.serve.player import Beat, Player, Sender, Wanted
port = open_output("sending", backend="jack")
print("open", flush=True)
clock = TempoClock(1000.0)
player = Player(port, clock, patience=10.0)
input()  # somebody listens
for bar in range(0, {NOTES} // 20):
    notes = [Beat(k / 5, k / 5 + 0.15, (20 * bar + k) % 128, 1 + (20 * bar + k) // 128) for k in range(20)]
    player.add(Wanted(0, bar), notes)
player.end = {NOTES} // 20
sender = Sender(player)
sender.start()
clock.run(time.monotonic(), True)
assert player.done.wait(60)
sender.stop()
input()  # all has arrived
port.close()
print(player.sent, player.late)
"""


@pytest.fixture(scope="module")
def jack():
    """One for all: a process keeps to the first server that its JACK library met."""
    with pytest.MonkeyPatch.context() as patch, jack_server(patch) as server:
        yield server


@pytest.fixture
def play(tmp_path):
    """Starts `seqgen play` with these flags; nothing of it outlives the test."""
    started = []

    def start(*flags, **environment):
        started.append(Play(tmp_path, flags, environment))
        return started[-1]

    yield start
    for running in started:
        running.process.terminate()  # a client that is killed leaves its server confused
        try:
            print(running.process.communicate(timeout=30)[1], file=sys.stderr)  # shown where a test fails
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.communicate()


class Listener:
    """What comes in, and waiting for it."""

    def __init__(self):
        self.messages = []
        self._news = threading.Condition()

    def __call__(self, now, message):
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def wait(self, ready, seconds=60.0):
        with self._news:
            assert self._news.wait_for(lambda: ready(self.messages), seconds), str(self.messages[-5:])

    def sounding(self):
        on = set()
        for message in self.messages:
            if message[0] & 0xF0 == 0x90:
                on.add(message[1])
            elif message[0] & 0xF0 == 0x80:
                on.discard(message[1])
        return on


def listen(name, listener):
    """To a port that is there: while clients of JACK come and go, others are not always woken."""
    return open_input(name, listener, virtual=False, backend="jack")


def test_500_of_500_notes_arrive(jack):
    process = subprocess.Popen(
        [sys.executable, "-c", SEND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    listener = Listener()
    with closing(process.stdin), closing(process.stdout):
        assert process.stdout.readline() == "open\n"
        port = listen("sending:out", listener)
        process.stdin.write("\n")
        process.stdin.flush()
        listener.wait(lambda messages: messages and messages[-1][:2] == (0xB0, 123))
        out, _ = process.communicate("\n", timeout=120)
    port.close()
    on = [message[1:] for message in listener.messages if message[0] == 0x90]
    off = [message[1] for message in listener.messages if message[0] == 0x80]
    assert on == [(k % 128, 1 + k // 128) for k in range(NOTES)]
    assert off == [k % 128 for k in range(NOTES)]
    assert out.split() == [str(NOTES), "0"]


class Play:
    """`seqgen play` in a process."""

    def __init__(self, folder, flags, environment):
        model = small_model(folder / "small")
        files = [write_melody(folder / f"{name}.mid", seed=k) for k, name in enumerate("ab")]
        command = [sys.executable, "-m", "seqgen.cli.main", "play", *map(str, files), "--model", str(model)]
        self.process = subprocess.Popen(
            [*command, "--backend", "jack", *flags],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SEQGEN_HOME": str(folder / "home"), **environment},
        )

    def until(self, sentence):
        """Reads what it says until then."""
        said = ""
        while sentence not in said:
            line = self.process.stderr.readline()
            assert line, said
            said += line
        return said

    def end(self, kind=signal.SIGINT):
        self.process.send_signal(kind)
        return self.finish()

    def finish(self):
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


def notes_came(count):
    return lambda messages: sum(message[0] == 0x90 for message in messages) >= count


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_notes(jack, play, kind):
    music, listener = play("--loop", "--clock", "out"), Listener()
    music.until("playing on port")
    port = listen("seqgen:out", listener)
    listener.wait(lambda messages: notes_came(1)(messages) and messages[-1][0] == 0x90)
    code, said = music.end(kind)
    listener.wait(lambda messages: messages[-1][:2] == (0xB0, 123))
    port.close()
    assert code == 130
    assert "Traceback" not in said
    assert listener.sounding() == set()
    assert (0xFC,) in listener.messages
    assert (0xF8,) in listener.messages


def test_a_walk_ends_by_itself(jack, play):
    music = play("--steps", "2", "--tempo", "1000")
    code, said = music.finish()
    assert code == 0, said
    assert "notes played, 0 late" in said


def test_a_clock_osc_and_a_controller_from_outside(jack, play, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        udp = free.getsockname()[1]
    music = play("--loop", "--clock", "in", "--cc", "20", "--osc", str(udp), "--verbose")
    listener = Listener()
    said = music.until("waiting for the start of a MIDI clock")
    port = listen("seqgen:out", listener)
    assert listener.messages == [], "it waits"
    master = open_output("seqgen-in", virtual=False, backend="jack")
    stop = threading.Event()

    def pulses():
        master.send(b"\xfa")
        while not stop.is_set():
            master.send(b"\xf8")
            time.sleep(0.005)

    thread = threading.Thread(target=pulses)
    thread.start()
    listener.wait(notes_came(3))
    master.send(bytes([0xB0, 20, 127]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        builder = OscMessageBuilder("/seqgen/run")
        builder.add_arg(token(tmp_path / "home"))
        builder.add_arg(0)
        sender.sendto(b"no osc", ("127.0.0.1", udp))
        sender.sendto(builder.build().dgram, ("127.0.0.1", udp))
    said += music.until("paused")
    listener.wait(lambda _: listener.sounding() == set())
    stop.set()
    thread.join()
    code, rest = music.end()
    master.close()
    port.close()
    text = said + rest
    assert code == 130, text
    assert "position 1" in text
    assert "no OSC" in text


def test_a_name_that_is_taken_and_one_that_is_not_there(jack):
    port = open_output("taken", backend="jack")
    with pytest.raises(ValueError, match=r"port: 'taken' is taken.*'taken:out'"):
        open_output("taken", backend="jack")
    with pytest.raises(ValueError, match=r"'nowhere' is no port of .*; there is 'taken:out'"):
        open_input("nowhere", Listener(), virtual=False, backend="jack")
    other = open_output("taken2", backend="jack")
    with pytest.raises(ValueError, match=r"'taken' fits 2 ports"):
        open_input("taken", Listener(), virtual=False, backend="jack")
    other.close()
    port.close()
    port.close()
    open_output("taken", backend="jack").close()


def test_a_server_that_dies_hangs_nobody(play):
    with pytest.MonkeyPatch.context() as patch, jack_server(patch) as server:
        music = play("--loop", JACK_DEFAULT_SERVER=server)
        music.until("playing on port")
    code, said = music.end()
    assert code in (2, 130), said
    assert "Traceback" not in said
