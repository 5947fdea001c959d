"""Checkpoints of TensorFlow (V2, "tensor bundles"), read without TensorFlow and without running anything.

`NAME.index` is a sorted table from a variable's name to a message (BundleEntryProto) that says its type, its
shape, and where its bytes lie in which of the files `NAME.data-00000-of-00001`; the entry without a name is
about the files (BundleHeaderProto). The layout is that of tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from seqgen.io.crc32c import crc32c
from seqgen.io.sorted_table import read_table, unmask
from seqgen.io.tf_files import INDEX, BundleFiles, find_bundle
from seqgen.io.wire import fields

MAX_INDEX_BYTES = 16 << 20
MAX_FILES = 99_999
MAX_DIMENSIONS = 8
LARGEST = 1 << 40
"""of any number in a shape"""
TYPES = {1: "float32", 2: "float64", 3: "int32", 9: "int64", 14: "bfloat16", 19: "float16"}
"""by their numbers in tensorflow/core/framework/types.proto; other types cannot be read"""
SIZES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "bfloat16": 2, "float16": 2}


class Entry(NamedTuple):
    """What an index says about a variable."""

    dtype: str
    shape: tuple[int, ...]
    file: int
    offset: int
    size: int
    """bytes"""
    checksum: int


class Checkpoint:
    """The variables of a checkpoint, each read when it is asked for. Used with `with`, or closed by hand."""

    def __init__(self, files: BundleFiles) -> None:
        """Raises ValueError if the files are not those of a whole checkpoint."""
        self.name = files.name
        """of the checkpoint, without folder"""
        self.where = files.where
        self.notice = files.notice
        """a sentence about which checkpoint was chosen of several, or nothing"""
        self._open = ExitStack()
        self._streams: dict[int, BufferedReader] = {}
        index = files.part(INDEX)
        where = f"{files.where}: {files.name}{INDEX}"
        if index.size > MAX_INDEX_BYTES:
            raise ValueError(f"{where} has {index.size} bytes, at most {MAX_INDEX_BYTES} are read")
        with index.path.open("rb") as stream:
            stream.seek(index.offset)
            data = stream.read(index.size)
        try:
            table = read_table(data)
            count = _file_count(table)
            self._entries = {_text(key): _entry(value) for key, value in table.items() if key}
        except ValueError as error:
            raise ValueError(f"{where} is no index of a checkpoint: {error}") from None
        suffixes = [f".data-{number:05d}-of-{count:05d}" for number in range(count)]
        self._parts = [files.part(suffix) for suffix in suffixes]
        for name, entry in self._entries.items():
            if entry.file >= count:
                raise ValueError(f"{where}: {name} is said to lie in file {entry.file} of {count}")
            size, end = self._parts[entry.file].size, entry.offset + entry.size
            if end > size:
                raise ValueError(
                    f"{files.where}: {files.name}{suffixes[entry.file]} is cut short: {name} ends at byte "
                    f"{end}, the file has {size}"
                )
        self.shapes = {name: entry.shape for name, entry in self._entries.items()}
        """of every variable; () is a single number"""
        self.dtypes = {name: entry.dtype for name, entry in self._entries.items()}

    def read(self, name: str) -> np.ndarray:
        """A variable, checked against its check sum; bfloat16 comes as float32.

        Raises:
            ValueError: if there is none of that name, or it is damaged, or of a type without numbers.
            OSError: if it cannot be read.
        """
        if name not in self._entries:
            raise ValueError(f"{self.where}: there is no variable {name}")
        entry = self._entries[name]
        if entry.dtype not in SIZES:
            raise ValueError(f"{self.where}: {name} is of {entry.dtype}, expected one of {', '.join(SIZES)}")
        part = self._parts[entry.file]
        if entry.file not in self._streams:
            self._streams[entry.file] = self._open.enter_context(part.path.open("rb"))
        stream, octets = self._streams[entry.file], np.empty(entry.size, np.uint8)
        stream.seek(part.offset + entry.offset)
        if stream.readinto(octets.data) != entry.size:
            raise ValueError(f"{self.where}: {name} is cut short")
        if crc32c(octets) != unmask(entry.checksum):
            raise ValueError(f"{self.where}: {name} is damaged: its check sum is another")
        if entry.dtype == "bfloat16":  # the upper half of a float32
            return (octets.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(entry.shape)
        return octets.view(np.dtype(entry.dtype).newbyteorder("<")).reshape(entry.shape)

    def close(self) -> None:
        self._streams.clear()
        self._open.close()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint at `path`: a folder, a prefix, one of the files, or a .tar (see `find_bundle`).

    Raises:
        ValueError: if there is none, or it is not whole; OSError if it cannot be read.
    """
    return Checkpoint(find_bundle(path))


def _file_count(table: dict[bytes, bytes]) -> int:
    """How many files hold the bytes."""
    if b"" not in table:
        raise ValueError("it does not say in how many files the variables lie")
    header = dict(fields(table[b""]))
    count = header.get(1, 0)
    if not isinstance(count, int) or not 1 <= count <= MAX_FILES:
        raise ValueError(f"expected 1 to {MAX_FILES} files with variables, got {count!r}")
    if header.get(2, 0) != 0:
        raise ValueError("its numbers are big-endian; only little-endian ones are read")
    return count


def _text(key: bytes) -> str:
    if key.startswith(b"\0"):
        raise ValueError("a variable lies in slices, as of a model spread over machines: save it whole")
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("a variable's name is no text") from None


def _entry(message: bytes) -> Entry:
    numbers, shape = dict.fromkeys((1, 3, 4, 5, 6), 0), tuple[int, ...]()
    for number, value in fields(message):
        if number == 7:
            raise ValueError("a variable lies in slices, as of a model spread over machines: save it whole")
        if isinstance(value, bytes) != (number == 2) and number in (2, *numbers):
            raise ValueError(f"field {number} of an entry is of another type")
        if isinstance(value, bytes):
            shape = _shape(value) if number == 2 else shape
        elif number in numbers:
            numbers[number] = value
    kind, file, offset, size, checksum = numbers.values()
    dtype = TYPES.get(kind, f"type {kind}")
    if dtype in SIZES and math.prod(shape) * SIZES[dtype] != size:
        raise ValueError(f"{size} bytes are no {dtype} of shape {shape}")
    if checksum >> 32:
        raise ValueError("a check sum has more than 32 bits")
    return Entry(dtype, shape, file, offset, size, checksum)


def _shape(message: bytes) -> tuple[int, ...]:
    sizes = []
    for number, dimension in fields(message):
        if number != 2 or not isinstance(dimension, bytes):
            raise ValueError("a shape is not known")
        size = dict(fields(dimension)).get(1, 0)
        if not isinstance(size, int) or not 0 <= size <= LARGEST:
            raise ValueError(f"a shape has the size {size!r}")
        sizes.append(size)
    if len(sizes) > MAX_DIMENSIONS:
        raise ValueError(f"a shape has {len(sizes)} dimensions, at most {MAX_DIMENSIONS} are read")
    return tuple(sizes)
