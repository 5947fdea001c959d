"""The plugin and its hosts, built once for all test processes; and a service in a process of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.plugins.native.listener import Listener

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
NATIVE = ROOT / "plugins" / "native"
DPF = Path(os.environ.get("DPF_PATH", "/usr/share/dpf"))
TOKEN = "0123456789abcdef" * 4
RATE = 48_000

NEEDS = {
    "g++ (apt: g++)": shutil.which("g++"),
    "make (apt: make)": shutil.which("make"),
    "DPF (apt: dpf-source)": (DPF / "Makefile.plugins.mk").exists(),
    "LV2's headers (apt: lv2-dev)": Path("/usr/include/lv2").exists(),
}
HOSTS = {
    "lv2_host": ["-rdynamic", "-ldl"],
    "clap_host": [f"-I{DPF}/distrho/src", "-ldl"],
    "jack_recorder": [
        "-DHAVE_JACK", '-DDISTRHO_PLUGIN_NAME="recorder"', f"-I{DPF}/distrho/src/jackbridge",
        f"-I{DPF}/distrho", "-ldl", "-pthread",
    ],
    "frames": [f"-I{NATIVE}"],
}  # fmt: skip


class Built(NamedTuple):
    folder: Path

    @property
    def lv2(self) -> Path:
        return self.folder / "lv2" / "seqgen.lv2"

    def host(self, name: str) -> Path:
        return self.folder / "hosts" / name


@pytest.fixture(scope="session")
def built() -> Built:
    for name, there in NEEDS.items():
        if not there:
            pytest.skip(f"the plugin is not built without {name}")
    built = Built(NATIVE / "build")
    built.host("").mkdir(parents=True, exist_ok=True)
    with (built.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("make", "-C", str(ROOT), "plugin")
        for name, flags in HOSTS.items():
            sources = [HERE / f"{name}.cpp", HERE / "script.h", NATIVE / "frames.h"]
            program = built.host(name)
            if not program.exists() or program.stat().st_mtime < max(s.stat().st_mtime for s in sources):
                run("g++", "-std=c++17", "-O1", str(sources[0]), "-o", str(program), *flags)
    return built


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Midi(NamedTuple):
    frame: int
    status: int
    pitch: int
    velocity: int


class Host:
    """A host that runs the plugin and does what it is told (see script.h)."""

    FIRST_SLIDER, LATE, CONNECTED, AHEAD = 8, 20, 21, 22

    def __init__(self, *command: Path, home: Path, port: int):
        environment = {**os.environ, "SEQGEN_HOME": str(home), "SEQGEN_STREAM_PORT": str(port)}
        self.heard: list[Midi] = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def do(self, *commands: str) -> str:
        """The answer to the last of them; what the plugin plays is added to `heard`."""
        assert self.process.stdin
        assert self.process.stdout
        answer = ""
        for command in commands:
            print(command, file=self.process.stdin, flush=True)
            for line in self.process.stdout:
                if line.startswith("="):
                    answer = line[2:].strip()
                    break
                self.heard.append(Midi(*map(int, line.split()[1:])))
            else:
                raise AssertionError(f"the host ended at {command!r}")
            assert answer != "gave up", f"{command!r}: not in time"
        return answer

    def beat(self) -> float:
        return float(self.do("run 0 0").split()[3])

    def late(self) -> int:
        return int(self.do("stats").split("late ")[1].split()[0])

    @property
    def ons(self) -> list[Midi]:
        return [midi for midi in self.heard if midi.status & 0xF0 == 0x90]

    @property
    def offs(self) -> list[Midi]:
        return [midi for midi in self.heard if midi.status & 0xF0 == 0x80]

    def sounding(self) -> set[tuple[int, int]]:
        """Channels and pitches of the notes that have begun and not ended."""
        notes: set[tuple[int, int]] = set()
        for midi in self.heard:
            key = midi.status & 0x0F, midi.pitch
            (notes.add if midi.status & 0xF0 == 0x90 else notes.discard)(key)
        return notes

    def end(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the token that the plugin and the service share."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text(TOKEN)
    return tmp_path / "home"


@pytest.fixture
def host(built: Built, home: Path) -> Iterator[Callable[..., Host]]:
    """host(port, "lv2" or "clap"): a new host with the plugin."""
    hosts: list[Host] = []

    def start(port: int, kind: str = "lv2") -> Host:
        binary = {"lv2": built.lv2 / "bridge.so", "clap": built.folder / "seqgen.clap"}[kind]
        hosts.append(Host(built.host(f"{kind}_host"), binary, home=home, port=port))
        return hosts[-1]

    yield start
    for each in hosts:
        each.end()


class Service:
    def __init__(self, home: Path, port: int, burners: int):
        command = [sys.executable, str(HERE / "scripted_server.py"), str(port), str(burners)]
        environment = {**os.environ, "SEQGEN_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().split()[1])

    def wait_until_asked(self) -> None:
        """Until a plugin has come and wants music."""
        assert self.process.stdout
        assert self.process.stdout.readline() == "asked\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def service(home: Path) -> Iterator[Callable[..., Service]]:
    """service(port=0, burners=0): the scripted service, started."""
    pytest.importorskip("msgspec", reason="the [serve] extra is not installed")
    services: list[Service] = []

    def start(port: int = 0, burners: int = 0) -> Service:
        services.append(Service(home, port, burners))
        return services[-1]

    yield start
    for each in services:
        each.kill()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener(TOKEN)
    yield listener
    listener.close()
