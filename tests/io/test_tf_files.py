"""Which files a path means: a folder, a prefix, a .tar; and what is said where there is no checkpoint."""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from seqgen.io.tf_checkpoint import open_checkpoint
from tests.io import tf_bundle as tf
from tests.io.tf_bundle import DATA, TENSORS, assert_same


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    path = tmp_path / "model.ckpt-7"
    tf.write_checkpoint(path, TENSORS.items())
    return path


def tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_tar_is_read_in_place(prefix: Path, tmp_path: Path) -> None:
    parts = {end: prefix.with_name(prefix.name + end).read_bytes() for end in (".index", DATA)}
    for name in (
        "model",
        "a/b/model",
        "a/../../model",
        "/etc/model",
    ):  # nothing is unpacked, so names are harmless
        path = tar(
            tmp_path / "m.tar", {"README": b"r" * 600} | {name + end: data for end, data in parts.items()}
        )
        before = set(tmp_path.iterdir())
        assert_same(path)
        assert set(tmp_path.iterdir()) == before
        assert open_checkpoint(path).name == "model"


def test_of_several_in_a_tar_the_first_is_read_and_named(tmp_path: Path) -> None:
    files = {}
    for name in ("b-2", "a-9"):
        tf.write_checkpoint(tmp_path / name, [("x", np.array([len(files)], np.int32))])
        files |= {name + end: (tmp_path / (name + end)).read_bytes() for end in (".index", DATA)}
    with open_checkpoint(tar(tmp_path / "m.tar", files)) as checkpoint:
        assert checkpoint.read("x") == [0]
        assert "of 2 checkpoints the first, b-2, is read" in checkpoint.notice


def test_of_several_in_a_folder_the_one_that_is_meant_is_read_and_named(tmp_path: Path) -> None:
    for step in (9, 10, 200):
        tf.write_checkpoint(tmp_path / f"model.ckpt-{step}", [("x", np.array(step, np.int32))])

    def read() -> tuple[int, str]:
        with open_checkpoint(tmp_path) as checkpoint:
            return int(checkpoint.read("x")), checkpoint.notice

    why = f"{tmp_path}: of 3 checkpoints model.ckpt-200 is read, that of the highest step"
    assert read() == (200, why)
    state = (
        'model_checkpoint_path: "/content/run/model.ckpt-10"\nall_model_checkpoint_paths: "model.ckpt-9"\n'
    )
    (tmp_path / "checkpoint").write_text(state)
    assert read() == (
        10,
        f"{tmp_path}: of 3 checkpoints model.ckpt-10 is read, which the file checkpoint names",
    )
    (tmp_path / "checkpoint").write_bytes(b'\xff\x00 model_checkpoint_path: "a/../../etc/passwd"')
    assert read() == (200, why)


def test_files_that_are_no_checkpoint_are_refused_with_the_reason(tmp_path: Path, prefix: Path) -> None:
    index = prefix.with_name(prefix.name + ".index")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "packed.tar").write_bytes(gzip.compress(b"tar"))
    (tmp_path / "old").mkdir()
    for old in (tmp_path / "old" / "model.ckpt", tmp_path / "v1.ckpt"):
        old.write_bytes(index.read_bytes())  # a table as a whole is what the first format was
    (tmp_path / "alone.data-00000-of-00001").write_bytes(b"")
    tar(tmp_path / "other.tar", {"a.txt": b"a"})
    whole = tar(tmp_path / "whole.tar", {"m.index": index.read_bytes(), f"m{DATA}": bytes(4000)}).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:3000])
    (tmp_path / "half.tar").write_bytes(whole[:2500])
    tar(tmp_path / "part.tar", {"m.index": index.read_bytes()})
    for name, says in {
        "nothing": "there is no such checkpoint",
        "empty": "there is no checkpoint in it",
        "notes.txt": "it is no checkpoint, and no whole .tar",
        "packed.tar": "compressed \\(gzip\\): unpack it",
        "v1.ckpt": "first format",
        "old": "first format",
        "alone.data-00000-of-00001": "alone.index is missing",
        "other.tar": "there is no checkpoint in it",
        "cut.tar": "cut short|no whole .tar",
        "half.tar": "cut short|no whole .tar",
        "part.tar": f"m{DATA} is missing",
    }.items():
        with pytest.raises(ValueError, match=says) as error:
            open_checkpoint(tmp_path / name)
        assert name in str(error.value)


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.index").mkdir()
    with pytest.raises(ValueError, match="there is no checkpoint in it"):
        open_checkpoint(tmp_path)
    with pytest.raises(ValueError, match="there is no such checkpoint"):
        open_checkpoint("/dev/null")
