"""Attribute vectors on disk: what is written is read, and everything else is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from seqgen.models.attribute_vectors import (
    FILE,
    MAX_BYTES,
    AttributeVectors,
    fingerprint_of,
    read_vectors,
    to_bytes,
)


def vectors(**changed: object) -> AttributeVectors:
    values = {
        "names": ("note_density", "mean_pitch"),
        "vectors": torch.arange(8.0).view(2, 4),
        "means": torch.tensor([5.0, 70.0]),
        "deviations": torch.tensor([2.0, 4.0]),
        "reach": torch.tensor([[-1.0, 2.0], [-3.0, 3.0]]),
        "fingerprint": "0" * 16,
        **changed,
    }
    return AttributeVectors(**values)


def test_what_is_written_is_read(tmp_path: Path):
    (tmp_path / FILE).write_bytes(to_bytes(vectors()))
    found = read_vectors(tmp_path)
    assert (found.names, found.fingerprint) == (("note_density", "mean_pitch"), "0" * 16)
    for name in ("vectors", "means", "deviations", "reach"):
        assert torch.equal(getattr(found, name), getattr(vectors(), name))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"deviations": torch.tensor([2.0, 0.0])}, "numbers above 0"),
        ({"vectors": torch.full((2, 4), torch.nan)}, "vectors: expected finite"),
        ({"reach": torch.tensor([[1.0, 2.0], [-3.0, 3.0]])}, "reach: expected"),
        ({"reach": torch.tensor([[-1.0, 1e9], [-3.0, 3.0]])}, "reach: expected"),
        ({"names": ("a", "a")}, "different names"),
        ({"names": ()}, "different names"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, changed, said):
    (tmp_path / FILE).write_bytes(to_bytes(vectors(**changed)))
    with pytest.raises(ValueError, match=said):
        read_vectors(tmp_path)


def test_vectors_of_another_number_than_names_are_refused(tmp_path: Path):
    whole = vectors()
    tensors = {name: getattr(whole, name) for name in ("vectors", "means", "deviations", "reach")}
    (tmp_path / FILE).write_bytes(save(tensors, {"names": "one two three"}))
    with pytest.raises(ValueError, match=r"vectors: expected finite float32 of \(3, None\), got \(2, 4\)"):
        read_vectors(tmp_path)


def test_files_that_are_none_are_refused(tmp_path: Path):
    whole = to_bytes(vectors())
    for data in (b"", b"junk", whole[:-3], whole[:20], save({"other": torch.zeros(1)}), bytes(MAX_BYTES + 1)):
        (tmp_path / FILE).write_bytes(data)
        with pytest.raises(ValueError, match=FILE):
            read_vectors(tmp_path)


def test_a_fingerprint_outlives_float16_and_tells_weights_apart():
    torch.manual_seed(1)
    layer = torch.nn.Linear(5, 3)
    before = fingerprint_of(layer)
    layer.load_state_dict({name: tensor.half().float() for name, tensor in layer.state_dict().items()})
    assert fingerprint_of(layer) == before
    with torch.no_grad():
        layer.bias[1] += 0.01
    assert fingerprint_of(layer) != before
