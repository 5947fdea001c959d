"""Asking the engine from an event loop, and waiting for the one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from seqgen.serve.engine import BusyError, Engine
from seqgen.serve.protocol import Answer, Failed, Result, Work

PATIENCE = 0.1
"""seconds between two looks whether somebody still waits"""
Gone = Callable[[], Awaitable[bool]]


async def ask(engine: Engine, work: Work, gone: Gone | None = None) -> Result | Failed:
    """gone: says whether nobody waits any more; then the work is cancelled, as it is with this coroutine."""
    refused = engine.refuse(work)
    if refused is not None:
        return refused
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result | Failed] = loop.create_future()

    def finish(answer: Result | Failed) -> None:
        if not done.done():
            done.set_result(answer)

    def tell(answer: Answer) -> None:
        if isinstance(answer, Result | Failed):
            loop.call_soon_threadsafe(finish, answer)

    try:
        cancelled = engine.submit(work, tell)
    except BusyError as error:
        return Failed(work.id, "busy", str(error))
    try:
        while not (await asyncio.wait([done], timeout=PATIENCE))[0]:
            if gone is not None and await gone():
                return Failed(work.id, "cancelled", "the client has gone")
    finally:
        cancelled.set()
    return done.result()
