"""The service's end of the stream, byte by byte."""

from __future__ import annotations

import socket

from seqgen.serve import frames
from seqgen.serve.frames import NoteEvent


class Listener:
    """A port on which the plugin is met byte by byte."""

    def __init__(self, token: str) -> None:
        self.token = token.encode()
        self.port = 0
        self.line: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """At the same port as before."""
        self.door = socket.create_server(("127.0.0.1", self.port))
        self.door.settimeout(20)
        self.port = self.door.getsockname()[1]

    def accept(self) -> None:
        """A plugin comes, says its token, and is welcome."""
        if self.line:
            self.line.close()
        self.line, _ = self.door.accept()
        self.line.settimeout(20)
        assert self.hear() == (frames.HELLO, self.token)
        self.say(frames.frame(frames.WELCOME, b"one\ntwo"))

    def say(self, data: bytes) -> None:
        assert self.line
        self.line.sendall(data)

    def notes(self, *notes: NoteEvent) -> None:
        self.say(b"".join(frames.frame(frames.NOTE, note.pack()) for note in notes))

    def hear(self, kind: int | None = None) -> tuple[int, bytes]:
        """The next frame, or the next of a kind."""
        for _ in range(500):  # a position comes 20 times a second, come what may
            found, size = frames.parse_header(self._exactly(frames.HEADER.size))
            payload = self._exactly(size)
            if kind in (None, found):
                return found, payload
        raise AssertionError(f"no frame of kind {kind}")

    def position(self) -> frames.Position:
        return frames.parse_position(self.hear(frames.POSITION)[1])

    def _exactly(self, size: int) -> bytes:
        assert self.line
        data = b""
        while len(data) < size:
            more = self.line.recv(size - len(data))
            assert more, "the plugin hung up"
            data += more
        return data

    def close(self) -> None:
        self.door.close()
        if self.line:
            self.line.close()
