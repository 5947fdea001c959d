"""MIDI files out of folders, zips and tars, one after another, without unpacking anything to disk.

What is read: `.mid`, `.midi` and `.kar` in any case, in folders (with their subfolders, and the archives that
lie in them), in `.zip`, in `.tar`, `.tar.gz`, `.tar.xz`, `.tar.bz2`, or named one by one. Archives inside
archives are not opened. Nothing that a file or an archive contains can raise: it comes out as a `MidiFile`
with a `problem`.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

MIDI_SUFFIXES = (".mid", ".midi", ".kar")
ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
ARCHIVE_ERRORS = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
                  tarfile.TarError, NotImplementedError, OverflowError)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Where reading stops: an archive of a few kilobytes can unpack to terabytes."""

    file_bytes: int = 16 << 20
    """a MIDI file larger than this is reported and skipped"""
    archive_bytes: int = 64 << 30
    """an archive is left where its contents (all of them, not only MIDI) grow larger than this"""
    files: int = 2_000_000
    """an archive is left after this many members; a folder with more files is refused"""


@dataclass(frozen=True)
class MidiFile:
    """A file's bytes, or why they could not be had."""

    source: str
    """name of the input it came from"""
    path: str
    """its path inside that input, with forward slashes; empty where the problem is the input's own"""
    data: bytes
    problem: str = ""
    """why there is no data; empty when there is"""

    @property
    def full_path(self) -> str:
        """The path with the input's name (without an archive's ending) in front."""
        suffix = next((s for s in TAR_SUFFIXES + ZIP_SUFFIXES if self.source.lower().endswith(s)), "")
        return f"{self.source[: len(self.source) - len(suffix)]}/{self.path}"


@dataclass(frozen=True)
class _Entry:
    """One file on disk that is to be read."""

    source: str
    path: str
    file: Path
    size: int


