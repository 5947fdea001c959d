"""A small writer of TensorFlow's checkpoints, for tests: as TensorFlow writes them, or damaged on purpose.

write_checkpoint(tmp_path / "model.ckpt", [("encoder/mu/bias", np.zeros(4, np.float32))])
"""

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.io.crc32c import crc32c
from seqgen.io.tf_checkpoint import open_checkpoint

TYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "bfloat16": 14, "float16": 19}
MAGIC = 0xDB4775248B80FB57
TENSORS = {
    "decoder/output_projection/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "decoder/output_projection/bias": np.array([0.5, -1, 2], np.float32),
    "encoder/mu/bias": np.array([1.5, -2], np.float16),
    "global_step": np.array(123456, np.int64),
    "z": np.zeros((0, 3), np.float64),
}
DATA = ".data-00000-of-00001"


def write_checkpoint(
    prefix: Path, tensors: Iterable[tuple[str, np.ndarray]], files: int = 1, **table: Any
) -> None:
    """Write `prefix`.index and its data, tensor by tensor; `files` take turns."""
    entries = [(b"", header(files))]
    with ExitStack() as stack:
        paths = [f"{prefix}.data-{n:05d}-of-{files:05d}" for n in range(files)]
        streams = [stack.enter_context(open(path, "wb")) for path in paths]
        for number, (name, tensor) in enumerate(tensors):
            stream = streams[number % files]
            octets = np.frombuffer(np.ascontiguousarray(tensor).data, np.uint8)
            where = (number % files, stream.tell(), len(octets), masked(crc32c(octets)))
            entries.append((name.encode(), entry(TYPES[str(tensor.dtype)], tensor.shape, *where)))
            stream.write(octets.data)
    Path(f"{prefix}.index").write_bytes(table_bytes(sorted(entries), **table))


def header(files: int) -> bytes:
    """BundleHeaderProto: num_shards, and version {producer: 1}."""
    return number(1, files) + message(3, number(1, 1))


def entry(kind: int, shape: tuple[int, ...], file: int, offset: int, size: int, checksum: int) -> bytes:
    """BundleEntryProto; what is 0 is left out, as protobuf does."""
    dims = b"".join(message(2, number(1, length)) for length in shape)
    fields = number(1, kind) + message(2, dims) + number(3, file) + number(4, offset) + number(5, size)
    return fields + bytes([6 << 3 | 5]) + checksum.to_bytes(4, "little")


def table_bytes(
    entries: list[tuple[bytes, bytes]], block_bytes: int = 1 << 18, compression: int = 0, sound: bool = True
) -> bytes:
    """A sorted table. compression: what the blocks claim to be; sound: whether check sums are right."""
    blocks, size, index, data = [[]], 0, [], b""
    for item in entries:
        if size > block_bytes:
            blocks, size = [*blocks, []], 0
        blocks[-1].append(item)
        size += len(item[0]) + len(item[1])
    for block in blocks:
        handle = varint(len(data)) + varint(len(block_of(block)))
        data += trailed(block_of(block), compression, sound)
        index.append((block[-1][0] if block else b"", handle))
    about = varint(len(data)) + varint(len(block_of([])))
    data += trailed(block_of([]), 0, sound)
    where = varint(len(data)) + varint(len(block_of(index)))
    data += trailed(block_of(index), 0, sound)
    return data + (about + where).ljust(40, b"\0") + MAGIC.to_bytes(8, "little")


def block_of(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Entries, each key with what it shares with the one before, and one restart point."""
    block, before = bytearray(), b""
    for key, value in entries:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(before, key, strict=False))
        shared = sum(1 for _ in same)
        block += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return bytes(block) + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def trailed(block: bytes, compression: int = 0, sound: bool = True) -> bytes:
    whole = block + bytes([compression])
    checksum = masked(crc32c(np.frombuffer(whole, np.uint8))) ^ (not sound)
    return whole + checksum.to_bytes(4, "little")


def masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value) if value else b""


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    octets = b""
    while value > 0x7F:
        octets += bytes([value & 0x7F | 0x80])
        value >>= 7
    return octets + bytes([value])


def assert_same(path: Path) -> None:
    """The checkpoint at `path` is TENSORS."""
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.shapes == {name: tensor.shape for name, tensor in TENSORS.items()}
        assert checkpoint.dtypes == {name: str(tensor.dtype) for name, tensor in TENSORS.items()}
        for name, tensor in TENSORS.items():
            np.testing.assert_array_equal(checkpoint.read(name), tensor, strict=True)
