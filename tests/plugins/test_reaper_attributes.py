"""REAPER's action for attributes in a Lua interpreter, against stand-ins and the service itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seqgen.serve import protocol
from tests.plugins import service_stand_in as stand_in
from tests.plugins import test_reaper as reaper
from tests.plugins.test_reaper import ACTION, LUA, TICKS, item, note, nothing_changed, uneven

pytestmark = reaper.pytestmark
SCALE = [note(k * TICKS // 2, (k + 1) * TICKS // 2, 60 + k % 12) for k in range(16)]


def act(tmp_path: Path, port: int, *items: Any, **scenario: Any) -> Any:
    return reaper.act(tmp_path, port, *items, action="seqgen_attributes.lua", **scenario)


def moved(request: Any) -> protocol.Result:
    piece = protocol.Piece(request.clip.notes, 2, 1, "more")
    return stand_in.result(request, piece, notices=("note_density: +9 is beyond what was measured",))


def test_the_dialog_shows_the_model_s_sliders_and_what_is_typed_is_asked(tmp_path: Path) -> None:
    with stand_in.running(moved) as service:
        outcome = act(tmp_path, service.port, item(SCALE, 8, 8), inputs=["mel-2bar,0.25,7", "+1.5,-2,0"])
    (request,) = service.requests
    assert isinstance(request, protocol.Attribute)
    assert request.amounts == {"note_density": 1.5, "mean_pitch": -2}
    assert (request.model, request.temperature, request.seed) == ("mel-2bar", 0.25, 7)
    assert [n.pitch for n in request.clip.notes] == [n["pitch"] for n in SCALE]
    first, second = outcome["dialogs"]
    assert (first["count"], first["defaults"]) == (3, "mel-2bar,0,1")
    assert second["captions"] == (
        "note density (-1 to +1.5),mean pitch (-3 to +3),rest share (-1.5 to +1),extrawidth=120"
    )
    assert (second["count"], second["defaults"]) == (3, "0,0,0")
    (track,) = outcome["tracks"]
    (made,) = track["items"]
    assert (made["start"], made["final"], made["name"], made["notes"]) == (16, 24, "more", SCALE)
    assert outcome["undo"] == ["seqgen: new items"]
    assert outcome["messages"] == ["note_density: +9 is beyond what was measured"]


def test_more_sliders_than_a_dialog_has_fields_are_asked_in_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sliders = tuple(protocol.Slider(f"s{k}", -1, 1) for k in range(18))
    model = protocol.Model("mel-2bar", "melody", 2, ("attribute",), sliders)
    monkeypatch.setattr(stand_in, "MODELS", protocol.Models([model]))
    typed = ["mel-2bar,0,1", ",".join(["0"] * 15 + ["0.5"]), "0,1"]
    with stand_in.running(moved) as service:
        outcome = act(tmp_path, service.port, item(SCALE, 0, 8), inputs=typed)
    assert [dialog["count"] for dialog in outcome["dialogs"]] == [3, 16, 2]
    assert service.requests[0].amounts == {"s15": 0.5, "s17": 1}


@pytest.mark.parametrize("typed", [[False], ["mel-2bar,0,1", False]])
def test_a_dialog_that_is_left_asks_nothing(tmp_path: Path, typed: list[Any]) -> None:
    with stand_in.running(moved) as service:
        outcome = act(tmp_path, service.port, item(SCALE, 0, 8), inputs=typed)
    assert service.paths == ["/v1/models"]
    assert outcome["messages"] == []
    assert nothing_changed(outcome)


@pytest.mark.parametrize(
    ("items", "typed", "said"),
    [
        ([], ["", ""], "Select one MIDI item; 0 are selected"),
        ([item(uneven(4))] * 2, ["", ""], "Select one MIDI item; 2 are selected"),
        ([item(SCALE)], ["mel-9bar,0,1"], "There is no model mel-9bar"),
        ([item(SCALE)], ["drums-2bar,0,1"], "drums-2bar has no attributes"),
        ([item(SCALE)], ["mel-2bar,hot,1"], "Temperature: expected a number from 0 to 4, got hot"),
        ([item(SCALE)], ["mel-2bar,0"], "Expected 3 values without commas"),
        ([item(SCALE)], ["mel-2bar,0,1", "0,0,0"], "All attributes are at 0"),
        ([item(SCALE)], ["mel-2bar,0,1", "0,much,0"], "mean pitch (-3 to +3): expected a number"),
        ([item(SCALE)], ["mel-2bar,0,1", "0,101,0"], "from -100 to 100, got 101"),
        ([item(SCALE)], ["mel-2bar,0,1", "0,1e999,0"], "from -100 to 100, got 1e999"),
    ],
)
def test_wrong_input_is_said(tmp_path: Path, items: list[Any], typed: list[Any], said: str) -> None:
    with stand_in.running(moved) as service:
        outcome = act(tmp_path, service.port, *items, inputs=typed)
    assert said in outcome["messages"][0]
    assert nothing_changed(outcome)


def test_a_list_of_models_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = protocol.Model("mel-2bar", "melody", 2, ("attribute",), (protocol.Slider("x", "low", 1),))  # type: ignore[arg-type]
    monkeypatch.setattr(stand_in, "MODELS", protocol.Models([model]))
    with stand_in.running(moved) as service:
        outcome = act(tmp_path, service.port, item(SCALE), inputs=["mel-2bar,0,1"])
    assert outcome["messages"] == ["The list of models is not as the protocol has it."]


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    for name in ("seqgen.lua", "seqgen_attributes.lua"):
        alone = tmp_path / name
        shutil.copy(ACTION / name, alone)
        command = [str(LUA), str(reaper.HERE / "reaper_stand_in.lua"), str(alone), str(ACTION / "json.lua")]
        done = subprocess.run(
            command, input='{"tempo": 90, "items": []}', capture_output=True, text=True, timeout=60
        )
        assert re.search(r"json\.lua is missing: put it beside the action", done.stdout), done


def test_the_real_service_moves_an_item(tmp_path: Path, real_service: Any) -> None:
    outcome = act(
        tmp_path, real_service.port, item(SCALE, 0, 8), token=real_service.token,
        inputs=["mel-2bar,0,1", "0,0,50" + 7 * ",0"],
    )  # fmt: skip
    assert outcome["dialogs"][1]["captions"].count(" to ") == 10
    assert "mean_pitch: +50" in outcome["messages"][0]
    (made,) = outcome["tracks"][0]["items"]
    pitches = [n["pitch"] for n in made["notes"]]
    assert sum(pitches) / len(pitches) > 72, "the scale's mean is 65"
