"""A service in a process of its own, as music software meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("uvicorn", reason="the [serve] extra is not installed")

from seqgen.serve.token import token

ROOT = Path(__file__).parents[2]


class Service:
    """A running `seqgen serve`."""

    def __init__(self, folder: Path, *flags: str):
        self.home = folder / "home"
        environment = {**os.environ, "SEQGEN_HOME": str(self.home)}
        command = [
            sys.executable,
            "-m",
            "seqgen.cli.main",
            "serve",
            "--port",
            "0",
            "--stream-port",
            "0",
            "--osc-port",
            "0",
            *flags,
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.lines: list[dict[str, object]] = []
        self.odd: list[str] = []
        """what was said on stderr and is no line of JSON"""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.said = self.process.stdout.readline()
        found = re.match(
            r"Serving on http://127.0.0.1:(\d+), plugins on port (\d+), OSC on UDP port (\d+); "
            r"the token is in (.*)",
            self.said,
        )
        if found is None:
            self.end()
            raise RuntimeError(f"the service did not start: {self.said} {self.lines}")
        assert Path(found[4]) == self.home / "token"
        self.port, self.stream_port, self.osc_port = (int(found[k]) for k in (1, 2, 3))
        self.token = token(self.home)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.odd.append(line)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, **more: object) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=self.headers, timeout=60)

    def memory(self) -> int:
        """Bytes of the process that lie in memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096

    def end(self) -> int:
        """Its exit code."""
        self.process.terminate()
        code = self.process.wait(30)
        self._reader.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Starts a service with these flags."""
    running: list[Service] = []

    def begin(*flags: str) -> Service:
        running.append(Service(tmp_path_factory.mktemp("service"), *flags))
        return running[-1]

    yield begin
    for service in running:
        if service.process.poll() is None:
            service.end()


@pytest.fixture(scope="session")
def service(start: Callable[..., Service]) -> Service:
    """One for all tests that only ask."""
    return start("--preload", "[mel-2bar,drums-2bar,melody-lm]", "--rate", "100000", "--log-level", "info")


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def melody(transpose: int = 0) -> dict[str, object]:
    """Two bars in eighths."""
    scale = (60, 62, 64, 65, 67, 69, 71, 72, 72, 71, 69, 67, 65, 64, 62, 60)
    notes = [
        {"start": k / 2, "duration": 0.5, "pitch": pitch + transpose, "velocity": 90}
        for k, pitch in enumerate(scale)
    ]
    return {"notes": notes}


def beat() -> dict[str, object]:
    hits = [(k / 2, 42) for k in range(16)] + [(k, 36 if k % 2 == 0 else 38) for k in range(8)]
    return {"notes": [{"start": s, "duration": 0.25, "pitch": p, "drum": True} for s, p in sorted(hits)]}


def blend(name: str = "x", **more: object) -> dict[str, object]:
    return {
        "type": "interpolate",
        "id": name,
        "model": "mel-2bar",
        "a": melody(),
        "b": melody(5),
        "num_steps": 3,
        **more,
    }
