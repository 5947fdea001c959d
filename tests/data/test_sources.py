"""What comes out of folders and archives, good and hostile."""

import io
import os
import random
import tarfile
import zipfile

import pytest

from seqgen.data.sources import Limits, MidiFile, MidiSources

A, B = b"MThd first", b"MThd second"


def read(*paths, limits=None):
    return list(MidiSources(paths, limits))


def good(files):
    return {file.path: file.data for file in files if not file.problem}


def problems(files):
    return [(file.path, file.problem) for file in files if file.problem]


@pytest.mark.parametrize(
    "name", ["c", "c.zip", "c.tar", "c.tar.gz", "c.tgz", "c.tar.xz", "c.tar.bz2", "C.ZIP.zip"]
)
def test_a_folder_and_its_archives_hold_the_same(tmp_path, make_corpus, tunes, name):
    sources = MidiSources([make_corpus(tmp_path / name)])
    files = list(sources)
    assert good(files) == tunes
    assert problems(files) == []
    assert sources.done_bytes == sources.total_bytes > 0
    assert len(list(sources)) == len(files)  # a second pass


def test_endings_in_any_case_and_nothing_else(tmp_path, archive):
    names = ["a.MID", "b.midi", "c.Kar", "d.txt", "mid", "x/._a.mid", "e.mid.bak"]
    path = archive(tmp_path / "x.zip", [(name, A) for name in names])
    assert set(good(read(path))) == {"a.MID", "b.midi", "c.Kar"}


def test_archives_inside_a_folder_are_read(tmp_path, archive):
    (tmp_path / "set").mkdir()
    archive(tmp_path / "set" / "one.tar.xz", [("a.mid", A)])
    (tmp_path / "set" / "b.mid").write_bytes(B)
    assert good(read(tmp_path / "set")) == {"one.tar.xz/a.mid": A, "b.mid": B}


def test_single_file_and_the_full_path(tmp_path):
    (tmp_path / "a.mid").write_bytes(A)
    (file,) = read(tmp_path / "a.mid")
    assert (file.source, file.path, file.data) == ("a.mid", "a.mid", A)
    assert MidiFile("lieder.tar.xz", "x/y.mid", b"").full_path == "lieder/x/y.mid"
    assert MidiFile("my.folder", "y.mid", b"").full_path == "my.folder/y.mid"


def test_inputs_that_cannot_be_meant(tmp_path):
    (tmp_path / "x.zst").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for path, message in [
        ("none", "inputs: there is no"),
        ("x.zst", r"inputs: expected .*\.mid.*x\.zst"),
        ("empty", "inputs: found no"),
    ]:
        with pytest.raises(ValueError, match=message):
            read(tmp_path / path)


@pytest.mark.parametrize("name", ["big.zip", "big.tar.gz"])
def test_a_file_that_is_too_large_is_skipped(tmp_path, archive, name):
    path = archive(tmp_path / name, [("a.mid", bytes(2000)), ("b.mid", B)])
    files = read(path, limits=Limits(file_bytes=1000))
    assert good(files) == {"b.mid": B}
    assert problems(files) == [("a.mid", "larger than 0.000954 MiB")]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tar.xz"])
def test_an_archive_that_grows_too_large_is_left(tmp_path, archive, name):
    path = archive(tmp_path / name, [(f"{i}.mid", bytes(1 << 20)) for i in range(9)])
    files = read(path, limits=Limits(archive_bytes=4 << 20))
    assert len(good(files)) == 4
    assert problems(files) == [("", "not read to its end: stopped where its contents exceed 4 MiB")]


def test_a_bomb_of_another_kind_is_not_unpacked(tmp_path, archive):
    path = archive(tmp_path / "bomb.tar.xz", [("bomb.bin", bytes(8 << 20)), ("b.mid", B)])
    files = read(path, limits=Limits(archive_bytes=4 << 20))
    assert good(files) == {}
    assert "exceed 4 MiB" in problems(files)[0][1]


@pytest.mark.parametrize("name", ["many.zip", "many.tar.gz"])
def test_an_archive_of_too_many_members_is_left(tmp_path, archive, name):
    path = archive(tmp_path / name, [(f"{i}.mid", A) for i in range(9)])
    files = read(path, limits=Limits(files=5))
    assert len(good(files)) == 5
    assert problems(files) == [("", "not read to its end: stopped after 5 members")]


def test_a_folder_of_too_many_files_is_refused(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.mid").write_bytes(A)
    with pytest.raises(ValueError, match="more than 5 files"):
        read(tmp_path, limits=Limits(files=5))


def test_a_name_of_many_megabytes_is_refused(tmp_path):
    path = tmp_path / "name.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("n" * (1 << 20) + ".mid"))
    files = read(path, limits=Limits(file_bytes=1000))
    assert "asks for 1049088 bytes" in problems(files)[0][1]


@pytest.mark.parametrize("ending", [".tar.xz", ".tar.gz", ".tar"])
def test_a_cut_off_tar_gives_what_it_has_and_says_so(tmp_path, archive, ending):
    # Noise does not compress, so a cut loses whole members.
    members = [(f"{name}.mid", random.Random(name).randbytes(300_000)) for name in "abc"]
    path = archive(tmp_path / f"x{ending}", members)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    files = read(path)
    assert set(good(files)) == {"a.mid"}
    assert len(problems(files)) == 1


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path, archive):
    path = archive(tmp_path / "x.tar", [("a.mid", A), ("b.mid", B)])
    data = bytearray(path.read_bytes())
    data[1024:1034] = b"garbage!!!"  # a header and a block of data come first
    path.write_bytes(data)
    files = read(path)
    assert good(files) == {"a.mid": A}
    assert problems(files) == [("", "not read to its end: damaged after 1 members")]


def test_a_damaged_zip_member_does_not_hide_the_others(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored, not deflated
        archive.writestr("a.mid", A)
        archive.writestr("b.mid", B)
    path.write_bytes(path.read_bytes().replace(A, b"MThd FIRST"))
    files = read(path)
    assert good(files) == {"b.mid": B}
    assert problems(files)[0][0] == "a.mid"
    assert "CRC" in problems(files)[0][1]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.xz", "x.tar.gz"])
def test_garbage_with_an_archive_s_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is no archive" * 100)
    (tmp_path / "a.mid").write_bytes(A)
    files = read(tmp_path / name, tmp_path / "a.mid")
    assert good(files) == {"a.mid": A}
    assert [path for path, _ in problems(files)] == [""]


def test_links_in_a_tar_are_reported(tmp_path):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a.mid")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
        info = tarfile.TarInfo("b.mid")
        info.size = len(B)
        archive.addfile(info, io.BytesIO(B))
    files = read(path)
    assert good(files) == {"b.mid": B}
    assert problems(files) == [("a.mid", "a link or device in the archive, not a file")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.mid")
    assert problems(read(tmp_path)) == [("a.mid", "not a regular file")]


def test_a_dangling_link_is_reported(tmp_path):
    (tmp_path / "a.mid").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.mid").write_bytes(B)
    files = read(tmp_path)
    assert good(files) == {"b.mid": B}
    assert problems(files) == [("a.mid", "not a regular file")]
