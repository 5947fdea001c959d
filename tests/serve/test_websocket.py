"""Many requests at a time: progress, streamed bars, cancelling, and clients that misbehave."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("websockets", reason="the [serve] extra is not installed")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from seqgen.serve import protocol
from seqgen.serve.websocket import MOST_AT_ONCE
from tests.serve.conftest import Service, blend


def open_socket(service: Service, **headers: str) -> ClientConnection:
    url = f"ws://127.0.0.1:{service.port}/v1/ws"
    return connect(url, additional_headers={**service.headers, **headers}, proxy=None, max_size=None)


@pytest.fixture
def ws(service: Service) -> Iterator[ClientConnection]:
    with open_socket(service) as connection:
        yield connection


def receive(ws: ClientConnection) -> Any:
    return protocol.decode(ws.recv(timeout=60), protocol.Answer)


def until_done(ws: ClientConnection, name: str) -> list[Any]:
    """The answers to a request, up to its result or failure."""
    answers = []
    while not answers or not isinstance(answers[-1], protocol.Result | protocol.Failed):
        answer = receive(ws)
        if answer.id == name:
            answers.append(answer)
    return answers


def send(ws: ClientConnection, message: dict[str, object]) -> None:
    ws.send(json.dumps(message))


def test_bars_come_in_order_and_are_the_result(ws):
    send(ws, blend("one"))
    *before, result = until_done(ws, "one")
    assert isinstance(result, protocol.Result)
    bars = [answer for answer in before if isinstance(answer, protocol.Bar)]
    assert [(bar.piece, bar.bar) for bar in bars] == [(p, b) for p in range(3) for b in range(2)]
    for number, piece in enumerate(result.pieces):
        assert [n for bar in bars if bar.piece == number for n in bar.notes] == piece.notes
    assert all(4 * bar.bar <= note.start < 4 * bar.bar + 4 for bar in bars for note in bar.notes)
    steps = [answer for answer in before if isinstance(answer, protocol.Progress)]
    assert [(p.state, p.done, p.total) for p in steps] == [
        ("waiting", 0, 0),
        *(("working", k, 3) for k in (1, 2, 3)),
    ]


def test_requests_stand_side_by_side(ws):
    for name in "abc":
        send(ws, blend(name, seed=ord(name)))
    results = {}
    while len(results) < 3:
        answer = receive(ws)
        if isinstance(answer, protocol.Result):
            results[answer.id] = answer.pieces[1]
    assert {name: piece.seed for name, piece in results.items()} == {name: ord(name) for name in "abc"}


def test_a_ping_is_answered_while_others_wait_and_a_request_is_cancelled(service):
    with open_socket(service) as busy, open_socket(service) as other:
        for k in range(8):
            send(busy, blend(f"long-{k}", num_steps=256))
        send(other, {"type": "ping", "id": "p"})
        send(busy, {"type": "ping", "id": "q"})
        assert receive(other) == protocol.Pong("p")
        seen = [receive(busy)]
        while seen[-1] != protocol.Pong("q"):
            seen.append(receive(busy))
        assert not [a for a in seen if isinstance(a, protocol.Result) and a.id == "long-7"]
        for k in range(8):
            send(busy, {"type": "cancel", "id": f"long-{k}"})
        last = until_done(busy, "long-7")[-1]
        assert (last.code, last.id) == ("cancelled", "long-7")
        send(busy, blend("after"))
        assert isinstance(until_done(busy, "after")[-1], protocol.Result)


def test_what_is_no_request_is_said_and_the_socket_stays(ws):
    for text, message in (
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"type": "dance"}', "Invalid value 'dance'"),
        (json.dumps(blend("", num_steps=3)), "`$.id`"),
        (json.dumps({"type": "cancel", "id": "never"}), "there is no such request"),
        (b"\xff\xfe", "malformed"),
    ):
        ws.send(text)
        answer = receive(ws)
        assert answer.code == "invalid"
        assert message in answer.message
    send(ws, blend("same", num_steps=64))
    send(ws, blend("same"))
    answers = until_done(ws, "same")
    assert "another request has it" in answers[-1].message
    assert isinstance(until_done(ws, "same")[-1], protocol.Result)


def test_too_many_at_a_time_are_told_so(ws):
    for k in range(MOST_AT_ONCE + 1):
        send(ws, blend(str(k), num_steps=64))
    last = until_done(ws, str(MOST_AT_ONCE))[-1]
    assert (last.code, str(MOST_AT_ONCE) in last.message) == ("busy", True)
    for k in range(MOST_AT_ONCE):
        send(ws, {"type": "cancel", "id": str(k)})


def test_only_who_has_the_token_gets_a_socket(service):
    for headers in (
        {"Authorization": "Bearer x"},
        {"Origin": "https://evil.example"},
    ):
        with pytest.raises(InvalidStatus, match="403"):
            open_socket(service, **headers).close()


def test_a_message_over_the_bound_ends_the_socket(service):
    with open_socket(service) as ws:
        ws.send(" " * (protocol.MAX_BYTES + 1))
        with pytest.raises(ConnectionClosed) as caught:
            receive(ws)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


def test_who_vanishes_leaves_nothing_running(service):
    with open_socket(service) as ws:
        for k in range(8):
            send(ws, blend(str(k), num_steps=256))
        receive(ws)
        ws.socket.shutdown(socket.SHUT_RDWR)
    with open_socket(service) as other:
        begin = time.monotonic()
        send(other, blend("next"))
        assert isinstance(until_done(other, "next")[-1], protocol.Result)
        assert time.monotonic() - begin < 30  # eight of 256 pieces take longer than a few seconds each


def test_who_never_reads_is_left(start):
    service = start("--preload", "[mel-16bar]", "--rate", "100000")
    with socket.create_connection(("127.0.0.1", service.port)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = (
            f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n"
            f"Authorization: Bearer {service.token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        raw.sendall(request.encode())
        assert b" 101 " in raw.recv(1000)
        from websockets.frames import Frame, Opcode

        for k in range(MOST_AT_ONCE):
            text = json.dumps(blend(str(k), model="mel-16bar", num_steps=256)).encode()
            raw.sendall(Frame(Opcode.TEXT, text).serialize(mask=True))
        with open_socket(service) as other:  # who is served meanwhile
            send(other, {"type": "ping", "id": "p"})
            assert receive(other) == protocol.Pong("p")
        for _ in range(600):
            # By the patience (test_websocket_patience), or the keepalive if models are slower than that.
            if sum(line["event"] == "socket closed" for line in service.lines) == 2:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(service.lines[-5:])
    assert (service.end(), service.odd) == (0, [])
