"""What every request passes before anything reads it: host, origin, token, rate and size.

A page in a browser may send requests to this machine, under its own origin and, by a name that resolves here,
under another host; it can read neither the token nor, without it, any answer.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from seqgen.serve.limits import Bucket
from seqgen.serve.protocol import MAX_BYTES, Failed, encode
from seqgen.serve.token import same

NAMES = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware. `limit` is for those with a token, `wrong` for those without."""

    def __init__(self, app: ASGIApp, token: str, limit: Bucket, wrong: Bucket):
        self.app, self.token, self.limit, self.wrong = app, token, limit, wrong

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refused = self._refuse(scope)
        if refused is None and scope["type"] == "http":
            receive = _limited(receive)
        if refused is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # the request to connect
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1][:120]})
        else:
            await answer(*refused)(scope, receive, send)

    def _refuse(self, scope: Scope) -> tuple[int, str, str] | None:
        """Status, what is wrong, and the code for it."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        port = scope["server"][1]
        if headers.get(b"host") not in {f"{name}:{port}" for name in NAMES}:
            return 403, f"Host: expected 127.0.0.1:{port}", "denied"
        origin = headers.get(b"origin")
        if origin is not None and origin not in {f"http://{name}:{port}" for name in NAMES}:
            return 403, "Origin: pages from elsewhere are not served", "denied"
        scheme, _, shown = headers.get(b"authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not same(shown.strip(), self.token):
            status = 401 if self.wrong.take() else 429
            return status, "Authorization: expected Bearer and the token of this user", "denied"
        if not self.limit.take():
            return 429, "too many requests: wait a moment", "busy"
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            return 413, f"a request has at most {MAX_BYTES} bytes", "invalid"
        return None


class TooLargeError(Exception):
    """A body without a length turned out to be longer than one may be."""


def _limited(receive: Receive) -> Receive:
    got = 0

    async def limited() -> Any:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MAX_BYTES:
            raise TooLargeError
        return message

    return limited


def answer(status: int, message: str, code: Any, name: str = "") -> Response:
    """An error as JSON."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(encode(Failed(name, code, message)), status, headers, "application/json")
