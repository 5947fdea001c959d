"""One request, one answer: what is asked for, by whom, and what is refused."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

import seqgen
from seqgen.core import Sampling
from seqgen.serve import protocol
from seqgen.serve.music import SECONDS, notes_of, table
from seqgen.tasks.attributes import steer
from seqgen.tasks.music import load
from tests.serve.conftest import beat, blend, melody


def test_the_models_are_listed_with_what_they_do(client):
    found = protocol.decode(client.get("/v1/models").content, protocol.Models)
    can = {model.name: (model.music, model.operations) for model in found.models}
    assert can["mel-2bar"] == ("melody", ("interpolate", "sample", "attribute"))
    assert can["drums-2bar"] == ("drums", ("interpolate", "sample", "attribute"))
    assert can["melody-lm"] == ("melody", ("continue",))
    assert can["groove-humanize"] == ("drums", ("humanize",))
    assert can["groove-drumify"] == ("drums", ("drumify",))
    assert "de-en" not in can


def test_an_interpolation_is_that_of_the_library_to_the_last_digit(client):
    answer = client.post("/v1/interpolate", json=blend(seed=7, temperature=0.3))
    assert answer.status_code == 200, answer.text
    result = protocol.decode(answer.content, protocol.Result)
    model = seqgen.load("mel-2bar")
    a, b = (protocol.decode(json.dumps(melody(t)), protocol.Clip) for t in (0, 5))
    wanted = model.interpolate(table(a), table(b), num_steps=3, temperature=0.3, seed=7)
    assert [piece.notes for piece in result.pieces] == [notes_of(piece) for piece in wanted]
    assert [(piece.bars, piece.seed, piece.title) for piece in result.pieces] == [
        (2, 7, "0"),
        (2, 7, "0.5"),
        (2, 7, "1"),
    ]
    assert all(note.start * 4 % 1 == 0 and note.duration * 4 % 1 == 0 for note in result.pieces[1].notes)


def test_a_position_is_a_place_on_the_path(client):
    whole = client.post("/v1/interpolate", json=blend()).json()
    middle = client.post("/v1/interpolate", json=blend(position=0.5)).json()
    assert [piece["notes"] for piece in middle["pieces"]] == [whole["pieces"][1]["notes"]]


def test_sample_and_continue(client):
    sample = {"type": "sample", "id": "s", "model": "drums-2bar", "num": 2}
    answer = client.post("/v1/sample", json=sample).json()
    assert len(answer["pieces"]) == 2
    assert all(note["drum"] for piece in answer["pieces"] for note in piece["notes"])
    assert client.post("/v1/sample", json=sample).json() == answer
    longer = client.post("/v1/sample", json=sample | {"bars": 5}).json()["pieces"]
    assert [piece["bars"] for piece in longer] == [5, 5]
    assert max(note["start"] for piece in longer for note in piece["notes"]) < 20
    wanted = {"type": "continue", "id": "c", "model": "melody-lm", "clip": melody(), "bars": 3, "seed": 2}
    found = client.post("/v1/continue", json=wanted).json()["pieces"]
    model = seqgen.load("melody-lm")
    clip = protocol.decode(json.dumps(melody()), protocol.Clip)
    parts = model.parts(model.passage(table(clip)), 3, Sampling(0.5), 2)
    assert protocol.decode(json.dumps(found[0]), protocol.Piece).notes == notes_of(parts.continuation)
    assert found[0]["bars"] == 3
    assert SECONDS == 60
    three = client.post("/v1/continue", json=wanted | {"num": 3, "seed": 1}).json()["pieces"]
    assert [(piece["seed"], piece["title"]) for piece in three] == [
        (k, f"continuation {k}") for k in (1, 2, 3)
    ]
    assert three[1]["notes"] == found[0]["notes"] != three[0]["notes"]


REFUSED = {
    "model": (blend(model="mel-3bar"), 404, "the model 'mel-3bar' is not here; these do: drums-16bar"),
    "operation": (blend(model="melody-lm"), 404, "the model 'melody-lm' does not do that"),
    "no notes": (blend(a={"notes": []}), 422, "A: there are no notes in it"),
    "metre": (
        blend(b={**melody(), "numerator": 3}),
        422,
        "B: it is in 3/4, and this model reads melodies in 4/4",
    ),
    "drums": (blend(b=beat()), 422, "B: it holds drums only"),
    "steps": (blend(num_steps=1), 400, "`$.num_steps`"),
    "no bars": (
        {"type": "continue", "id": "c", "model": "melody-lm", "clip": melody(), "bars": 0},
        400,
        "`$.bars`",
    ),
    "10,000 bars": (
        {"type": "continue", "id": "c", "model": "melody-lm", "clip": melody(), "bars": 10_000},
        400,
        "`$.bars`",
    ),
    "temperature": (blend(temperature=-1), 400, "`$.temperature`"),
    "pitch": (blend(a={"notes": [{"start": 0, "duration": 1, "pitch": 128}]}), 400, "`$.a.notes[0].pitch`"),
    "no duration": (blend(a={"notes": [{"start": 0, "duration": 0, "pitch": 1}]}), 400, "duration`"),
    "unknown field": (blend(volume=3), 400, "`volume`"),
    "version": (blend(version=2), 400, "`$.version`"),
    "another type": (blend(type="sample"), 400, "`$.type`"),
}


@pytest.mark.parametrize(("body", "status", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said(client, body, status, message):
    answer = client.post("/v1/continue" if "clip" in body else "/v1/interpolate", json=body)
    assert answer.status_code == status, answer.text
    failed = protocol.decode(answer.content, protocol.Failed)
    assert message in failed.message


def test_a_beat_is_humanized_in_its_place(client):
    clip = {**beat(), "tempo": 96.0}
    clip["notes"] = [*clip["notes"], {"start": 1.3, "duration": 0.2, "pitch": 60, "velocity": 33}]
    wanted = {"type": "humanize", "id": "h", "model": "groove-humanize", "clip": clip, "seed": 5}
    answer = client.post("/v1/humanize", json=wanted)
    assert answer.status_code == 200, answer.text
    (piece,) = protocol.decode(answer.content, protocol.Result).pieces
    assert (piece.bars, piece.seed) == (2, 5)
    assert len(piece.notes) == len(clip["notes"])
    before, after = ([note for note in notes if note["drum"]] for notes in both(clip, answer))
    assert [note["pitch"] for note in after] == [note["pitch"] for note in before]
    assert all(abs(new["start"] - old["start"]) <= 0.125 for new, old in zip(after, before, strict=True))
    assert len({note["velocity"] for note in after}) > 5
    assert sum(note["start"] != round(note["start"] * 4) / 4 for note in after) > len(after) / 2
    (pitched,) = [note for note in answer.json()["pieces"][0]["notes"] if not note["drum"]]
    assert (pitched["start"], pitched["velocity"]) == (1.3, 33)
    assert client.post("/v1/humanize", json=wanted).json() == answer.json()
    still = client.post("/v1/humanize", json={**wanted, "amount": 0.0})
    assert [note["start"] for note in both(clip, still)[1]] == [
        note["start"] for note in both(clip, still)[0]
    ]


def both(clip, answer):
    """The notes that were asked with and those that came, by start and pitch."""
    asked = [{"drum": False, "velocity": 100, **note} for note in clip["notes"]]
    return [
        sorted(x, key=lambda n: (n["pitch"], n["start"]))
        for x in (asked, answer.json()["pieces"][0]["notes"])
    ]


def test_a_melody_becomes_beats(client):
    wanted = {"type": "drumify", "id": "d", "model": "groove-drumify", "clip": melody(), "num": 2, "bars": 3}
    answer = client.post("/v1/drumify", json=wanted).json()
    assert [piece["bars"] for piece in answer["pieces"]] == [3, 3]
    assert all(note["drum"] for piece in answer["pieces"] for note in piece["notes"])
    assert answer["notices"] == ["the rhythm of 2 bars is repeated up to 3"]


@pytest.mark.parametrize(
    ("name", "more", "status", "message"),
    [
        ("humanize", {"clip": melody()}, 422, "there are no drums in it"),
        ("humanize", {"clip": {"notes": []}}, 422, "there are no notes in it"),
        ("humanize", {"amount": 2.5}, 400, "`$.amount`"),
        ("humanize", {"model": "mel-2bar"}, 404, "these do: groove-humanize"),
        ("drumify", {"clip": {"notes": []}}, 422, "there are no notes in it"),
        ("drumify", {"num": 0}, 400, "`$.num`"),
        ("drumify", {"model": "groove-humanize"}, 404, "these do: groove-drumify"),
    ],
)
def test_grooves_that_cannot_be_are_refused(client, name, more, status, message):
    body = {"type": name, "id": "g", "model": f"groove-{name}", "clip": beat(), **more}
    answer = client.post(f"/v1/{name}", json=body)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]


def test_a_slider_moves_a_clip_as_in_the_library_and_is_clamped(client):
    listed = {model["name"]: model for model in client.get("/v1/models").json()["models"]}
    (slider,) = (one for one in listed["mel-2bar"]["attributes"] if one["name"] == "note_density")
    wanted = {"type": "attribute", "id": "a", "model": "mel-2bar", "clip": melody(), "temperature": 0}
    answer = client.post("/v1/attribute", json={**wanted, "amounts": {"note_density": 50}}).json()
    high = slider["high"]
    assert answer["notices"] == [
        f"note_density: +50 is beyond what was measured of mel-2bar ({slider['low']:+g} to {high:+g}): "
        f"{high:+g} is taken"
    ]
    model = load("mel-2bar")
    clip = model.clip(table(protocol.decode(json.dumps(melody()), protocol.Clip)))
    piece = steer(model, clip, {"note_density": high}).piece
    assert len(answer["pieces"][0]["notes"]) == len(piece.notes)
    assert [note["pitch"] for note in answer["pieces"][0]["notes"]] == [note.pitch for note in piece.notes]
    still = client.post("/v1/attribute", json={**wanted, "amounts": {"note_density": 0}}).json()
    assert len(still["pieces"][0]["notes"]) < len(piece.notes)


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ({"amounts": {"swing": 1}}, 422, "has no attribute 'swing'; it has note_density, "),
        ({"amounts": {}}, 400, "`$.amounts`"),
        ({"amounts": {"note_density": "much"}}, 400, "`$.amounts[...]`"),
        ({"amounts": {"note_density": 1e9}}, 400, "`$.amounts[...]`"),
        ({"model": "melody-lm"}, 404, "these do: "),
        ({"clip": {"notes": []}}, 422, "there are no notes in it"),
    ],
)
def test_sliders_that_cannot_be_are_refused(client, more, status, message):
    body = {
        "type": "attribute", "id": "a", "model": "mel-2bar", "clip": melody(), "amounts": {"note_density": 1},
    }  # fmt: skip
    answer = client.post("/v1/attribute", json={**body, **more})
    assert answer.status_code == status, answer.text
    assert message in answer.json()["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400"])
def test_numbers_that_are_none_are_refused(client, number):
    text = json.dumps(blend(temperature=0.25)).replace("0.25", number)
    answer = client.post("/v1/interpolate", content=text)
    assert answer.status_code == 400


def test_sizes_are_bounded(client):
    note = {"start": 0, "duration": 1, "pitch": 60}
    many = blend(a={"notes": [note] * 10_001}, b={"notes": [note] * 10_000})
    text = json.dumps(many, separators=(",", ":"))
    assert len(text) < protocol.MAX_BYTES
    answer = client.post("/v1/interpolate", content=text)
    assert (answer.status_code, "at most 20000 in a request" in answer.text) == (400, True)
    large = b" " * (protocol.MAX_BYTES + 1)
    assert client.post("/v1/interpolate", content=large).status_code == 413
    assert client.post("/v1/interpolate", content=iter([large])).status_code == 413  # without a length


def test_only_who_has_the_token_is_answered(service, client):
    def status(**headers: str) -> int:
        return client.get("/v1/models", headers={**service.headers, **headers}).status_code

    own = f"127.0.0.1:{service.port}"
    assert status() == 200
    assert status(Host=f"localhost:{service.port}") == 200
    assert status(Origin=f"http://{own}") == 200
    assert status(Host="evil.example") == 403
    assert status(Host=f"evil.example:{service.port}") == 403
    assert status(Origin="https://evil.example") == 403
    assert status(Origin="null") == 403
    assert status(Authorization="Bearer " + "0" * 64) == 401
    assert status(Authorization=f"Basic {service.token}") == 401
    assert client.get("/nowhere").status_code == 404
    assert client.get("/v1/sample").status_code == 405


def test_guessing_is_slowed_down(start):
    service = start("--log-level", "error")
    with service.client() as client:
        seen = [
            client.get("/v1/models", headers={"Authorization": "Bearer x"}).status_code for _ in range(40)
        ]
        assert set(seen) == {401, 429}
        assert client.get("/v1/models").status_code == 200


def test_the_service_listens_at_one_address_of_the_loopback(service):
    """Who listened at all addresses would be found at this one too."""
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", service.port), timeout=2):
        pass
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", service.stream_port), 2):
        pass


def test_32_clients_at_once_get_each_their_own(service):
    def ask(number: int) -> tuple[int, list[object]]:
        with service.client() as client:
            answer = client.post(
                "/v1/interpolate", json=blend(str(number), seed=number % 4, temperature=1.0)
            ).json()
        return int(answer["id"]), [piece["notes"] for piece in answer["pieces"]]

    with ThreadPoolExecutor(32) as pool:
        answers = dict(pool.map(ask, range(32)))
    alone = [ask(seed)[1] for seed in range(4)]
    assert answers == {number: alone[number % 4] for number in range(32)}
    assert alone[0] != alone[1]


def test_the_schema_says_what_the_protocol_says(client):
    schema = client.get("/v1/schema").json()
    assert schema == json.loads(protocol.encode(protocol.json_schema()))
    assert schema["$defs"]["Note"]["properties"]["pitch"] == {"type": "integer", "minimum": 0, "maximum": 127}
    paths = client.get("/v1/openapi.json").json()["paths"]
    assert set(paths) == {
        f"/v1/{name}"
        for name in ("models", "interpolate", "sample", "continue", "humanize", "drumify", "attribute")
    }