@runtime_checkable
class _Stream(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class MidiSources:
    """Iterates over the MIDI files of all inputs. `done_bytes` of `total_bytes` on disk have been read.

    Raises:
        ValueError: if an input does not exist, or is neither a folder nor a kind of file that is read.
    """

    def __init__(self, inputs: Iterable[Path], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._entries = [entry for path in inputs for entry in _entries(Path(path), self.limits)]
        if not self._entries:
            raise ValueError(f"inputs: found no {', '.join(MIDI_SUFFIXES)} file and no archive in them")
        self.total_bytes = sum(entry.size for entry in self._entries)
        self.done_bytes = 0

    def __iter__(self) -> Iterator[MidiFile]:
        self.done_bytes = 0
        before = 0
        for entry in self._entries:
            try:
                if _has(entry.file, MIDI_SUFFIXES):
                    yield self._single(entry)
                elif _has(entry.file, ZIP_SUFFIXES):
                    yield from self._zip(entry)
                else:
                    yield from self._tar(entry, before)
            except ARCHIVE_ERRORS as error:
                yield MidiFile(entry.source, entry.path, b"", f"not read to its end: {_say(error)}")
            before += entry.size
            self.done_bytes = before

    def _single(self, entry: _Entry) -> MidiFile:
        if not entry.file.is_file():  # a pipe named x.mid would block for ever
            return MidiFile(entry.source, entry.path, b"", "not a regular file")
        with open(entry.file, "rb") as stream:
            return self._take(stream, entry.source, entry.path)

    def _zip(self, entry: _Entry) -> Iterator[MidiFile]:
        with zipfile.ZipFile(entry.file) as archive:
            unpacked = 0
            for number, member in enumerate(sorted(archive.infolist(), key=lambda info: info.filename)):
                if number >= self.limits.files:
                    raise ValueError(f"stopped after {self.limits.files} members")
                self.done_bytes += member.compress_size
                if not _is_midi(member.filename):
                    continue
                path = _join(entry.path, member.filename)
                try:
                    with archive.open(member) as stream:
                        file = self._take(stream, entry.source, path)
                except ARCHIVE_ERRORS as error:
                    file = MidiFile(entry.source, path, b"", _say(error))
                unpacked += len(file.data)
                if unpacked > self.limits.archive_bytes:
                    raise ValueError(f"stopped where its contents exceed {_size(self.limits.archive_bytes)}")
                yield file

    def _tar(self, entry: _Entry, before: int) -> Iterator[MidiFile]:
        with open(entry.file, "rb") as raw, _decompress(raw, entry.file) as plain:
            stream: Any = _Guarded(plain, self.limits.file_bytes + (1 << 16))
            # "utf-8", not the locale's: names must not depend on who reads. Odd bytes survive as surrogates.
            with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8") as archive:
                unpacked, number = 0, 0
                while (member := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]  # else every header stays in memory
                    number, unpacked = number + 1, unpacked + max(member.size, 0)
                    if number > self.limits.files:
                        raise ValueError(f"stopped after {self.limits.files} members")
                    if unpacked > self.limits.archive_bytes:
                        raise ValueError(
                            f"stopped where its contents exceed {_size(self.limits.archive_bytes)}"
                        )
                    self.done_bytes = before + raw.tell()
                    if member.isdir() or not _is_midi(member.name):
                        continue
                    path = _join(entry.path, member.name)
                    data = archive.extractfile(member) if member.isreg() else None
                    if data is None:
                        yield MidiFile(entry.source, path, b"", "a link or device in the archive, not a file")
                    else:
                        yield self._take(data, entry.source, path)
            if stream.last.strip(b"\0"):  # tarfile takes a damaged header for the end
                raise ValueError(f"damaged after {number} members")

    def _take(self, stream: _Stream, source: str, path: str) -> MidiFile:
        data = stream.read(self.limits.file_bytes + 1)
        if len(data) > self.limits.file_bytes:
            return MidiFile(source, path, b"", f"larger than {_size(self.limits.file_bytes)}")
        return MidiFile(source, path, data)


class _Guarded:
    """A stream for tarfile that refuses huge reads: a header may claim that a name is ten gigabytes long."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._most = stream, most
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._most:
            raise ValueError(f"a header asks for {size} bytes at once")
        self.last = bytes(self._stream.read(size))
        return self.last

    def seek(self, position: int, whence: int = 0) -> int:
        return int(self._stream.seek(position, whence))

    def tell(self) -> int:
        return int(self._stream.tell())


def _entries(path: Path, limits: Limits) -> Iterator[_Entry]:
    if not path.exists():
        raise ValueError(f"inputs: there is no file or folder at {path}")
    name = path.name or path.resolve().name
    if path.is_dir():
        yield from _walk(path, name, limits)
    elif _has(path, MIDI_SUFFIXES):
        yield _Entry(name, name, path, path.stat().st_size)
    elif _has(path, ZIP_SUFFIXES + TAR_SUFFIXES):
        yield _Entry(name, "", path, path.stat().st_size)
    else:
        known = ", ".join(MIDI_SUFFIXES + ZIP_SUFFIXES + TAR_SUFFIXES)
        raise ValueError(f"inputs: expected a folder or a file ending in {known}, got {path}")


def _walk(folder: Path, name: str, limits: Limits) -> Iterator[_Entry]:
    """The files of a folder; links to folders are not followed, since they may lead back up."""

    def refuse(error: OSError) -> None:
        raise ValueError(f"inputs: cannot list {error.filename}: {error.strerror}")

    count = 0
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        for file in sorted(files):
            if not _is_midi(file) and not _has(Path(file), ZIP_SUFFIXES + TAR_SUFFIXES):
                continue
            count += 1
            if count > limits.files:
                raise ValueError(
                    f"inputs: {folder} holds more than {limits.files} files; give its parts one by one"
                )
            path = Path(place, file)
            size = path.stat().st_size if path.exists() else 0
            yield _Entry(name, path.relative_to(folder).as_posix(), path, size)


def _decompress(raw: Any, path: Path) -> Any:
    """A stream of a tar's plain bytes, by the ending of its name."""
    suffix = path.name.lower()
    if suffix.endswith("gz"):
        return gzip.GzipFile(fileobj=raw)
    if suffix.endswith("xz"):
        return lzma.LZMAFile(raw)
    if suffix.endswith("bz2"):
        return bz2.BZ2File(raw)
    return raw


def _has(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.name.lower().endswith(suffixes)


def _is_midi(name: str) -> bool:
    # "._x.mid" is what macOS puts beside x.mid in archives: no music
    return name.lower().endswith(MIDI_SUFFIXES) and not name.rpartition("/")[2].startswith("._")


def _join(archive: str, name: str) -> str:
    name = name.removeprefix("./")
    return f"{archive}/{name}" if archive else name


def _say(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _size(number: int) -> str:
    return f"{number >> 30} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.3g} MiB"
