"""All files of a command, or none of them."""

import pytest

from seqgen.cli.output import output_folder


def test_files_appear_together_and_replace_their_namesakes_only(tmp_path):
    (tmp_path / "a.mid").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    with output_folder(tmp_path) as stage:
        (stage / "a.mid").write_text("new")
        (stage / "b.mid").write_text("new")
        assert (tmp_path / "a.mid").read_text() == "old"
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"a.mid": "new", "b.mid": "new", "mine.txt": "mine"}


def write_half(folder, error):
    with output_folder(folder) as stage:
        (stage / "old.mid").write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_when_it_ends_badly(tmp_path, error):
    (tmp_path / "kept").mkdir()
    with pytest.raises(error):
        write_half(tmp_path / "kept" / "deep" / "er", error)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept"]


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / "old.mid").write_text("old")
    with pytest.raises(ValueError, match="oh"):
        write_half(tmp_path, ValueError("oh"))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.mid", "old")]


@pytest.mark.parametrize("out", ["file", "file/below", "file/far/below"])
def test_a_file_in_the_way_is_said_at_once(tmp_path, out):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="out: cannot write into"), output_folder(tmp_path / out):
        pytest.fail("the block ran")
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]
