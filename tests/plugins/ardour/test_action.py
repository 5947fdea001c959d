"""The Ardour action without its window, in Ardour itself, against a stand-in for the service."""

import contextlib
import json
import shutil
import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seqgen.io.ardour import write_ardour
from seqgen.serve import protocol
from tests.io.test_arrangement import song
from tests.plugins.ardour.running import PLUGIN, lua, needs_ardour, notes, regions
from tests.plugins.service_stand_in import TOKEN, result, running

pytestmark = needs_ardour
BAR = 3 * 1920
FIRST = [protocol.Note(1 / 3, 0.25, 60, 77), protocol.Note(2.5, 0.5, 36, 1, drum=True)]
SECOND = [protocol.Note(0.0, 3.25, 127, 127)]
"""sounds over its bar line"""


@pytest.fixture
def session(tmp_path, monkeypatch) -> Path:
    """A session with three tracks of eight bars; a token for the service."""
    write_ardour(song(notes=5), tmp_path / "song")
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("SEQGEN_HOME", str(tmp_path))
    return tmp_path / "song"


def act(session: Path, port: int, operation: str = "continue", count: int = 1) -> str:
    return lua(
        "act.lua", session, session.parent, URL=f"http://127.0.0.1:{port}", OPERATION=operation,
        MODEL="mel-2bar", REGIONS=str(count),
    )  # fmt: skip


def command_lines() -> str:
    """Of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(found)


def test_new_regions_come_behind_the_selected_one(session):
    seen = []

    def answer(request: protocol.Continue) -> protocol.Result:
        seen.append(command_lines())
        pieces = [protocol.Piece(FIRST, 2, 3, "x"), protocol.Piece(SECOND, 1, 3, "y")]
        return protocol.Result(request.id, request.model, pieces, ["cut to \u266b 2 bars"])

    before = lua("list.lua", session, session.parent)
    with running(answer) as service:
        said = act(session, service.port)
    assert "MADE\t2" in said
    assert "NOTICE\tcut to \u266b 2 bars" in said
    (request,) = service.requests
    wanted = [(n.start / 1920, n.pitch, n.velocity) for n in notes(before)["part 0"]]
    assert [(n.start, n.pitch, n.velocity) for n in request.clip.notes] == wanted
    assert (request.clip.numerator, request.clip.denominator, request.bars, request.seed) == (3, 4, 2, 3)

    after = lua("list.lua", session, session.parent)
    old, new = regions(before), regions(after)
    assert [row for row in new if "seqgen" not in row["name"]] == old
    places = {row["name"]: (row["track"], row["position"], row["length"]) for row in new}
    assert places["seqgen continue 1"] == ("part 0", 8 * BAR, 2 * BAR)
    assert places["seqgen continue 2"] == ("part 0", 10 * BAR, 2 * BAR)
    (heard,) = notes(after, "seqgen continue 1").values()
    assert heard == [(640, 60, 77, 480, 0), (4800, 36, 1, 960, 9)]
    (heard,) = notes(after, "seqgen continue 2").values()
    assert heard == [(0, 127, 127, 6240, 0)]
    assert notes(after, "part 0.1") == notes(before, "part 0.1")

    # Somebody else on this machine reads command lines; the token is in none.
    assert any("curl" in lines for lines in seen)
    assert not any(TOKEN in lines for lines in seen)
    # The last thing to undo is all new regions together.
    last = ElementTree.parse(session / "song.history").getroot().findall("UndoTransaction")[-1]
    assert last.get("name") == "seqgen"
    assert [part.tag for part in last] == ["StatefulDiffCommand"]


def test_from_one_region_to_another(session):
    def answer(request: protocol.Interpolate) -> protocol.Result:
        pieces = [protocol.Piece(FIRST, 2, 3, "x") for _ in range(request.num_steps)]
        return protocol.Result(request.id, request.model, pieces)

    with running(answer) as service:
        assert "MADE\t2" in act(session, service.port, "interpolate", 2)
        assert "MADE\t2" in act(session, service.port, "interpolate", 2)
    first, second = service.requests
    assert first == second
    assert len(first.a.notes) == len(first.b.notes) == 5
    said = regions(lua("list.lua", session, session.parent))
    made = [row["position"] // BAR for row in said if "seqgen" in row["name"]]
    assert made == [8, 10, 12, 14]


def failed(request: protocol.Continue) -> protocol.Failed:
    return protocol.Failed(request.id, "busy", 'too many "requests" at once')


def odd(request: protocol.Continue) -> protocol.Result:
    note = protocol.Note(0.0, 1.0, 200, 64)  # nobody checks what we make, only what we read
    return protocol.Result(request.id, request.model, [protocol.Piece([note], 2, 3, "x")])


@pytest.mark.parametrize(
    ("answer", "message"),
    [(failed, 'the service refused (503): too many "requests" at once'), (odd, "a note that cannot be")],
)
def test_a_bad_answer_changes_nothing(answer, message, session):
    before = lua("list.lua", session, session.parent)
    with running(answer) as service:
        said = act(session, service.port)
    assert "ERROR" in said
    assert message in said
    assert regions(lua("list.lua", session, session.parent)) == regions(before)


def test_a_wrong_token_none_and_no_service(session, unused_port):
    (session.parent / "token").write_text("f" * 64)
    with running(failed) as service:
        assert "the service refused (401)" in act(session, service.port)
    assert "does not answer" in act(session, unused_port)
    (session.parent / "token").unlink()
    assert "there is no token of the seqgen service" in act(session, unused_port)


def install(session: Path) -> None:
    """The action's files, where Ardour looks for a user's scripts."""
    scripts = session.parent / "home" / "ardour7" / "scripts"
    shutil.copytree(PLUGIN, scripts)


def dialog(session: Path, port: int, choice: str, count: int = 1, amounts: str = "") -> str:
    given = {"SEQGEN_PORT": str(port), "CHOICE": choice, "REGIONS": str(count), "AMOUNTS": amounts}
    return lua("dialog.lua", session, session.parent, **given)


def test_the_action_asks_and_does(session):
    """All but the window: stand-ins answer for the editor's selection and for the dialog."""
    install(session)

    def answer(request: protocol.Interpolate) -> protocol.Result:
        return result(request, *[protocol.Piece(FIRST, 2, 3, "x")] * 5, notices=("a notice",))

    with running(answer) as service:
        said = dialog(session, service.port, "interpolate: mel-2bar", 2)
    assert "ACTION\tEditorAction\tseqgen" in said
    assert "CHOICE\tcontinue: mel-16bar" in said
    assert "sample" not in said
    assert "SAID\tinfo\ta notice" in said
    assert service.requests[0].num_steps == 5
    made = [row for row in regions(lua("list.lua", session, session.parent)) if "seqgen" in row["name"]]
    assert len(made) == 5


