"""Bytes of any kind in place of a checkpoint: read, or refused with a ValueError."""

from contextlib import suppress
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from seqgen.io.sorted_table import MAGIC, read_table
from seqgen.io.tf_checkpoint import open_checkpoint
from seqgen.io.wire import fields
from tests.io import tf_bundle as tf
from tests.io.tf_bundle import DATA, TENSORS


@given(st.binary(max_size=80))
@example(b"\x08\x80")
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        assert all(number > 0 and isinstance(value, (int, bytes)) for number, value in fields(data))


def try_reading(folder: Path, index: bytes, data: bytes) -> None:
    """Reads all, or raises ValueError."""
    (folder / "m.index").write_bytes(index)
    (folder / f"m{DATA}").write_bytes(data)
    with suppress(ValueError), open_checkpoint(folder / "m") as checkpoint:
        for name in checkpoint.shapes:
            checkpoint.read(name)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), max_size=6), st.integers(0, 1000))
def test_damage_anywhere_in_an_index_raises_nothing_but_value_error(tmp_path_factory, changes, cut) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    tf.write_checkpoint(folder / "m", TENSORS.items())
    index = bytearray((folder / "m.index").read_bytes())
    for at, octet in changes:
        index[at % len(index)] = octet
    if cut < len(index):
        del index[cut : cut + 1]
    try_reading(folder, bytes(index), (folder / f"m{DATA}").read_bytes())


@given(st.binary(max_size=40), st.binary(max_size=60), st.binary(max_size=20))
def test_any_content_under_right_check_sums_raises_nothing_but_value_error(
    tmp_path_factory, name: bytes, entry: bytes, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    try_reading(folder, tf.table_bytes([(b"", tf.header(1)), (name, entry)]), data)


@given(st.binary(max_size=60), st.binary(max_size=40))
def test_any_blocks_under_right_check_sums_raise_nothing_but_value_error(block: bytes, index: bytes) -> None:
    data = tf.trailed(block)
    whole = data + tf.trailed(index)
    where = tf.varint(0) + tf.varint(0) + tf.varint(len(data)) + tf.varint(len(index))
    with suppress(ValueError):
        read_table(whole + where.ljust(40, b"\0") + MAGIC)
