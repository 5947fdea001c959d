"""MIDI ports of the running system, through rtmidi: ALSA, JACK, CoreMIDI (macOS), WinMM (Windows).

A virtual port is one of our own that other programs connect to; WinMM has none. A port of another program is
meant by its whole name or by any part of it that fits no other.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, runtime_checkable

Backend = Literal["auto", "alsa", "jack", "core", "windows"]
AGAIN = 0.3
"""seconds after which JACK is asked once more: it drops a client now and then while others come and go"""
MAX_NAME = 32
"""characters of a port's name, which also names our client"""
DRAIN = 0.1
"""seconds from the last message to the closing of a port: JACK takes messages a period at a time"""
Receive = Callable[[float, tuple[int, ...]], None]
"""takes the time of arrival (seconds, `time.monotonic`) and the bytes of a message"""


@runtime_checkable
class Output(Protocol):
    """Where MIDI messages go."""

    def send(self, message: bytes) -> None: ...


class Port:
    """An open port."""

    def __init__(self, device: Any, name: str, system: str):
        self._device = device
        self.name = name
        self.system = system
        """what carries it: ALSA, JACK ..."""
        self._last = -DRAIN
        """when a message was sent"""

    def send(self, message: bytes) -> None:
        self._device.send_message(message)
        self._last = time.monotonic()

    def close(self) -> None:
        """Once or more often."""
        if self._device is not None:
            time.sleep(max(self._last + DRAIN - time.monotonic(), 0.0))
            with contextlib.suppress(AttributeError):  # an output has no callback
                self._device.cancel_callback()
            self._device.close_port()
            self._device.delete()
            self._device = None


def open_output(name: str, *, virtual: bool = True, backend: Backend = "auto") -> Port:
    """A port to send to.

    Args:
        name: of our own port, or of another program's if not `virtual`.

    Raises:
        ValueError: without rtmidi or a MIDI system, for a name that is taken, or that no port has.
    """
    return _open("MidiOut", "MidiIn", name, virtual, backend)


def open_input(name: str, receive: Receive, *, virtual: bool = True, backend: Backend = "auto") -> Port:
    """A port that calls `receive`, on a thread of rtmidi, for all but active sensing and system exclusive.

    Arguments and errors as in `open_output`.
    """
    port = _open("MidiIn", "MidiOut", name, virtual, backend)
    port._device.ignore_types(sysex=True, timing=False, active_sense=True)
    port._device.set_callback(lambda event, _: receive(time.monotonic(), tuple(event[0])))
    return port


def _open(kind: str, opposite: str, name: str, virtual: bool, backend: Backend) -> Port:
    if not (0 < len(name) <= MAX_NAME and name.isprintable() and ":" not in name) and virtual:
        raise ValueError(f"port: expected a name of 1 to {MAX_NAME} characters without a colon, got {name!r}")
    rtmidi = _library()
    # As few clients as can be: while some come and go, JACK forgets to wake others.
    if not virtual:
        device, _, system = _answering(rtmidi, kind, _client(), backend)
        with _given_up(rtmidi, device):
            there = device.get_ports()
            number = _number(name, there, system)
            device.open_port(number)
            return Port(device, there[number], system)
    looking, api, system = _answering(rtmidi, opposite, _client(), backend)
    with _until_done(looking):
        there = looking.get_ports()
        if api == rtmidi.API_WINDOWS_MM:
            raise ValueError("port: Windows has no virtual ports: install loopMIDI, and name its port")
        if any(full == name or full.startswith(f"{name}:") for full in there):
            raise ValueError(f"port: {name!r} is taken; choose another name than those of {_listed(there)}")
        device = _made(rtmidi, kind, api, name)
        with _given_up(rtmidi, device):
            # CoreMIDI shows the name of the port only, the others that of the client first.
            short = "out" if kind == "MidiOut" else "in"
            device.open_virtual_port(name if api == rtmidi.API_MACOSX_CORE else short)
            if api == rtmidi.API_UNIX_JACK and f"{name}:{short}" not in looking.get_ports():
                raise ValueError(f"port: {name!r} is the name of another JACK client; choose another")
            return Port(device, name, system)


def _number(name: str, there: list[str], system: str) -> int:
    """Which of the ports is meant."""
    found = [k for k, full in enumerate(there) if full == name]
    found = found or [k for k, full in enumerate(there) if name and name in full]
    if len(found) == 1:
        return found[0]
    problem = "is no port" if not found else f"fits {len(found)} ports"
    raise ValueError(f"port: {name!r} {problem} of {system}; there is {_listed(there)}")


def _listed(ports: list[str]) -> str:
    return ", ".join(repr(port) for port in ports) or "no port"


def _library() -> Any:
    try:
        import rtmidi
    except ImportError as error:
        raise ValueError(f"live MIDI needs python-rtmidi: pip install 'seqgen[serve]' ({error})") from None
    return rtmidi


def _answering(rtmidi: Any, kind: str, client: str, backend: Backend) -> tuple[Any, int, str]:
    """A device of the first MIDI system that answers, with the number and the name of that system."""
    known = {
        "alsa": rtmidi.API_LINUX_ALSA,
        "jack": rtmidi.API_UNIX_JACK,
        "core": rtmidi.API_MACOSX_CORE,
        "windows": rtmidi.API_WINDOWS_MM,
    }
    compiled = [api for api in rtmidi.get_compiled_api() if api in known.values()]
    wanted = compiled if backend == "auto" else [api for api in compiled if api == known[backend]]
    reasons = []
    for api in wanted:
        try:
            return _made(rtmidi, kind, api, client), api, rtmidi.get_api_display_name(api)
        except rtmidi.RtMidiError as error:
            reasons.append(f"{rtmidi.get_api_display_name(api)}: {error}")
    why = "; ".join(reasons) or f"rtmidi was built without {'any' if backend == 'auto' else backend}"
    raise ValueError(f"port: no MIDI system answers ({why}); start JACK, or load snd-seq for ALSA")


def _client() -> str:
    """A name that no port of a user has."""
    return f"seqgen-{os.getpid()}"


def _made(rtmidi: Any, kind: str, api: int, client: str) -> Any:
    make = getattr(rtmidi, kind)
    try:
        return make(api, name=client)
    except rtmidi.RtMidiError:
        if api != rtmidi.API_UNIX_JACK:
            raise
    time.sleep(AGAIN)
    return make(api, name=client)


@contextlib.contextmanager
def _given_up(rtmidi: Any, device: Any) -> Iterator[None]:
    """What goes wrong meanwhile is bad input, and the end of the device."""
    try:
        yield
    except (rtmidi.RtMidiError, ValueError) as error:
        device.delete()
        raise ValueError(str(error) if isinstance(error, ValueError) else f"port: {error}") from None


@contextlib.contextmanager
def _until_done(device: Any) -> Iterator[None]:
    try:
        yield
    finally:
        device.delete()
