"""`seqgen export`: what it writes, and what it leaves alone."""

from pathlib import Path

import pytest

from seqgen.cli.main import main
from seqgen.io.dawproject_read import read_dawproject
from seqgen.io.midi import read_notes
from tests.io.dawproject_schema import assert_valid

EXAMPLES = Path(__file__).parents[2] / "examples"
INPUTS = [str(EXAMPLES / "melody_a.mid"), str(EXAMPLES / "drums_a.mid")]


def test_a_dawproject_has_a_track_a_file(tmp_path, capsys):
    out = tmp_path / "deep" / "song.dawproject"
    assert main(["export", *INPUTS, str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(out)]
    assert "drums_a: its tempo is left out" in said.err
    assert_valid(out)
    tracks = read_dawproject(out).tracks
    assert [(track.name, track.is_drum) for track in tracks] == [("melody_a", False), ("drums_a", True)]
    assert [len(track) for track in tracks] == [len(read_notes(path)) for path in INPUTS]
    assert [path.name for path in out.parent.iterdir()] == ["song.dawproject"]


def test_a_midi_file_holds_all_of_them(tmp_path):
    out = tmp_path / "song.mid"
    assert main(["export", *INPUTS, str(out)]) == 0
    table = read_notes(out)
    assert len(table) == sum(len(read_notes(path)) for path in INPUTS)
    melody = read_notes(INPUTS[0])
    mine = table.select(~table.is_drum)
    assert mine.start.tolist() == melody.start.tolist()
    assert mine.velocity.tolist() == melody.velocity.tolist()


@pytest.mark.parametrize("name", ["a.dawproject", "a.mid"])
def test_a_file_is_replaced_only_when_told(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"mine")
    line = ["export", *INPUTS, str(tmp_path / name)]
    assert main(line) == 2
    assert "is there already; choose another name, or add --overwrite" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == b"mine"
    assert main([*line, "--overwrite"]) == 0
    assert (tmp_path / name).read_bytes() != b"mine"


def test_a_folder_with_something_in_it_is_never_touched(tmp_path, capsys):
    (tmp_path / "mine").write_bytes(b"mine")
    assert main(["export", INPUTS[0], str(tmp_path), "--format", "ardour", "--overwrite"]) == 2
    assert "is there already; a session needs a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_without_ardour_it_says_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["export", INPUTS[0], str(tmp_path / "session")]) == 2
    assert "ardour7-lua was not found: install Ardour 7" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


BAD = {
    "a missing file": (["none.mid", "out.mid"], "there is no such file"),
    "an unknown ending": ([INPUTS[0], "out.als"], "says no format by its name"),
    "no input": (["out.mid"], "expected one or more"),
    "an unknown format": ([INPUTS[0], "out.mid", "--format", "wav"], "format"),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_bad_arguments_are_one_sentence(line, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *line]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
