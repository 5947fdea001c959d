"""A stand-in for the service: its messages are the protocol's own types, its music is what the test says."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from seqgen.serve import protocol

TOKEN = "0123456789abcdef" * 4
OPERATIONS: tuple[Any, ...] = ("interpolate", "sample", "continue", "attribute")
SLIDERS = (
    protocol.Slider("note_density", -1, 1.5),
    protocol.Slider("mean_pitch", -3, 3),
    protocol.Slider("rest_share", -1.5, 1),
)
MODELS = protocol.Models(
    [
        protocol.Model("mel-2bar", "melody", 2, OPERATIONS, SLIDERS),
        protocol.Model("mel-16bar", "melody", 16, OPERATIONS),
        protocol.Model("drums-2bar", "drums", 2, OPERATIONS),
    ]
)
Answer = Callable[[Any], Any]


class Service:
    """Where it listens, and what it was asked; `answer` makes a Result or Failed of a request."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.requests, self.paths = answer, list[Any](), list[str]()
        self.gate = threading.Event()
        """answers wait for it"""
        self.gate.set()
        self.port = 0


@contextlib.contextmanager
def running(answer: Answer) -> Iterator[Service]:
    service = Service(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(200, MODELS) if self._known() else self._refuse()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._known():
                return self._refuse()
            service.gate.wait(20)
            try:
                request = protocol.decode(body)
            except ValueError as error:
                return self._reply(400, protocol.Failed("", "invalid", str(error)))
            service.requests.append(request)
            message = service.answer(request)
            return self._reply(503 if isinstance(message, protocol.Failed) else 200, message)

        def _known(self) -> bool:
            service.paths.append(self.path)
            return self.headers["Authorization"] == f"Bearer {TOKEN}"

        def _refuse(self) -> None:
            self._reply(401, protocol.Failed("", "denied", "wrong token"))

        def _reply(self, status: int, message: Any) -> None:
            body = message if isinstance(message, bytes) else protocol.encode(message)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def result(request: Any, *pieces: protocol.Piece, notices: tuple[str, ...] = ()) -> protocol.Result:
    return protocol.Result(request.id, request.model, list(pieces), list(notices))


def settings(folder: Path, token: str = TOKEN) -> Path:
    """A settings folder with a token, for SEQGEN_HOME."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(token + "\n")
    return folder
