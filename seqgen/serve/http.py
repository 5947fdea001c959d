"""The service over HTTP: one request, one answer. Who leaves before the answer cancels the work."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from seqgen.serve import protocol
from seqgen.serve.asking import ask
from seqgen.serve.engine import Engine
from seqgen.serve.guard import Guard, TooLargeError, answer
from seqgen.serve.limits import Bucket
from seqgen.serve.log import log
from seqgen.serve.openapi import document
from seqgen.serve.protocol import Failed, Models, Work, encode
from seqgen.serve.websocket import PATIENCE, endpoint

STATUS = {"invalid": 400, "unknown": 404, "unreadable": 422, "busy": 429, "cancelled": 409, "failed": 500}
KINDS: dict[str, Any] = {kind.__struct_config__.tag: kind for kind in Work.__args__}
Handler = Callable[[Request], Awaitable[Response]]


def app(engine: Engine, token: str, rate: float = 200.0, patience: float = PATIENCE) -> Starlette:
    """The service as an ASGI application.

    Args:
        engine: what computes.
        token: what every request must show.
        rate: requests a second, of all clients together.
        patience: seconds that a client of a WebSocket may take to read one message, and that one of HTTP may
            read nothing of an answer.
    """
    routes = [
        Route("/v1/models", _logged(_models), methods=["GET"]),
        Route("/v1/schema", _logged(_schema), methods=["GET"]),
        Route("/v1/openapi.json", _logged(_openapi), methods=["GET"]),
        *(Route(f"/v1/{name}", _logged(_work), methods=["POST"], name=name) for name in KINDS),
        WebSocketRoute("/v1/ws", endpoint),
    ]
    guard = Middleware(Guard, token=token, limit=Bucket(rate, 2 * rate), wrong=Bucket(5.0, 20.0))
    result = Starlette(routes=routes, middleware=[guard], exception_handlers={404: _nowhere, 405: _nowhere})
    result.state.engine = engine
    result.state.patience = patience
    return result


async def _models(request: Request) -> Response:
    models = request.app.state.engine.catalogue.models
    return _json(Models([models[name] for name in sorted(models)]))


async def _schema(request: Request) -> Response:
    return _json(protocol.json_schema())


async def _openapi(request: Request) -> Response:
    return _json(document(KINDS))


async def _work(request: Request) -> Response:
    kind = KINDS[request.url.path.rpartition("/")[2]]
    try:
        work = protocol.decode(await request.body(), kind)
    except TooLargeError:
        return answer(413, f"a request has at most {protocol.MAX_BYTES} bytes", "invalid")
    except ValueError as error:
        return answer(400, str(error), "invalid")
    outcome = await ask(request.app.state.engine, work, request.is_disconnected)
    if isinstance(outcome, Failed):
        return answer(STATUS[outcome.code], outcome.message, outcome.code, outcome.id)
    return _json(outcome)


async def _nowhere(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    found = answer(status, f"{request.method} {request.url.path[:100]} is not served", "unknown")
    found.headers.update(getattr(error, "headers", None) or {})
    return found


def _json(message: Any) -> Response:
    return Response(encode(message), media_type="application/json")


def _logged(handler: Handler) -> Handler:
    async def logged(request: Request) -> Response:
        begin = time.monotonic()
        response = await handler(request)
        seconds = round(time.monotonic() - begin, 4)
        log("request", path=request.url.path, status=response.status_code, seconds=seconds)
        return response

    return logged
