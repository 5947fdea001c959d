"""The service: from a request to the first bar of an interpolation, the model loaded; two cores."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from benchmarks.harness import Row, p95, spread
from seqgen.io.midi import read_notes
from seqgen.serve import protocol
from seqgen.serve.token import token

HERE = Path(__file__).parents[1]
MODELS = {"mel-2bar": "melody", "mel-16bar": "melody", "drums-2bar": "drums"}
ASKED, FIRST_BAR = 40, 0.150
STEPS = 5


def rows() -> list[Row]:
    with service() as socket:
        return [row for name, music in MODELS.items() for row in of_model(socket, name, music)]


def of_model(socket: ClientConnection, name: str, music: str) -> list[Row]:
    a, b = (clip(HERE / f"examples/{music}_{x}.mid") for x in "ab")
    first, whole = [], []
    for number in range(ASKED + 3):
        work = protocol.Interpolate(id=str(number), model=name, a=a, b=b, num_steps=STEPS, seed=number)
        text = protocol.encode(work).decode()
        begin = time.perf_counter()
        socket.send(text)
        bar = 0.0
        while not isinstance(answer := protocol.decode(socket.recv(60), protocol.Answer), protocol.Result):
            if isinstance(answer, protocol.Failed):
                raise RuntimeError(f"{name}: {answer.message}")
            if isinstance(answer, protocol.Bar) and not bar:
                bar = time.perf_counter() - begin
        if number >= 3:
            first.append(bar)
            whole.append(time.perf_counter() - begin)
    return [
        Row(f"{name}: first bar, p95", p95(first), "s", FIRST_BAR, ratio=f"{spread(first)} s"),
        Row(f"{name}: all of {STEPS} pieces, p95", p95(whole), "s", None, ratio=f"{spread(whole)} s"),
    ]


def clip(path: Path) -> protocol.Clip:
    notes = read_notes(path)
    columns = (notes.start, notes.end - notes.start, notes.pitch, notes.velocity, notes.is_drum)
    some = zip(*(column.tolist() for column in columns), strict=True)
    return protocol.Clip([protocol.Note(*note) for note in some if note[1] > 0])


@contextmanager
def service() -> Iterator[ClientConnection]:
    """A socket to a `seqgen serve` of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "SEQGEN_HOME": home}
        ports = [word for name in ("port", "stream-port", "osc-port") for word in (f"--{name}", "0")]
        preload = f"--preload={json.dumps(list(MODELS))}"
        command = [sys.executable, "-m", "seqgen.cli.main", "serve", *ports, preload, "--log-level", "error"]
        process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            if found is None:
                raise RuntimeError("the service did not start")
            headers = {"Authorization": f"Bearer {token(Path(home))}"}
            with connect(
                f"ws://127.0.0.1:{found[1]}/v1/ws", additional_headers=headers, proxy=None
            ) as socket:
                yield socket
        finally:
            process.terminate()
            process.wait(30)
