"""The Remote Script of Ableton Live where something is wrong: it is said, and nothing is changed."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqgen.serve import protocol
from tests.plugins import live_stand_in as live
from tests.plugins import service_stand_in as stand_in
from tests.plugins.live_host import Host, clip_of, unchanged, uneven


def never(request: Any) -> protocol.Result:
    raise AssertionError("nothing is asked for")


def test_a_missing_server_is_said(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 0, uneven(4))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = start(taken.getsockname()[1])
        host.rename(clip, "seqgen sample")
        assert "start `seqgen serve`" in host.until("nothing answers")
    assert unchanged(song, 1)
    assert not song.undo.open


def test_a_wrong_and_a_missing_token_are_said(
    song: live.Song, start: Callable[..., Host], tmp_path: Path
) -> None:
    clip = clip_of(song, 0, uneven(4))
    with stand_in.running(never) as service:
        host = start(service.port, token="f" * 64)
        host.rename(clip, "seqgen sample")
        host.until("refused the token")
        (tmp_path / "home" / "token").write_text("short")
        host.rename(clip, "seqgen sample 2")
        host.until("expected 64 hexadecimal digits")
        (tmp_path / "home" / "token").unlink()
        host.rename(clip, "seqgen sample 3")
        host.until("there is no token at")
    assert unchanged(song, 1)
    assert not service.requests


def test_busy_is_said_and_nothing_waits(song: live.Song, start: Callable[..., Host]) -> None:
    clip = clip_of(song, 0, uneven(4))
    with stand_in.running(lambda r: protocol.Failed(r.id, "busy", "8 requests wait; try again")) as service:
        service.gate.clear()
        host = start(service.port)
        host.rename(clip, "seqgen sample model=mel-2bar")
        host.rename(clip, "seqgen sample 2")
        host.until("still at work")
        service.gate.set()
        host.until("busy: 8 requests wait; try again")
    assert unchanged(song, 1)


@pytest.mark.parametrize(
    "note",
    [
        '{"start":0,"duration":1,"pitch":128,"velocity":1}',
        '{"start":-1,"duration":1,"pitch":1,"velocity":1}',
        '{"start":NaN,"duration":1,"pitch":1,"velocity":1}',
        "7",
    ],
)
def test_a_strange_answer_changes_nothing(song: live.Song, start: Callable[..., Host], note: str) -> None:
    clip = clip_of(song, 0, uneven(4))
    good = '{"start":0,"duration":1,"pitch":60,"velocity":1}'
    ends = '],"bars":2,"seed":1,"title":""}'
    pieces = f'{{"notes":[{good}{ends},{{"notes":[{note}{ends}'
    body = f'{{"type":"result","id":"live","model":"m","pieces":[{pieces}]}}'
    with stand_in.running(lambda _: body.encode()) as service:
        host = start(service.port)
        host.rename(clip, "seqgen sample model=m")
        host.until("not as the protocol has it")
    assert unchanged(song, 1)


def test_what_live_refuses_is_taken_back(
    song: live.Song, start: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clip_of(song, 0, uneven(4))
    piece = protocol.Piece([protocol.Note(0, 1, 60)], 2, 1, "new")

    def refuse(_: object, notes: Any) -> None:
        raise RuntimeError("the clip is locked")

    monkeypatch.setattr(live.Clip, "add_new_notes", refuse)
    with stand_in.running(lambda r: stand_in.result(r, piece)) as service:
        host = start(service.port)
        host.rename(clip, "seqgen sample")
        host.until("Live refused: the clip is locked")
    assert unchanged(song, 1)
    assert not song.undo.open


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("seqgen", "expected 'seqgen' and one of a, interpolate, sample, continue"),
        ("seqgen dance", "expected 'seqgen' and one of"),
        ("seqgen interpolate 1", "a number from 2 to 256"),
        ("seqgen continue 65", "a number from 1 to 64"),
        ("seqgen sample seed=-1", "seed: expected 0 to"),
        ("seqgen sample temperature=nan", "temperature: expected 0 to 4"),
        ("seqgen sample speed=2", "expected an option of model"),
        ("seqgen interpolate 5", "there is no A yet"),
    ],
)
def test_a_wrong_command_is_said_and_its_name_stays(
    song: live.Song, start: Callable[..., Host], name: str, said: str
) -> None:
    clip = clip_of(song, 0, uneven(4))
    host = start(1)
    host.rename(clip, name)
    host.until(said)
    assert clip.name == name
    assert unchanged(song, 1)


def test_a_deleted_a_is_said(song: live.Song, start: Callable[..., Host]) -> None:
    a, b = clip_of(song, 0, uneven(4)), clip_of(song, 1, uneven(4))
    host = start(1)
    host.rename(a, "seqgen a")
    song.tracks[0].clip_slots[0].delete_clip()
    host.rename(b, "seqgen interpolate")
    host.until("A is gone")
