"""All of the service: what it listens on, how a plugin is served and steered, and how it ends."""

from __future__ import annotations

import socket
import time

import pytest

from seqgen.cli.main import main
from seqgen.serve import frames, protocol
from seqgen.serve.frames import NoteEvent, Settings
from seqgen.serve.steering import Steering
from tests.serve.conftest import Service, blend, melody


class Plugin:
    """The plugin's end of the stream, in a few lines."""

    def __init__(self, service: Service, token: str | None = None):
        self.socket = socket.create_connection(("127.0.0.1", service.stream_port), timeout=30)
        self.say(frames.HELLO, (token or service.token).encode())

    def say(self, kind: int, payload: bytes) -> None:
        self.socket.sendall(frames.frame(kind, payload))

    def settings(self, model: int = 0, position: float = 0.0, run: bool = True, **amounts: float) -> None:
        sliders = [frames.SLIDER_RECORD.pack(name.encode(), amount) for name, amount in amounts.items()]
        plain = frames.SETTINGS_RECORD.pack(model, run, 1, position, 0.0)
        self.say(frames.SETTINGS, plain + b"".join(sliders))

    def at(self, epoch: int, beat: float) -> None:
        self.say(frames.POSITION, frames.POSITION_RECORD.pack(epoch, 0, beat, 120.0, 4.0))

    def clip(self, slot: int, transpose: int) -> None:
        notes = [
            NoteEvent(0, 0, n["pitch"], n["velocity"], n["start"], n["duration"]).pack()
            for n in melody(transpose)["notes"]
        ]
        self.say(frames.CLIP, frames.CLIP_RECORD.pack(slot, len(notes)) + b"".join(notes))

    def read(self) -> tuple[int, bytes]:
        kind, _, size = frames.HEADER.unpack(self._exactly(frames.HEADER.size))
        return kind, self._exactly(size)

    def notes(self, epoch: int, until: float) -> list[tuple[float, float, int]]:
        """(beat, duration, pitch) of the epoch's notes before a beat; positions are said until they come."""
        found: list[tuple[float, float, int]] = []
        self.socket.settimeout(0.3)
        for _ in range(100):
            try:
                kind, payload = self.read()
            except TimeoutError:
                if found:
                    return [note for note in found if note[0] < until]
                self.at(epoch, 0.0)
                continue
            if kind == frames.NOTE:
                e, _, pitch, _, _, beat, duration = frames.NOTE_RECORD.unpack(payload)
                if e == epoch:
                    found.append((beat, duration, pitch))
        raise AssertionError("no notes")

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data


def say_osc(service: Service, address: str, value: float) -> None:
    builder = pytest.importorskip("pythonosc.osc_message_builder").OscMessageBuilder(address)
    builder.add_arg(service.token)
    builder.add_arg(value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(builder.build().dgram, ("127.0.0.1", service.osc_port))


@pytest.mark.parametrize("amounts", [{}, {"mean_pitch": 2.5, "cymbal_share": 1.0}])
def test_a_plugin_hears_what_the_protocol_answers(service, client, amounts):
    plugin = Plugin(service)
    kind, names = plugin.read()
    there = ["drums-16bar", "drums-2bar", "mel-16bar", "mel-2bar"]
    assert (kind, names.decode().split("\n")) == (frames.WELCOME, there)
    plugin.clip(0, 0)
    plugin.clip(1, 5)
    plugin.settings(model=3, position=0.5, **amounts)
    plugin.at(7, 0.0)
    body = blend(position=0.5, temperature=0.0, amounts=amounts)
    wanted = protocol.decode(client.post("/v1/interpolate", json=body).content, protocol.Result)
    expected = [(n.start, n.duration, n.pitch) for n in wanted.pieces[0].notes]
    assert plugin.notes(7, 8.0) == sorted(expected)
    said = "cymbal_share: mel-2bar has no such attribute: its slider does nothing"
    assert wanted.notices == ([said] if amounts else [])
    assert f"plugin: {said}" in [line["event"] for line in service.lines] or not amounts
    plugin.socket.close()


def test_osc_steers_what_plugins_hear(service, client):
    plugin = Plugin(service)
    plugin.read()
    plugin.clip(0, 0)
    plugin.clip(1, 5)
    plugin.settings(model=3, position=0.0)
    plugin.at(1, 0.0)
    before = plugin.notes(1, 8.0)
    say_osc(service, "/seqgen/position", 1.0)
    time.sleep(0.2)
    plugin.at(1, 0.0)
    time.sleep(0.5)  # the piece is made
    after = plugin.notes(2, 8.0)
    say_osc(service, "/seqgen/release", 1.0)
    answer = client.post("/v1/interpolate", json=blend(position=1.0, temperature=0.0))
    wanted = protocol.decode(answer.content, protocol.Result).pieces[0].notes
    assert before != after == sorted((n.start, n.duration, n.pitch) for n in wanted)
    plugin.socket.close()


def test_a_plugin_without_the_token_is_left(service):
    plugin = Plugin(service, "0" * 64)
    with pytest.raises(ConnectionError):
        plugin.read()
    plugin.socket.close()


def test_what_is_said_from_outside_goes_first_until_it_is_let_go():
    steering, own = Steering(), Settings(1, True, 5, 0.25, 0.5)
    actions = steering.actions()
    assert steering.over(own) == own
    actions["/seqgen/position"](1.0)
    actions["/seqgen/run"](0.0)
    actions["/seqgen/seed"](9.0)
    assert steering.over(own) == Settings(1, False, 9, 1.0, 0.5)
    for address, value in (("position", 1.5), ("temperature", -1.0), ("seed", 2.0**33), ("model", -1.0)):
        with pytest.raises(ValueError, match=f"{address}: expected 0 to"):
            actions[f"/seqgen/{address}"](value)
    actions["/seqgen/release"](0.0)
    assert steering.over(own) == own


def test_it_ends_cleanly_and_says_so(start):
    service = start("--log-level", "info")
    plugin = Plugin(service)
    plugin.read()
    assert service.end() == 0
    assert [line["event"] for line in service.lines][-1] == "ended"
    assert service.odd == []
    with pytest.raises(ConnectionError):
        plugin.read()
    plugin.socket.close()


BAD = {
    "port": ["--port", "99999"],
    "stream_port": ["--stream-port", "-1"],
    "workers": ["--workers", "0"],
    "waiting": ["--waiting", "0"],
    "rate": ["--rate", "0"],
    "preload": ["--preload", "[nothing]"],
    "log_level": ["--log-level", "loud"],
    "no model": ["--models", "[nowhere]"],
}


@pytest.mark.parametrize("flags", BAD.values(), ids=BAD)
def test_bad_flags_are_one_sentence(flags, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SEQGEN_HOME", str(tmp_path))
    assert main(["serve", *flags]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("seqgen: error: ")


def test_a_port_in_use_is_said(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SEQGEN_HOME", str(tmp_path))
    for flag, name in (("--port", "port"), ("--stream-port", "stream_port"), ("--osc-port", "osc")):
        kind = socket.SOCK_DGRAM if name == "osc" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            number = str(taken.getsockname()[1])
            if kind == socket.SOCK_STREAM:
                taken.listen()
            free = [f for f in ("--port", "--stream-port", "--osc-port") if f != flag]
            line = ["serve", flag, number, *(x for f in free for x in (f, "0"))]
            assert main(line) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"{name}: " in said
        assert number in said
