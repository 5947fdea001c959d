"""Whole or not at all, and nothing of anybody else's is touched."""

import pytest

from seqgen.data.new_folder import new_folder

NAMES = ("mark", "data")


def write(out, text, **options):
    with new_folder(out, NAMES, **options) as folder:
        (folder / "mark").write_text(text)
        (folder / "data").write_text(text)
        yield_nothing_before_the_end = out.exists() and (out / "mark").exists() and (out / "mark").read_text()
    return yield_nothing_before_the_end


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_appears_at_the_end_only(tmp_path):
    assert not write(tmp_path / "deep" / "out", "new")
    assert names(tmp_path / "deep") == ["out"]
    assert names(tmp_path / "deep" / "out") == ["data", "mark"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "new")
    assert (tmp_path / "out" / "mark").read_text() == "new"


def test_its_own_kind_is_replaced_on_request_only(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(ValueError, match="--overwrite"):
        write(tmp_path / "out", "new")
    assert (tmp_path / "out" / "mark").read_text() == "old"
    assert write(tmp_path / "out", "new", overwrite=True) == "old"  # the old one stood until the end
    assert (tmp_path / "out" / "mark").read_text() == "new"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("present", [["thesis.txt"], ["mark", "thesis.txt"], ["data"]])
def test_other_folders_are_never_touched(tmp_path, present):
    out = tmp_path / "out"
    out.mkdir()
    for name in present:
        (out / name).write_text("mine")
    with pytest.raises(ValueError, match=r"out: .*other files"):
        write(out, "new", overwrite=True)
    assert names(out) == sorted(present)
    assert names(tmp_path) == ["out"]


def test_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match=r"out: .*is a file"):
        write(tmp_path / "out", "new", overwrite=True)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_leaves_everything_as_it_was(tmp_path, error):
    write(tmp_path / "out", "old")

    def fail(folder):
        (folder / "mark").write_text("half")
        raise error

    with pytest.raises(error), new_folder(tmp_path / "out", NAMES, overwrite=True) as folder:
        fail(folder)
    assert (tmp_path / "out" / "mark").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_a_folder_that_came_meanwhile_is_kept(tmp_path):
    out = tmp_path / "out"

    def meanwhile():
        out.mkdir()
        (out / "thesis.txt").write_text("mine")

    with pytest.raises(ValueError, match="other files"), new_folder(out, NAMES):
        meanwhile()
    assert names(out) == ["thesis.txt"]
    assert names(tmp_path) == ["out"]