def test_the_action_moves_the_attributes_that_the_service_lists(session):
    install(session)

    def answer(request: protocol.Attribute) -> protocol.Result:
        return result(request, protocol.Piece(FIRST, 2, 3, "x"), notices=("rest_share: clamped",))

    with running(answer) as service:
        said = dialog(session, service.port, "attribute: mel-2bar", 1, "mean_pitch=1.5 rest_share=-1")
        (request,) = service.requests
        assert isinstance(request, protocol.Attribute)
        assert request.amounts == {"mean_pitch": 1.5, "rest_share": -1}
        assert len(request.clip.notes) == 5
        for field in (
            "note density (-1 to +1.5)\t-1",
            "mean pitch (-3 to +3)\t-3",
            "rest share (-1.5 to +1)\t-1.5",
        ):
            assert f"FIELD\t{field}" in said
        assert "SAID\tinfo\trest_share: clamped" in said
        made = [row for row in regions(lua("list.lua", session, session.parent)) if "seqgen" in row["name"]]
        assert [(row["name"], row["position"] // BAR) for row in made] == [("seqgen attribute 1", 8)]
        assert "all attributes are at 0" in dialog(session, service.port, "attribute: mel-2bar")
        assert "drums-2bar has no attributes" in dialog(session, service.port, "attribute: drums-2bar")
        assert "SAID" not in dialog(session, service.port, "attribute: mel-2bar", 1, "leave")
        assert len(service.requests) == 1


def test_the_action_says_what_is_wrong(session, unused_port):
    said = dialog(session, unused_port, "continue: mel-2bar")
    assert "seqgen_client.lua is missing: copy all .lua files" in said
    install(session)
    assert "SAID\terror\tselect a MIDI region first" in dialog(session, unused_port, "", 0)
    assert "does not answer" in dialog(session, unused_port, "continue: mel-2bar")


def test_too_many_regions_for_the_operation(session, unused_port):
    assert "continue takes 1 MIDI region(s), 2 are selected" in act(session, unused_port, "continue", 2)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def decode(text: str, folder: Path) -> str:
    """What the reader of JSON makes of a text, written as JSON again; or its complaint."""
    (folder / "in.json").write_text(text, encoding="utf-8")
    return (
        lua("json.lua", folder / "x", folder, IN=str(folder / "in.json")).split("JSON ", 1)[1].split("\n")[0]
    )


def test_json_is_read_and_written(tmp_path):
    text = '{"a": [1, -2.5e-3, true, {"b": "\\u00e9\\ud83c\\udfb5\\n\\"\\\\"}], "c": [], "d": null}'
    wanted = json.loads(text)
    del wanted["d"]
    assert json.loads(decode(text, tmp_path)) == wanted


@pytest.mark.parametrize("text", ["", "{", '{"a" 1}', "[1,]", '"a', "[1] 2", "nul", "[" * 50, '"\\x"', "-"])
def test_what_is_no_json_is_refused(text, tmp_path):
    assert decode(text, tmp_path).startswith("refused: the answer is no JSON")
