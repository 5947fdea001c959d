"""Checkpoints that TensorFlow writes, and what is said of those that are damaged."""

import re
from pathlib import Path

import numpy as np
import pytest

from seqgen.io.sorted_table import MAGIC, read_table
from seqgen.io.tf_checkpoint import open_checkpoint
from tests.io import tf_bundle as tf
from tests.io.tf_bundle import DATA, TENSORS, assert_same


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    path = tmp_path / "model.ckpt-7"
    tf.write_checkpoint(path, TENSORS.items())
    return path


# From an index that TensorFlow 2.15.1 wrote: the header, and two variables.
BY_TENSORFLOW = {
    b"": "08 01  1a 02 08 01",  # one file; version: producer 1
    b"decoder/kernel": "08 01  12 08 12 02 08 7e 12 02 08 50  20 c0 02  28 80 bb 02  35 ba 29 51 d3",
    b"global_step": "08 09  12 00  20 c8 ec 09  28 08  35 11 22 87 24",  # int64, no shape, at 161352: 123456
}


def test_what_tensorflow_wrote_is_read(tmp_path: Path) -> None:
    entries = [(key, bytes.fromhex(octets)) for key, octets in BY_TENSORFLOW.items()]
    (tmp_path / "m.index").write_bytes(tf.table_bytes(entries))
    (tmp_path / f"m{DATA}").write_bytes((123456).to_bytes(8, "little").rjust(161352 + 8, b"\0"))
    with open_checkpoint(tmp_path) as checkpoint:
        assert checkpoint.shapes == {"decoder/kernel": (126, 80), "global_step": ()}
        assert checkpoint.dtypes == {"decoder/kernel": "float32", "global_step": "int64"}
        assert checkpoint.read("global_step") == 123456
        with pytest.raises(ValueError, match="kernel is damaged"):  # only zeros stand there
            checkpoint.read("decoder/kernel")


@pytest.mark.parametrize("suffix", ["", ".index", DATA, ".meta"])
def test_a_checkpoint_is_read_by_its_prefix_or_one_of_its_files(prefix: Path, suffix: str) -> None:
    assert_same(prefix.with_name(prefix.name + suffix))
    assert open_checkpoint(prefix).name == "model.ckpt-7"


@pytest.mark.parametrize(("files", "block_bytes"), [(1, 40), (3, 1 << 18), (12, 1)])
def test_several_files_and_several_blocks(tmp_path: Path, files: int, block_bytes: int) -> None:
    tf.write_checkpoint(tmp_path / "m", TENSORS.items(), files, block_bytes=block_bytes)
    assert_same(tmp_path)


def test_bfloat16_comes_as_float32(tmp_path: Path) -> None:
    octets = np.array([0x3FC0, 0xC000], "<u2").view(np.uint8)  # 1.5 and -2
    checksum = tf.masked(tf.crc32c(octets))
    write(tmp_path / "m", tf.entry(14, (2,), 0, 0, 4, checksum), octets.tobytes())
    with open_checkpoint(tmp_path) as checkpoint:
        assert checkpoint.dtypes == {"x": "bfloat16"}
        np.testing.assert_array_equal(checkpoint.read("x"), np.array([1.5, -2], np.float32), strict=True)


def write(
    prefix: Path, entry: bytes, data: bytes = bytes(8), name: bytes = b"x", header: bytes | None = None
) -> Path:
    """A checkpoint of one entry, whatever it says."""
    head = tf.header(1) if header is None else header
    Path(f"{prefix}.index").write_bytes(tf.table_bytes([(b"", head), (name, entry)]))
    Path(f"{prefix}{DATA}").write_bytes(data)
    return prefix


# What is wrong, what the message says of it, the entry of a variable in a file of 8 bytes.
ODD_ENTRIES = [
    ("beyond the file", "cut short: x ends at byte 12, the file has 8", tf.entry(1, (2,), 0, 4, 8, 0)),
    ("another size", "8 bytes are no float32 of shape (3,)", tf.entry(1, (3,), 0, 0, 8, 0)),
    ("huge shape", "has the size", tf.entry(1, (1 << 60, 0), 0, 0, 0, 0)),
    ("negative size", "has the size", tf.entry(1, (2**64 - 1,), 0, 0, 8, 0)),
    ("many dimensions", "9 dimensions", tf.entry(1, (1,) * 9, 0, 0, 4, 0)),
    ("another file", "file 1 of 1", tf.entry(1, (2,), 1, 0, 8, 0)),
    ("slices", "slices", tf.entry(1, (2,), 0, 0, 8, 0) + tf.message(7, b"")),
    ("unknown rank", "a shape is not known", tf.number(1, 1) + tf.message(2, tf.number(3, 1))),
    ("type as text", "field 1 of an entry", tf.message(1, b"float")),
    ("shape as number", "field 2 of an entry", tf.number(2, 7)),
    ("cut off", "cut off", tf.entry(1, (2,), 0, 0, 8, 0) + b"\x08"),
    ("no wire type", "wire type 3", b"\x0b"),
    ("field 0", "number 0", b"\x00\x00"),
    ("number too long", "64 bits", b"\x08" + b"\xff" * 10 + b"\x01"),
]


@pytest.mark.parametrize(
    ("says", "entry"), [row[1:] for row in ODD_ENTRIES], ids=[row[0] for row in ODD_ENTRIES]
)
def test_odd_entries_are_refused_with_the_reason(tmp_path: Path, says: str, entry: bytes) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        open_checkpoint(write(tmp_path / "model", entry))
    assert str(tmp_path / "model") in str(error.value)


