"""REAPER's action in a Lua interpreter, against a stand-in for the `reaper` table and one for the service."""

import json
import os
import random
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seqgen.serve import protocol
from tests.plugins import service_stand_in as stand_in

LUA = next((path for name in ("lua5.4", "lua5.3", "lua") if (path := shutil.which(name))), None)
HERE = Path(__file__).parent
ACTION = HERE.parents[1] / "plugins" / "reaper"
TICKS = 960

pytestmark = [
    pytest.mark.skipif(LUA is None, reason="no Lua interpreter (apt install lua5.4)"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl (apt install curl)"),
]


def note(
    start: int, stop: int, pitch: int, velocity: int = 90, channel: int = 0, muted: bool = False
) -> dict[str, Any]:
    return {
        "from": start,
        "to": stop,
        "pitch": pitch,
        "velocity": velocity,
        "channel": channel,
        "muted": muted,
    }


def item(notes: list[dict[str, Any]], start: float = 0, length: float = 32) -> dict[str, Any]:
    return {"start": start, "length": length, "notes": notes}


def act(
    tmp_path: Path,
    port: int,
    *items: Any,
    token: str | None = stand_in.TOKEN,
    action: str = "seqgen.lua",
    **scenario: Any,
) -> Any:
    home = stand_in.settings(tmp_path / "home", token or "")
    if token is None:
        (home / "token").unlink()
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = {**os.environ, "SEQGEN_HOME": str(home), "SEQGEN_PORT": str(port), "TMPDIR": str(scratch)}
    done = subprocess.run(
        [str(LUA), str(HERE / "reaper_stand_in.lua"), str(ACTION / action), str(ACTION / "json.lua")],
        input=json.dumps({"tempo": 90, "items": items, **scenario}),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert not outcome["open"]
    assert outcome["refreshes"] == 0
    assert not list(scratch.iterdir())
    return outcome


def nothing_changed(outcome: Any) -> bool:
    return not outcome["tracks"] and not outcome["undo"]


def uneven(count: int) -> list[dict[str, Any]]:
    rng = random.Random(5)
    starts = sorted(rng.randrange(31 * TICKS) for _ in range(count))
    return [note(s, s + rng.randrange(1, TICKS), rng.randrange(128), rng.randrange(1, 128)) for s in starts]


def ends(request: Any) -> protocol.Result:
    pieces = [protocol.Piece(part.notes, 8, 1, title) for part, title in ((request.a, "a"), (request.b, "b"))]
    return stand_in.result(request, *pieces, notices=("Two of two.",))


def test_64_notes_go_there_and_back_to_the_tick(tmp_path: Path) -> None:
    with stand_in.running(ends) as service:
        outcome = act(
            tmp_path, service.port, item(uneven(64), 4), item(uneven(32), 40), inputs="mel-16bar,2,0.25,7"
        )
    (request,) = service.requests
    assert (request.model, request.num_steps, request.temperature, request.seed) == ("mel-16bar", 2, 0.25, 7)
    assert request.a.notes[9].start == pytest.approx(uneven(64)[9]["from"] / TICKS, abs=1e-9)
    assert request.a.tempo == pytest.approx(90)
    (track,) = outcome["tracks"]
    assert track["name"] == "seqgen mel-16bar"
    assert [piece["notes"] for piece in track["items"]] == [uneven(64), uneven(32)]
    spans = [(round(i["start"], 9), round(i["final"], 9), i["name"]) for i in track["items"]]
    assert spans == [(72, 104, "a"), (104, 136, "b")]
    assert outcome["undo"] == ["seqgen: new items"]
    assert outcome["messages"] == ["Two of two."]


def test_what_does_not_sound_is_not_sent(tmp_path: Path) -> None:
    notes = [
        note(-960, 10, 50),
        note(0, 480, 36, channel=9),
        note(480, 960, 38, channel=9, muted=True),
        note(7 * TICKS, 9 * TICKS, 42, channel=9),
        note(8 * TICKS, 9 * TICKS, 46, channel=9),
    ]
    answer = protocol.Piece([protocol.Note(0, 0.5, 36, 90, True)], 2, 1, "next")
    with stand_in.running(lambda r: stand_in.result(r, answer)) as service:
        outcome = act(tmp_path, service.port, item(notes, 0, 8))
    (request,) = service.requests
    assert (type(request), request.model, request.bars) == (protocol.Continue, "drums-2bar", 8)
    assert [(n.start, n.duration, n.pitch, n.drum) for n in request.clip.notes] == [
        (0, 0.5, 36, True),
        (7, 1, 42, True),
    ]
    assert outcome["tracks"][0]["items"][0]["notes"] == [note(0, 480, 36, 90, 9)]


def test_without_items_it_samples_at_the_cursor(tmp_path: Path) -> None:
    with stand_in.running(lambda r: stand_in.result(r, protocol.Piece([], 2, 1, "é"))) as service:
        outcome = act(tmp_path, service.port, cursor=2.0)
    assert isinstance(service.requests[0], protocol.Sample)
    assert (outcome["tracks"][0]["items"][0]["start"], outcome["tracks"][0]["items"][0]["name"]) == (3, "é")


def test_a_dialog_that_is_left_asks_nothing(tmp_path: Path) -> None:
    with stand_in.running(ends) as service:
        outcome = act(tmp_path, service.port, inputs=False)
    assert service.paths == ["/v1/models"]
    assert outcome["messages"] == []
    assert nothing_changed(outcome)


@pytest.mark.parametrize(
    ("items", "inputs", "said"),
    [
        ([item(uneven(4))] * 3, "", "at most two MIDI items"),
        ([item([])], "", "no notes that sound"),
        ([{**item([]), "midi": False}], "", "Select MIDI items"),
        ([item(uneven(4))], "mel-2bar,65,0.5,1", "Bars: expected a number from 1 to 64, got 65"),
        ([item(uneven(4))], "mel-2bar,8,hot,1", "Temperature: expected"),
        ([item(uneven(4))], "mel-2bar,8", "four values"),
        ([item(uneven(4))], "no model,8,0.5,1", "invalid"),
    ],
)
def test_wrong_input_is_said(tmp_path: Path, items: list[Any], inputs: str, said: str) -> None:
    with stand_in.running(ends) as service:
        outcome = act(tmp_path, service.port, *items, inputs=inputs)
    assert said in outcome["messages"][0]
    assert nothing_changed(outcome)


def test_a_missing_server_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = act(tmp_path, taken.getsockname()[1])
    assert "start `seqgen serve`" in outcome["messages"][0]
    assert nothing_changed(outcome)


@pytest.mark.parametrize(
    ("token", "said"), [("f" * 64, "refused the token"), ("x", "64 hexadecimal"), (None, "no token at")]
)
def test_a_wrong_token_is_said(tmp_path: Path, token: str | None, said: str) -> None:
    with stand_in.running(ends) as service:
        outcome = act(tmp_path, service.port, token=token)
    assert said in outcome["messages"][0]
    assert nothing_changed(outcome)


def test_busy_is_said(tmp_path: Path) -> None:
    with stand_in.running(lambda r: protocol.Failed(r.id, "busy", "8 requests wait; try again")) as service:
        outcome = act(tmp_path, service.port, item(uneven(4)))
    assert outcome["messages"] == ["The service said: busy: 8 requests wait; try again"]
    assert nothing_changed(outcome)


@pytest.mark.parametrize(
    "wrong", ['"pitch":128', '"pitch":60.5', '"velocity":0', '"duration":-1', '"start":"x"']
)
def test_a_strange_answer_changes_nothing(tmp_path: Path, wrong: str) -> None:
    strange = f'{{"start":0,"duration":1,"pitch":60,"velocity":90,{wrong}}}'
    piece = f'{{"notes":[{strange}],"bars":2,"seed":1,"title":""}}'
    body = f'{{"type":"result","id":"reaper","model":"m","pieces":[{piece}]}}'
    with stand_in.running(lambda _: body.encode()) as service:
        outcome = act(tmp_path, service.port)
    assert "not as the protocol has it" in outcome["messages"][0]
    assert nothing_changed(outcome)


def test_what_reaper_refuses_is_said_and_the_block_is_closed(tmp_path: Path) -> None:
    with stand_in.running(ends) as service:
        outcome = act(tmp_path, service.port, item(uneven(4)), item(uneven(4)), refuse=True)
    assert "REAPER refused" in outcome["messages"][0]
    assert len(outcome["undo"]) == 1


def test_no_command_line_shows_the_token(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(request: Any) -> protocol.Result:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(path.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        return stand_in.result(request)

    if not Path("/proc/self/cmdline").exists():
        pytest.skip("no /proc")
    with stand_in.running(look) as service:
        act(tmp_path, service.port)
    assert any("curl" in line for line in seen)
    assert not any(stand_in.TOKEN in line for line in seen)


def test_the_real_service_answers(tmp_path: Path, real_service: Any) -> None:
    scale = [note(k * TICKS // 2, (k + 1) * TICKS // 2, 60 + k % 12) for k in range(16)]
    items = [item(scale, 0, 8), item(scale[::2], 8, 8)]
    outcome = act(tmp_path, real_service.port, *items, token=real_service.token)
    (track,) = outcome["tracks"]
    assert track["name"] == "seqgen mel-2bar"
    assert [i["final"] - i["start"] for i in track["items"]] == pytest.approx([8] * 5)
    assert all(i["notes"] for i in track["items"])
    unknown = act(tmp_path, real_service.port, token=real_service.token, inputs="no-such-model,1,0.5,1")
    assert "unknown" in unknown["messages"][0]
