"""The seqgen service, asked from a thread of its own: Live's main thread never waits for it."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import os
import queue
import socket
import sys
import threading
from typing import Any

HOST = "127.0.0.1"
PORT = 7716
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 120.0
MAX_REQUEST = 1 << 20
MAX_ANSWER = 16 << 20
HEX_DIGITS = set("0123456789abcdefABCDEF")


class ServiceError(Exception):
    """What went wrong, in a sentence for the musician."""


def home() -> str:
    """The folder of seqgen's settings, where the service leaves its token."""
    if os.environ.get("SEQGEN_HOME"):
        return os.environ["SEQGEN_HOME"]
    if sys.platform == "win32":
        return os.path.join(os.environ.get("APPDATA", os.path.expanduser("~")), "seqgen")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/seqgen")
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "seqgen")


def read_token() -> str:
    path = os.path.join(home(), "token")
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            token = file.read(200).strip()
    except OSError:
        raise ServiceError(f"there is no token at {path}: start `seqgen serve` once") from None
    if len(token) != 64 or not set(token) <= HEX_DIGITS:
        raise ServiceError(
            f"{path}: expected 64 hexadecimal digits; delete it and start `seqgen serve` again"
        )
    return token


def default_port() -> int:
    text = os.environ.get("SEQGEN_PORT", "")
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else PORT


def choose_model(models: list[Any], operation: str, music: str, bars: float) -> str:
    """The model of this music that holds the clip: the shortest that is long enough, else the longest."""
    fit = [m for m in models if m["music"] == music and operation in m["operations"]]
    if not fit:
        raise ServiceError(f"the service has no model for {music} that can {operation}")
    enough = [m for m in fit if m["bars"] >= bars - 1e-6]
    best = min(enough, key=lambda m: m["bars"]) if enough else max(fit, key=lambda m: m["bars"])
    return str(best["name"])


class Job:
    """One request on its way. `answer` is the result, or a ServiceError, once `done`."""

    def __init__(self, operation: str, fields: dict[str, Any], music: str, bars: float, port: int) -> None:
        self._operation, self._fields, self._music, self._bars = operation, fields, music, bars
        self._port = port
        self._connection: http.client.HTTPConnection | None = None
        self._answers: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._run, name="seqgen", daemon=True).start()

    def poll(self) -> Any:
        """The checked result or a ServiceError; None while there is none."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def cancel(self) -> None:
        """Let the thread end at once; its answer is not wanted."""
        connection = self._connection
        sock = connection.sock if connection else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            self._answers.put(self._ask())
        except ServiceError as error:
            self._answers.put(error)
        except Exception as error:  # a thread of Live's must not end in silence
            self._answers.put(ServiceError(f"unexpected: {error!r}"))

    def _ask(self) -> dict[str, Any]:
        token = read_token()
        fields = dict(self._fields)
        if "model" not in fields:
            models = self._exchange("GET", "/v1/models", None, token, "models")["models"]
            try:
                fields["model"] = choose_model(models, self._operation, self._music, self._bars)
            except (KeyError, TypeError):
                raise ServiceError(
                    "the service's list of models is of another version than this script"
                ) from None
        body = json.dumps(dict(fields, type=self._operation, id="live"), allow_nan=False).encode()
        if len(body) > MAX_REQUEST:
            raise ServiceError(
                f"the clips are too long: {len(body)} bytes, and a request has at most {MAX_REQUEST}"
            )
        return checked(self._exchange("POST", "/v1/" + self._operation, body, token, "result"))

    def _exchange(self, method: str, path: str, body: bytes | None, token: str, kind: str) -> dict[str, Any]:
        where = f"{HOST}:{self._port}"
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        self._connection = connection = http.client.HTTPConnection(HOST, self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
            connection.sock.settimeout(ANSWER_SECONDS)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read(MAX_ANSWER + 1)
        except ConnectionRefusedError:
            raise ServiceError(f"nothing answers on {where}: start `seqgen serve`") from None
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(f"the service on {where} gave no answer ({error!r})") from None
        finally:
            connection.close()
        if len(data) > MAX_ANSWER:
            raise ServiceError(f"the answer is longer than {MAX_ANSWER} bytes")
        return _message(data, response.status, kind)


def _message(data: bytes, status: int, kind: str) -> dict[str, Any]:
    try:
        message = json.loads(data.decode())
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        message = {}
    if status in (401, 403) or message.get("code") == "denied":
        raise ServiceError(f"the service refused the token in {home()}: was it started by another user?")
    if message.get("type") == "error":
        raise ServiceError(f"{message.get('code')}: {message.get('message')}")
    if status != 200 or message.get("type") != kind:
        raise ServiceError(f"expected a message of type {kind}, got HTTP status {status}")
    return message


def checked(result: dict[str, Any]) -> dict[str, Any]:
    """The result, if every note of it is one that Live takes.

    Raises:
        ServiceError: says which part is not as the protocol has it.
    """
    try:
        for piece in result["pieces"]:
            if not 0 < piece["bars"] <= 10_000:
                raise ValueError("bars")
            for note in piece["notes"]:
                finite = math.isfinite(note["start"]) and math.isfinite(note["duration"])
                whole = isinstance(note["pitch"], int) and isinstance(note["velocity"], int)
                if not (finite and note["start"] >= 0 and note["duration"] > 0):
                    raise ValueError("start or duration")
                if not (whole and 0 <= note["pitch"] <= 127 and 1 <= note["velocity"] <= 127):
                    raise ValueError("pitch or velocity")
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceError(
            f"the answer is not as the protocol has it ({error}); nothing was changed"
        ) from None
    return result
