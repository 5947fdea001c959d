"""Who asks over HTTP and does not read the answer is left after a while; who reads slowly is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Sequence

import pytest

pytest.importorskip("uvicorn", reason="the [serve] extra is not installed")

from tests.serve.test_websocket_patience import PING, PONG, TOKEN, Running, running

ASK = (
    "GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    "Connection: {connection}\r\n\r\n"
)
GO_ON, CLOSE = "keep-alive", "close"


@contextlib.asynccontextmanager
async def asked(here: Running, connections: Sequence[str]) -> AsyncIterator[socket.socket]:
    """Who has asked, once or several times, with little room for the answers."""
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        await loop.sock_connect(raw, ("127.0.0.1", here.port))
        asks = (ASK.format(port=here.port, token=TOKEN, connection=each) for each in connections)
        await loop.sock_sendall(raw, "".join(asks).encode())
        yield raw


@pytest.mark.parametrize("connections", [[CLOSE], [GO_ON], [GO_ON] * 9], ids=["close", "go on", "nine"])
def test_who_never_reads_an_answer_is_left_after_the_patience_while_another_is_served(connections):
    patience = 0.3

    async def main() -> None:
        async with running(patience) as here, here.other() as other:
            begin, served = time.monotonic(), 0
            async with asked(here, connections):
                while here.clients < 2:
                    await asyncio.sleep(0.001)
                while here.clients == 2:
                    await other.send(PING)
                    assert await other.recv() == PONG
                    served += 1
            assert time.monotonic() - begin >= patience
            assert served > 3

    asyncio.run(main())


def test_who_reads_slowly_gets_all_answers():
    patience = 0.5

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with running(patience) as here, asked(here, [GO_ON, GO_ON, CLOSE]) as raw:
            begin, got = time.monotonic(), b""
            while more := await loop.sock_recv(raw, 1500):
                got += more
                await asyncio.sleep(patience / 12)
            assert time.monotonic() - begin > 2 * patience
            answers = got.split(b"HTTP/1.1 200 OK\r\n")[1:]
            bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers]
            assert len(bodies) == 3
            assert len(set(bodies)) == 1
            assert f"content-length: {len(bodies[0])}\r\n".encode() in answers[0]

    asyncio.run(main())
