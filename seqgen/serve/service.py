"""All of the service in one process, on the loopback only: HTTP and WebSocket, the plugin's stream, OSC."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from seqgen.serve import plugin_music, stream
from seqgen.serve.engine import Engine
from seqgen.serve.http import app
from seqgen.serve.log import log
from seqgen.serve.osc_control import OscControl
from seqgen.serve.protocol import MAX_BYTES
from seqgen.serve.steering import Steering
from seqgen.serve.websocket import PATIENCE

LOOPBACK = "127.0.0.1"
HTTP_PORT, STREAM_PORT, OSC_PORT = 7716, 7717, 7718
GRACE = 3
"""seconds that requests in hand have at the end, and what is unsent on a closed WebSocket"""


@dataclass(frozen=True)
class Ports:
    """0 takes a free one; None leaves it out."""

    http: int = HTTP_PORT
    stream: int | None = STREAM_PORT
    osc: int | None = OSC_PORT


class Server(uvicorn.Server):
    """Signals are the service's: it ends all of its parts."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


class Socket(WebSocketsSansIOProtocol):
    """A closed one ends. uvicorn's own waits, for ever, until its client has read what is unsent."""

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(GRACE if self.writable.is_set() else 0, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


class Answering(H11Protocol):
    """Who reads nothing of an answer for `patience` seconds is left. uvicorn's own waits for ever."""

    watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # so that writing is paused while anything is unsent

    def pause_writing(self) -> None:
        super().pause_writing()
        self.look_later()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.look_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self.look_no_more()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self.look_no_more()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade(event)

    def look_later(self) -> None:
        """While writing is paused nothing is added, so what is read shows in how much is unsent."""
        patience = self.config.app.state.patience  # type: ignore[union-attr]
        self.watch = self.loop.call_later(patience, self.look, self.transport.get_write_buffer_size())

    def look(self, unsent: int) -> None:
        if self.transport.get_write_buffer_size() < unsent:
            self.look_later()
        else:
            log("client left", reason="did not read")
            self.transport.abort()

    def look_no_more(self) -> None:
        if self.watch is not None:
            self.watch.cancel()


async def serve(
    engine: Engine, token: str, ports: Ports, rate: float, ready: Callable[[Ports], None]
) -> None:
    """Until SIGINT or SIGTERM, or until it is cancelled. ready: told the ports once all of them listen.

    Raises:
        ValueError: for a port that is taken.
    """
    async with contextlib.AsyncExitStack() as parts:
        parts.push_async_callback(asyncio.to_thread, engine.close)
        listening = parts.enter_context(listen(ports.http, "port"))
        steering = Steering()
        found = Ports(
            listening.getsockname()[1],
            await _stream(parts, engine, token, ports.stream, steering),
            _osc(parts, token, ports.osc, steering),
        )
        server = Server(settings(engine, token, rate))
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, ValueError):  # Windows; another thread
                asyncio.get_running_loop().add_signal_handler(number, _end, server)
        log("serving", http=found.http, stream=found.stream, osc=found.osc)
        ready(found)
        await server.serve(sockets=[listening])
    log("ended")


async def _stream(
    parts: contextlib.AsyncExitStack, engine: Engine, token: str, port: int | None, steering: Steering
) -> int | None:
    if port is None:
        return None
    try:
        server = await stream.Server.start(
            plugin_music.pieces(engine), plugin_music.names(engine), token, LOOPBACK, port, steering.over
        )
    except OSError as error:
        raise ValueError(f"stream_port: cannot listen on {LOOPBACK}:{port} ({error})") from None
    parts.push_async_callback(server.close)
    return server.port


def _osc(parts: contextlib.AsyncExitStack, token: str, port: int | None, steering: Steering) -> int | None:
    if port is None:
        return None
    control = OscControl(port, token, steering.actions())
    control.start()
    parts.callback(control.close)
    return control.port


def listen(port: int, name: str) -> socket.socket:
    """A socket that waits for clients on the loopback."""
    # With its protocol named, asyncio sends small messages at once: else one may wait 40 ms for another.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise ValueError(
            f"{name}: cannot listen on {LOOPBACK}:{port} ({error}); choose another port"
        ) from None
    return listening


def settings(engine: Engine, token: str, rate: float, patience: float = PATIENCE) -> uvicorn.Config:
    """Of the HTTP server; the arguments are those of `app`."""
    return uvicorn.Config(
        app(engine, token, rate, patience),
        access_log=False,
        log_config=None,
        lifespan="off",
        http=Answering,
        ws=Socket,
        ws_max_size=MAX_BYTES,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        h11_max_incomplete_event_size=1 << 16,
        limit_concurrency=256,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )


def _end(server: uvicorn.Server) -> None:
    log("ending")
    server.should_exit = True
