"""The service over WebSocket: many requests at a time, each with an id; answers as they come.

The reader of a connection only reads, queues and answers pings; workers compute elsewhere, and one task
sends. A client that does not read what it asked for is left after a while, and its work is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading

from starlette.websockets import WebSocket, WebSocketDisconnect

from seqgen.serve import protocol
from seqgen.serve.engine import BusyError, Engine
from seqgen.serve.log import log
from seqgen.serve.protocol import Answer, Cancel, Failed, Ping, Pong, Progress, Result, Work

MOST_AT_ONCE = 16
"""requests of a connection that are not answered yet"""
MOST_UNSENT = 20_000
"""messages"""
PATIENCE = 10.0
"""seconds that a client may take to read one message, if nothing else is said"""

LEFT = (TimeoutError, WebSocketDisconnect, RuntimeError, OSError)
"""what sending to a client raises that has gone, or does not read"""


class Connection:
    """One client, which may take `patience` seconds to read one message."""

    def __init__(self, socket: WebSocket, engine: Engine, patience: float):
        self.socket, self.engine, self.patience = socket, engine, patience
        self.loop = asyncio.get_running_loop()
        self.unsent: asyncio.Queue[Answer] = asyncio.Queue(MOST_UNSENT)
        self.running: dict[str, threading.Event] = {}
        self.slow = asyncio.Event()

    async def read(self) -> None:
        """Until the client leaves."""
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                call = protocol.decode(message.get("text") or message.get("bytes") or b"")
            except ValueError as error:
                self.put(Failed("", "invalid", str(error)))
                continue
            if isinstance(call, Ping):
                self.put(Pong(call.id))
            elif isinstance(call, Cancel):
                self.cancel(call.id)
            else:
                self.begin(call)

    def cancel(self, name: str) -> None:
        event = self.running.get(name)
        if event is None:
            self.put(Failed(name, "invalid", "cancel: there is no such request"))
        else:
            event.set()

    def begin(self, work: Work) -> None:
        refused = self.engine.refuse(work)
        if work.id in self.running:
            refused = Failed(work.id, "invalid", "id: another request has it and is not answered yet")
        elif len(self.running) >= MOST_AT_ONCE:
            refused = Failed(work.id, "busy", f"busy: at most {MOST_AT_ONCE} requests at a time")
        if refused is not None:
            self.put(refused)
            return
        try:
            self.running[work.id] = self.engine.submit(work, self.told)
        except BusyError as error:
            self.put(Failed(work.id, "busy", str(error)))
        else:
            self.put(Progress(work.id, "waiting"))

    def told(self, answer: Answer) -> None:
        """By a worker, in its thread."""
        self.loop.call_soon_threadsafe(self.pass_on, answer)

    def pass_on(self, answer: Answer) -> None:
        if isinstance(answer, Result | Failed):
            self.running.pop(answer.id, None)
        self.put(answer)

    def put(self, answer: Answer) -> None:
        try:
            self.unsent.put_nowait(answer)
        except asyncio.QueueFull:
            self.slow.set()

    async def send(self) -> None:
        """Until the client takes too long."""
        while True:
            data = protocol.encode(await self.unsent.get()).decode()
            await asyncio.wait_for(self.socket.send_text(data), self.patience)

    def leave(self) -> None:
        for event in self.running.values():
            event.set()


async def endpoint(socket: WebSocket) -> None:
    await socket.accept()
    connection = Connection(socket, socket.app.state.engine, socket.app.state.patience)
    tasks = [asyncio.create_task(work()) for work in (connection.read, connection.send, connection.slow.wait)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        connection.leave()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, LEFT):
            raise outcome
    gone = tasks[0] in done
    log("socket closed", reason="left" if gone else "did not read")
    if not gone:
        with contextlib.suppress(*LEFT):
            await asyncio.wait_for(socket.close(1008), 1.0)