# What is wrong, what the message says of it, the header.
ODD_HEADERS = [
    ("no files", "1 to 99999 files", b""),
    ("too many files", "1 to 99999 files", tf.header(1 << 40)),
    ("a missing file", "model.data-00000-of-00002 is missing", tf.header(2)),
    ("big-endian", "big-endian", tf.header(1) + tf.number(2, 1)),
]


@pytest.mark.parametrize(
    ("says", "head"), [row[1:] for row in ODD_HEADERS], ids=[row[0] for row in ODD_HEADERS]
)
def test_odd_headers_are_refused_with_the_reason(tmp_path: Path, says: str, head: bytes) -> None:
    path = write(tmp_path / "model", tf.entry(1, (2,), 0, 0, 8, 0), header=head)
    with pytest.raises(ValueError, match=says):
        open_checkpoint(path)


def test_a_variable_that_cannot_be_read_stands_in_the_list_and_is_refused_when_asked_for(
    prefix: Path,
) -> None:
    write(prefix, tf.entry(7, (), 0, 0, 8, 0), name=b"_CHECKPOINTABLE_OBJECT_GRAPH")
    with open_checkpoint(prefix) as checkpoint:
        assert checkpoint.shapes == {"_CHECKPOINTABLE_OBJECT_GRAPH": ()}
        with pytest.raises(ValueError, match="is of type 7, expected one of float32"):
            checkpoint.read("_CHECKPOINTABLE_OBJECT_GRAPH")
        with pytest.raises(ValueError, match="there is no variable nothing"):
            checkpoint.read("nothing")


def test_damage_to_a_variable_is_found(prefix: Path) -> None:
    data = prefix.with_name(prefix.name + DATA)
    octets = bytearray(data.read_bytes())
    octets[2] ^= 1
    data.write_bytes(octets)
    with (
        open_checkpoint(prefix) as checkpoint,
        pytest.raises(ValueError, match="kernel is damaged: its check sum"),
    ):
        checkpoint.read("decoder/output_projection/kernel")


def sorted_entries(*keys: bytes) -> list[tuple[bytes, bytes]]:
    return [(key, b"") for key in keys]


# What is wrong, what the message says of it, the index.
ODD_TABLES = [
    ("empty", "it is no such file, or cut short", b""),
    ("cut short", "it is no such file, or cut short", tf.table_bytes(sorted_entries(b"a"))[:-1]),
    ("only the end", "beyond its end", b"\x00\x00\x00\x40".ljust(40, b"\0") + MAGIC),
    ("damaged", "its check sum is another", tf.table_bytes(sorted_entries(b"a"), sound=False)),
    ("compressed", "compressed (snappy)", tf.table_bytes(sorted_entries(b"a"), compression=1)),
    ("unknown compression", "compressed (kind 9)", tf.table_bytes(sorted_entries(b"a"), compression=9)),
    ("no header", "in how many files", tf.table_bytes(sorted_entries(b"a"))),
    ("not in order", "not in order", tf.table_bytes(sorted_entries(b"b", b"a"))),
    ("the same twice", "not in order", tf.table_bytes(sorted_entries(b"a", b"a"))),
    ("long key", "a key has more than", tf.table_bytes(sorted_entries(b"a" * 1025))),
    ("long value", "a value more than", tf.table_bytes([(b"a", bytes(65537))])),
    ("name of slices", "slices", tf.table_bytes([(b"", tf.header(1)), (b"\0a", b"")])),
    ("name no text", "no text", tf.table_bytes([(b"", tf.header(1)), (b"\xff", b"")])),
]


@pytest.mark.parametrize(
    ("says", "index"), [row[1:] for row in ODD_TABLES], ids=[row[0] for row in ODD_TABLES]
)
def test_odd_indexes_are_refused_with_the_reason(tmp_path: Path, says: str, index: bytes) -> None:
    (tmp_path / "model.index").write_bytes(index)
    (tmp_path / f"model{DATA}").write_bytes(b"")
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        open_checkpoint(tmp_path)
    assert str(tmp_path / "model: model.index") in str(error.value)


def test_at_most_so_many_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqgen.io.sorted_table.MAX_ENTRIES", 2)
    assert len(read_table(tf.table_bytes(sorted_entries(b"a", b"b")))) == 2
    with pytest.raises(ValueError, match="more than 2 entries"):
        read_table(tf.table_bytes(sorted_entries(b"a", b"b", b"c")))


def test_blocks_that_overlap_are_refused() -> None:
    """Or an index of 16 MB could have the same block read a million times."""
    block = tf.block_of([])
    index = tf.block_of([(bytes([n]), tf.varint(0) + tf.varint(len(block))) for n in range(2)])
    data = tf.trailed(block)
    where = tf.varint(0) + tf.varint(0) + tf.varint(len(data)) + tf.varint(len(index))
    with pytest.raises(ValueError, match="overlap"):
        read_table(data + tf.trailed(index) + where.ljust(40, b"\0") + MAGIC)


def test_a_file_that_shrinks_meanwhile_is_noticed(prefix: Path) -> None:
    checkpoint = open_checkpoint(prefix)
    prefix.with_name(prefix.name + DATA).write_bytes(b"")
    with checkpoint, pytest.raises(ValueError, match="cut short"):
        checkpoint.read("global_step")
