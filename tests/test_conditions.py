"""The conditions that conftest.py promises hold: a guard that guards nothing is worse than none."""

import warnings

import pytest
import torch
from hypothesis import settings
from jaxtyping import TypeCheckError

from seqgen.io import errors, notes

MAKERS = {
    "empty": lambda: torch.empty(3, 5),
    "empty_like": lambda: torch.empty_like(torch.zeros(3, 5)),
    "empty_strided": lambda: torch.empty_strided((3, 5), (1, 3)),
    "new_empty": lambda: torch.zeros(2).new_empty(3, 5),
    "resize_": lambda: torch.zeros(0).resize_(3, 5),
    "half": lambda: torch.empty(3, 5, dtype=torch.bfloat16),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_unwritten_memory_reads_as_nan(make):
    assert make().isnan().all()


def test_unwritten_integers_are_far_out_of_range():
    assert (torch.empty(4, dtype=torch.int64) == torch.iinfo(torch.int64).max).all()


def test_modules_are_still_initialised():
    modules = [torch.nn.LSTM(3, 4), torch.nn.Linear(3, 4), torch.nn.Embedding(3, 4), torch.nn.LayerNorm(3)]
    assert all(p.isfinite().all() for m in modules for p in m.parameters())


@pytest.mark.parametrize("_run", [1, 2])
def test_each_test_starts_from_the_same_seed(_run):
    assert torch.rand(1).item() == pytest.approx(0.49625658988952637, abs=1e-7)


def test_one_thread_and_repeatable_examples():
    assert torch.get_num_threads() == 1
    assert settings.default.derandomize
    assert settings.default.database is None


def test_a_warning_is_an_error():
    with pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", UserWarning, stacklevel=1)


def test_annotations_are_checked():
    table = notes.NoteTable.__new__(notes.NoteTable)
    with pytest.raises(TypeCheckError):
        table.qpm_at("not a number")
    assert issubclass(errors.MidiError, ValueError)
