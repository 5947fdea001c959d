"""The service's stream, its notes numbered, beside threads that hold the interpreter's lock.

    python scripted_server.py PORT BURNERS      PORT 0: any

It says "port N", and "asked" when a plugin wants music.

Note k of 200 begins at beat 1 + k / 8, as `note` says.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

from seqgen.serve.protocol import Note
from seqgen.serve.stream import Loop, Server, Want

COUNT = 200
DURATION = 0.1


def note(k: int) -> Note:
    return Note(1 + k / 8, DURATION, k % 128, 1 + k // 128)


async def pieces(want: Want) -> Loop:
    print("asked", flush=True)
    return Loop([note(k) for k in range(COUNT)], 64.0)


def burn() -> None:
    while True:
        sum(i * i for i in range(20_000))


async def main(port: int, burners: int) -> None:
    token = (Path(os.environ["SEQGEN_HOME"]) / "token").read_text()
    server = await Server.start(pieces, ["scripted"], token, port=port)
    for _ in range(burners):
        threading.Thread(target=burn, daemon=True).start()
    print("port", server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
