"""Live control over OSC (Open Sound Control 1.0, UDP) on the loopback interface.

    /seqgen/hello TOKEN           from now on this sender needs no token
    /seqgen/position [TOKEN] f    0 is A, 1 is B
    /seqgen/temperature [TOKEN] f
    /seqgen/seed [TOKEN] i
    /seqgen/tempo [TOKEN] f       quarter notes a minute
    /seqgen/run [TOKEN] i         0 pauses, 1 goes on

Messages of a bundle are obeyed in order and at once, whatever its time. What cannot be obeyed is said in the
log, never answered.
"""

from __future__ import annotations

import logging
import math
import socket
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from seqgen.serve.token import same

LOG = logging.getLogger("seqgen.play")
HOST = "127.0.0.1"
MAX_DATAGRAM = 8192
MAX_FRIENDS = 32
"""senders that said hello, the last ones"""
QUIET = 1.0
"""seconds between two lines of the log, so that a flood of datagrams is none of lines"""
Address = tuple[str, int]
Action = Callable[[float], None]


class RefusedError(ValueError):
    """What is wrong with a message."""


class OscControl(threading.Thread):
    """Listens until it is closed."""

    def __init__(self, port: int, token: str, actions: dict[str, Action]):
        """
        Args:
            port: UDP, of 127.0.0.1; 0 takes a free one.
            actions: what each address does with its number; a ValueError of theirs is logged.

        Raises:
            ValueError: without python-osc, or if the port is in use.
        """
        super().__init__(name="seqgen-osc", daemon=True)
        self._packet, self._malformed = _library()
        self._token, self._actions = token, actions
        self._friends: OrderedDict[Address, None] = OrderedDict()
        self._quiet_until, self._unsaid = 0.0, 0
        self._closed = threading.Event()
        if not 0 <= port <= 65535:
            raise ValueError(f"osc: expected a UDP port from 1 to 65535, got {port}")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((HOST, port))
        except OSError as error:
            self._socket.close()
            raise ValueError(
                f"osc: UDP port {port} cannot be had ({error.strerror}): choose another"
            ) from None
        self.port: int = self._socket.getsockname()[1]

    def run(self) -> None:
        self._socket.settimeout(0.2)
        while not self._closed.is_set():
            try:
                datagram, sender = self._socket.recvfrom(1 << 16)
            except TimeoutError:
                self._say_rest()
            except OSError as error:  # on Windows, a reader of ours that has gone
                self._say(f"osc: {error}")
            else:
                self.receive(datagram, sender)

    def receive(self, datagram: bytes, sender: Address) -> None:
        """Obey a datagram, or say why not."""
        try:
            if len(datagram) > MAX_DATAGRAM:
                raise RefusedError(f"a datagram of {len(datagram)} bytes, more than {MAX_DATAGRAM}")
            messages = self._messages(datagram)
        except RefusedError as error:
            self._say(f"osc: {error} (from port {sender[1]})")
            return
        for message in messages:
            try:
                self._obey(message.address, list(message.params), sender)
            except ValueError as error:
                self._say(f"osc: {error} (from port {sender[1]})")

    def close(self) -> None:
        self._closed.set()
        if self.is_alive():
            self.join(2.0)
        self._socket.close()

    def _messages(self, datagram: bytes) -> list[Any]:
        try:
            return [timed.message for timed in self._packet(datagram).messages]
        except self._malformed as error:
            raise RefusedError(f"a datagram of {len(datagram)} bytes that is no OSC: {error}") from None

    def _obey(self, address: str, arguments: list[object], sender: Address) -> None:
        trusted = sender in self._friends
        if arguments and isinstance(arguments[0], str):
            if not same(arguments.pop(0), self._token):  # type: ignore[arg-type]
                raise RefusedError(f"{address[:64]!r}: another token than ours")
            trusted = True
        if not trusted:
            raise RefusedError(f"{address[:64]!r}: no token; give it first, or say /seqgen/hello TOKEN")
        if address == "/seqgen/hello":
            self._friends[sender] = None
            self._friends.move_to_end(sender)
            if len(self._friends) > MAX_FRIENDS:
                self._friends.popitem(last=False)
            return
        action = self._actions.get(address)
        if action is None:
            raise RefusedError(f"unknown address {address[:64]!r}; there are {', '.join(self._actions)}")
        action(_number(address, arguments))

    def _say(self, sentence: str) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            self._unsaid += 1
            return
        self._say_rest()
        self._quiet_until = now + QUIET
        LOG.warning("%s", sentence)

    def _say_rest(self) -> None:
        if self._unsaid and time.monotonic() >= self._quiet_until:
            LOG.warning("osc: %d more that could not be obeyed", self._unsaid)
            self._unsaid = 0


def _number(address: str, arguments: list[object]) -> float:
    if len(arguments) != 1 or not isinstance(arguments[0], (int, float)) or not math.isfinite(arguments[0]):
        raise RefusedError(f"{address}: expected one finite number, got {str(arguments)[:80]}")
    return float(arguments[0])


def _library() -> tuple[Any, tuple[type[Exception], ...]]:
    """The reader of packets, and what it raises for bytes that are none."""
    try:
        from pythonosc import osc_bundle, osc_message, osc_packet
        from pythonosc.parsing import osc_types
    except ImportError as error:
        raise ValueError(f"osc needs python-osc: pip install 'seqgen[serve]' ({error})") from None
    own = (osc_packet.ParseError, osc_bundle.ParseError, osc_message.ParseError, osc_types.ParseError)
    return osc_packet.OscPacket, (*own, ValueError, IndexError, struct.error, OverflowError, RecursionError)
