"""Where the files of a TensorFlow checkpoint are: in a folder, or in a .tar, which is read in place.

A checkpoint is `PREFIX.index` and `PREFIX.data-00000-of-00001`, or more of the latter. Nothing is unpacked,
so what a .tar calls its members does not matter.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from seqgen.io.sorted_table import FOOTER_BYTES, is_table

INDEX = ".index"
MAX_MEMBERS = 1 << 14
MAX_STATE_BYTES = 1 << 20
_PART = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_STEP = re.compile(r"-(\d{1,18})$")
_STATE = re.compile(r'^\s*model_checkpoint_path:\s*"([^"\n]*)"', re.MULTILINE)
_PACKED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"PK": "zip", b"\xfd7": "xz"}


class Part(NamedTuple):
    """A file, or the bytes of a file in which another lies."""

    path: Path
    offset: int
    size: int


class BundleFiles(NamedTuple):
    """The files of one checkpoint by what follows its name: ".index", ".data-00000-of-00001", ..."""

    where: Path
    """for messages: the prefix, or the .tar"""
    name: str
    """without folder"""
    parts: dict[str, Part]
    notice: str
    """a sentence about which one was chosen of several, or nothing"""

    def part(self, suffix: str) -> Part:
        """Raises ValueError if it is not there."""
        if suffix not in self.parts:
            raise ValueError(
                f"{self.where}: {self.name}{suffix} is missing: a checkpoint needs all of its files"
            )
        return self.parts[suffix]


def find_bundle(path: str | Path) -> BundleFiles:
    """The files of the checkpoint that `path` means: a folder, a prefix, one of the files, or a .tar.

    Of several in a folder it is the one that the file `checkpoint` names, or else that of the highest step;
    in a .tar the first, as Magenta chooses.

    Raises:
        ValueError: if there is none, or one in TensorFlow's first format, or a compressed archive.
        OSError: if it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _in_folder(path)
    prefix = path.with_name(_PART.sub("", path.name))
    if prefix.with_name(prefix.name + INDEX).is_file():
        return _of_prefix(prefix)
    if path.is_file():
        return _in_file(path)
    raise ValueError(
        f"{path}: there is no such checkpoint: expected a folder with one, a prefix (NAME for NAME.index and "
        "NAME.data-00000-of-00001), or a .tar"
    )


def _in_folder(folder: Path) -> BundleFiles:
    names = sorted(entry.name.removesuffix(INDEX) for entry in folder.glob("?*" + INDEX) if entry.is_file())
    if not names:
        old = next(
            (entry for entry in sorted(folder.glob("*ckpt*")) if entry.is_file() and _ends(entry)), None
        )
        if old:
            raise ValueError(_first_format(old))
        raise ValueError(f"{folder}: there is no checkpoint in it: expected a file that ends in {INDEX}")
    chosen, why = _newest(folder, names)
    notice = f"{folder}: of {len(names)} checkpoints {chosen} is read, {why}" if len(names) > 1 else ""
    return _of_prefix(folder / chosen)._replace(notice=notice)


def _newest(folder: Path, names: list[str]) -> tuple[str, str]:
    """A name, and why it is that one."""
    state = folder / "checkpoint"
    if state.is_file():
        with state.open(encoding="utf-8", errors="replace") as file:
            named = _STATE.search(file.read(MAX_STATE_BYTES))
        # The path is that of the machine that trained, so only its end says something here.
        last = re.split(r"[/\\]", named[1])[-1] if named else ""
        if last in names:
            return last, "which the file checkpoint names"
    steps = {name: int(step[1]) for name in names if (step := _STEP.search(name))}
    if steps:
        return max(steps, key=lambda name: steps[name]), "that of the highest step"
    return names[-1], "the last by name"


def _of_prefix(prefix: Path) -> BundleFiles:
    files = {
        entry.name.removeprefix(prefix.name): Part(entry, 0, entry.stat().st_size)
        for entry in prefix.parent.iterdir()
        if entry.name.startswith(prefix.name) and _PART.fullmatch(entry.name.removeprefix(prefix.name))
        if entry.is_file()
    }
    return BundleFiles(prefix, prefix.name, files, "")


def _in_file(path: Path) -> BundleFiles:
    """The checkpoint in a file that is none of a checkpoint's own."""
    if _PART.search(path.name):
        stem = _PART.sub("", path.name)
        raise ValueError(f"{path}: {stem}{INDEX} is missing beside it: a checkpoint needs all of its files")
    if _ends(path):
        raise ValueError(_first_format(path))
    with path.open("rb") as file:
        first = file.read(2)
    if first in _PACKED:
        raise ValueError(f"{path}: it is compressed ({_PACKED[first]}): unpack it, and give the folder")
    try:
        with tarfile.open(path, "r:") as archive:
            return _in_tar(path, archive)
    except tarfile.TarError as error:
        raise ValueError(f"{path}: it is no checkpoint, and no whole .tar with one ({error})") from None


def _in_tar(path: Path, archive: Iterable[tarfile.TarInfo]) -> BundleFiles:
    size, members = path.stat().st_size, dict[str, Part]()
    for number, member in enumerate(archive):
        if number == MAX_MEMBERS:
            raise ValueError(f"{path}: at most {MAX_MEMBERS} files in a .tar are read, it has more")
        if member.isreg() and not member.issparse() and _PART.search(member.name):
            if member.offset_data + member.size > size:
                raise ValueError(f"{path}: it is cut short: {member.name} is not whole")
            members.setdefault(member.name, Part(path, member.offset_data, member.size))
    indexes = [name for name in members if name.endswith(INDEX)]
    if not indexes:
        raise ValueError(f"{path}: there is no checkpoint in it: expected a file that ends in {INDEX}")
    prefix = indexes[0].removesuffix(INDEX)
    suffixes = {name.removeprefix(prefix): part for name, part in members.items() if name.startswith(prefix)}
    parts = {suffix: part for suffix, part in suffixes.items() if _PART.fullmatch(suffix)}
    notice = f"{path}: of {len(indexes)} checkpoints the first, {prefix}, is read" if len(indexes) > 1 else ""
    return BundleFiles(path, re.split(r"[/\\]", prefix)[-1], parts, notice)


def _ends(path: Path) -> bool:
    """Whether it is one sorted table as a whole, as a checkpoint of the first format is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - FOOTER_BYTES, 0))
        return is_table(file.read(FOOTER_BYTES))


def _first_format(path: Path) -> str:
    return (
        f"{path}: it is a checkpoint in TensorFlow's first format (one file); restore it there, and save it "
        "with tf.compat.v1.train.Saver(write_version=2)"
    )
