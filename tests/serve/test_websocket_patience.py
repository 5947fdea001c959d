"""Who asks and does not read is closed after a while, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest

pytest.importorskip("uvicorn", reason="the [serve] extra is not installed")

from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from seqgen.serve import service
from seqgen.serve.catalogue import Catalogue
from seqgen.serve.engine import Engine

TOKEN = "0123456789abcdef" * 4
PING = json.dumps({"type": "ping", "id": "p" * 64})
PONG = json.dumps({"type": "pong", "id": "p" * 64}, separators=(",", ":"))
UPGRADE = (
    "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Running:
    """The service's HTTP server in this process, with little room for what is sent and not read."""

    def __init__(self, patience: float, keepalive: float | None = None):
        self.engine = Engine(Catalogue())
        settings = service.settings(self.engine, TOKEN, 100_000.0, patience)
        if keepalive:
            settings.ws_ping_interval = settings.ws_ping_timeout = keepalive
        self.server = service.Server(settings)
        self.listening = service.listen(0, "port")
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.port: int = self.listening.getsockname()[1]

    @property
    def clients(self) -> int:
        return len(self.server.server_state.connections)

    @contextlib.asynccontextmanager
    async def deaf(self) -> AsyncIterator[socket.socket]:
        """A WebSocket that is opened; nobody reads it."""
        loop = asyncio.get_running_loop()
        with socket.socket() as raw:
            raw.setblocking(False)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(raw, ("127.0.0.1", self.port))
            await loop.sock_sendall(raw, UPGRADE.format(port=self.port, token=TOKEN).encode())
            assert b" 101 " in await loop.sock_recv(raw, 1000)
            yield raw

    async def ask(self, raw: socket.socket, times: int) -> None:
        ping = Frame(Opcode.TEXT, PING.encode()).serialize(mask=True)
        await asyncio.get_running_loop().sock_sendall(raw, ping * times)

    @contextlib.asynccontextmanager
    async def other(self) -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"ws://127.0.0.1:{self.port}/v1/ws"
        async with connect(url, additional_headers=headers, proxy=None) as ws:
            yield ws


@contextlib.asynccontextmanager
async def running(patience: float, keepalive: float | None = None) -> AsyncIterator[Running]:
    here = Running(patience, keepalive)
    task = asyncio.create_task(here.server.serve(sockets=[here.listening]))
    try:
        async with asyncio.timeout(20):
            yield here
    finally:
        here.server.should_exit = True
        await task
        here.engine.close()


def test_who_never_reads_is_closed_after_the_patience_while_another_is_served():
    patience = 0.3

    async def main() -> None:
        async with running(patience) as here, here.deaf() as raw, here.other() as other:
            begin, served = time.monotonic(), 0
            await here.ask(raw, 5000)  # fewer answers than may wait, more bytes than the system keeps
            while here.clients == 2:
                await other.send(PING)
                assert await other.recv() == PONG
                served += 1
            assert time.monotonic() - begin >= patience
            assert served > 3
            await other.send(PING)
            assert await other.recv() == PONG

    asyncio.run(main())


def test_who_reads_nothing_and_asks_little_is_closed_by_the_keepalive():
    async def main() -> None:
        async with running(1000.0, keepalive=0.2) as here, here.deaf() as raw:
            await here.ask(raw, 400)
            while here.clients:
                await asyncio.sleep(0.01)

    asyncio.run(main())
