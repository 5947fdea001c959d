"""Control over OSC on the loopback: the token, and what strangers and broken datagrams can do (nothing)."""

import logging
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pythonosc", reason="the [serve] extra is not installed")

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from seqgen.serve.knobs import Knobs, Settings
from seqgen.serve.osc_control import MAX_FRIENDS, OscControl

TOKEN = "0123456789abcdef" * 4
FRIEND, STRANGER = ("127.0.0.1", 1111), ("127.0.0.1", 2222)


def message(address: str, *values) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def make(knobs: Knobs) -> OscControl:
    actions = {"/seqgen/position": knobs.position, "/seqgen/seed": knobs.seed}
    return OscControl(0, TOKEN, actions)


@pytest.fixture
def knobs():
    return Knobs(Settings())


@pytest.fixture
def osc(knobs, caplog):
    control = make(knobs)
    caplog.set_level(logging.WARNING, "seqgen.play")
    yield control
    control.close()


def said(caplog) -> str:
    return " | ".join(record.getMessage() for record in caplog.records)


def test_the_token_comes_first(osc, knobs, caplog):
    osc.receive(message("/seqgen/position", TOKEN, 0.25), STRANGER)
    osc.receive(message("/seqgen/seed", TOKEN, 7), STRANGER)
    assert (knobs.now.position, knobs.now.seed) == (0.25, 7)
    assert not caplog.records


def test_hello_once_is_enough_for_this_sender_and_no_other(osc, knobs, caplog):
    osc.receive(message("/seqgen/hello", TOKEN), FRIEND)
    osc.receive(message("/seqgen/position", 0.5), FRIEND)
    assert knobs.now.position == 0.5
    osc.receive(message("/seqgen/position", 0.75), STRANGER)
    assert knobs.now.position == 0.5
    assert "'/seqgen/position': no token" in said(caplog)


@pytest.mark.parametrize("token", ["", "0" * 64, TOKEN[:-1], TOKEN + "0", "ü"])
def test_another_token_is_refused(osc, knobs, caplog, token):
    osc.receive(message("/seqgen/hello", token), STRANGER)
    assert "another token" in said(caplog)
    osc.receive(message("/seqgen/position", 0.5), STRANGER)
    osc.receive(message("/seqgen/position", token, 0.5), FRIEND)
    assert knobs.now == Settings()


def test_friends_are_forgotten_when_there_are_many(osc, knobs):
    for port in range(MAX_FRIENDS + 1):
        osc.receive(message("/seqgen/hello", TOKEN), ("127.0.0.1", port))
    osc.receive(message("/seqgen/position", 0.5), ("127.0.0.1", 0))
    assert knobs.now == Settings()


@pytest.mark.parametrize(
    ("datagram", "expected"),
    [
        (message("/seqgen/position", TOKEN, 1.5), "position: expected a number from 0"),
        (message("/seqgen/position", TOKEN, float("nan")), "one finite number"),
        (message("/seqgen/position", TOKEN), "one finite number"),
        (message("/seqgen/position", TOKEN, 0.5, 0.5), "one finite number"),
        (message("/seqgen/position", TOKEN, "half"), "one finite number"),
        (message("/seqgen/positron", TOKEN, 0.5), "unknown address '/seqgen/positron'"),
        (message("/seqgen/seed", TOKEN, -1), "seed: expected 0 to"),
        (b"", "no OSC"),
        (b"/seqgen", "no OSC"),
        (b"\xff" * 64, "no OSC"),
        (b"#bundle\0" + b"\0" * 8 + b"\xff\xff\xff\xff", "no OSC"),
        (message("/seqgen/position", TOKEN, 0.5) + b"\0" * 8192, "a datagram of 8288 bytes, more than 8192"),
    ],
)
def test_what_cannot_be_obeyed_is_said_and_changes_nothing(osc, knobs, caplog, datagram, expected):
    osc.receive(datagram, STRANGER)
    assert expected in said(caplog)
    assert knobs.now == Settings()


def test_a_flood_is_counted_not_listed(osc, caplog):
    for _ in range(1000):
        osc.receive(b"flood", STRANGER)
    assert len(caplog.records) == 1
    osc._quiet_until = 0.0
    osc.receive(b"flood", STRANGER)
    assert "999 more" in said(caplog)


def test_a_wrong_message_of_a_bundle_leaves_the_others(osc, knobs, caplog):
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, value in (("/seqgen/position", 2.0), ("/seqgen/position", 0.5), ("/seqgen/seed", 3)):
        builder = OscMessageBuilder(address)
        builder.add_arg(TOKEN)
        builder.add_arg(value)
        bundle.add_content(builder.build())
    osc.receive(bundle.build().dgram, STRANGER)
    assert (knobs.now.position, knobs.now.seed) == (0.5, 3)
    assert "got 2.0" in said(caplog)


def nested(depth: int) -> bytes:
    content = message("/seqgen/position", 0.5)
    for _ in range(depth):
        content = b"#bundle\0" + b"\0" * 7 + b"\1" + len(content).to_bytes(4, "big") + content
    return content


def test_bundles_in_bundles_to_the_limit(osc, knobs, caplog):
    osc.receive(nested(400), STRANGER)
    assert knobs.now == Settings()
    assert caplog.records


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"#bundle\0", b"/seqgen/position\0\0\0\0,", b"/a\0\0,[f\0"]),
)
def test_no_datagram_raises(data, head):
    knobs = Knobs(Settings())
    control = make(knobs)
    try:
        control.receive(head + data, STRANGER)
    finally:
        control.close()
    assert knobs.now == Settings()


def test_over_a_real_socket(osc, knobs, caplog):
    osc.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", osc.port))
        sender.send(b"\0" * 60000)
        sender.send(message("/seqgen/hello", TOKEN))
        sender.send(message("/seqgen/position", 0.75))
        limit = time.monotonic() + 20
        while knobs.now.position != 0.75 and time.monotonic() < limit:
            time.sleep(0.01)
    assert knobs.now.position == 0.75
    assert "60000 bytes" in said(caplog)
    osc.close()
    assert not osc.is_alive()


def test_it_listens_on_the_loopback_only(osc):
    assert osc._socket.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_said(osc):
    with pytest.raises(ValueError, match=rf"osc: UDP port {osc.port} cannot be had .*choose another"):
        OscControl(osc.port, TOKEN, {})
