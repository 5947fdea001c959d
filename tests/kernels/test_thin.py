"""The step kernels against their definition, at every level of the processor; and when torch serves."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seqgen.core import LSTM
from seqgen.core.linear import Linear
from seqgen.kernels import thin
from seqgen.kernels.thin import naive, op
from tests.kernels.cases import LEVELS

SIZES = [(1, 1, 1), (1, 16, 4), (2, 17, 5), (4, 64, 33), (5, 31, 7), (8, 130, 66)]


def layer(inputs: int, width: int, dtype: torch.dtype) -> list[torch.Tensor]:
    shapes = ((4 * width, inputs), (4 * width, width), (4 * width,), (4 * width,))
    return [torch.randn(shape, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize(("rows", "inputs", "outputs"), SIZES)
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_the_definition(version, rows, inputs, outputs, bias):
    x, w, b = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(outputs) if bias else None
    exact = naive.linear(x.double(), w.double(), None if b is None else b.double())
    torch.testing.assert_close(op.thin_linear(x, w, b).double(), exact, rtol=1e-5, atol=1e-5)
    double = op.thin_linear(x.double(), w.double(), None if b is None else b.double())
    torch.testing.assert_close(double, exact, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize(("rows", "inputs", "width"), [(1, 3, 5), (2, 17, 16), (5, 8, 40), (8, 33, 19)])
def test_lstm_is_the_definition(version, rows, inputs, width, frames):
    x = torch.randn(rows, frames, inputs, dtype=torch.float64)
    h, c = torch.randn(2, rows, width, dtype=torch.float64)
    weights = layer(inputs, width, torch.float64)
    before = h.clone(), c.clone()
    exact = naive.lstm(x, h, c, *weights)
    for mine, right in zip(op.thin_lstm(x, h, c, *weights), exact, strict=True):
        torch.testing.assert_close(mine, right, rtol=1e-10, atol=1e-10)
    single = op.thin_lstm(*(t.float() for t in (x, h, c, *weights)))
    for mine, right in zip(single, exact, strict=True):
        torch.testing.assert_close(mine.double(), right, rtol=1e-4, atol=1e-5)
    assert torch.equal(h, before[0])
    assert torch.equal(c, before[1])


@settings(max_examples=20)
@given(rows=st.integers(1, 8), inputs=st.integers(1, 40), outputs=st.integers(1, 20), seed=st.integers(0, 99))
def test_a_row_does_not_depend_on_those_beside_it(rows, inputs, outputs, seed):
    torch.manual_seed(seed)
    x, w, b = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(outputs)
    together = op.thin_linear(x, w, b)
    alone = torch.cat([op.thin_linear(row, w, b) for row in x.split(1)])
    assert torch.equal(together, alone)


def test_large_and_small_gates_do_not_overflow(version):
    weights = layer(4, 16, torch.float32)
    x = 1e4 * torch.randn(2, 3, 4)
    for result in op.thin_lstm(x, torch.zeros(2, 16), torch.zeros(2, 16), *weights):
        assert result.isfinite().all()
        assert (result.abs() <= 4).all()


def test_a_layer_gives_the_same_with_and_without_gradients():
    """With gradients torch serves; without them the step kernels do."""
    core, linear, x = LSTM(6, 8, 5, layers=2), Linear(6, 7), torch.randn(3, 4, 6)
    state = core.init_state(3, torch.randn(3, 5))
    with torch.no_grad():
        fast, flat = core(x, state), linear(x[:, 0])
    for a, b in zip((fast[0], *fast[1]), (lambda y, s: (y, *s))(*core(x, state)), strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(flat, linear(x[:, 0]))
    assert linear(x[:, 0]).requires_grad


@torch.no_grad()
def test_who_is_served():
    x, w = torch.randn(2, 3), torch.randn(4, 3)
    assert thin.serves(x, 2, w) == (thin.choose(x.device, "") != "torch")
    assert not thin.serves(x, thin.MOST_ROWS + 1, w)
    assert not thin.serves(x.bfloat16(), 2, w.bfloat16())
    assert not thin.serves(x, 2, w.double())
    with torch.autocast("cpu", torch.bfloat16):
        assert not thin.serves(x, 2, w)
        assert Linear(3, 4)(x).dtype == torch.bfloat16
    with torch.enable_grad():
        assert not thin.serves(x, 2, nn.Parameter(w))


@pytest.mark.parametrize("version", LEVELS, indirect=True)  # torch says it in its own words
def test_wrong_sizes_are_said(version):
    with pytest.raises(ValueError, match=r"x must have the shape \[2, 5\] to go with weight, got \[2, 3\]"):
        op.thin_linear(torch.randn(2, 3), torch.randn(4, 5), None)
    with pytest.raises(ValueError, match=r"h must have the shape"):
        op.thin_lstm(torch.randn(2, 1, 3), torch.randn(1, 4), torch.randn(2, 4), *layer(3, 4, torch.float32))


@pytest.mark.parametrize("version", LEVELS, indirect=True)  # torch says it in its own words
def test_numbers_of_another_size_are_said(version):
    h = torch.zeros(2, 4)
    with pytest.raises(ValueError, match=r"h must hold torch.float64 as x does, got torch.float32"):
        op.thin_lstm(torch.zeros(2, 1, 3, dtype=torch.float64), h, h, *layer(3, 4, torch.float64))
    with pytest.raises(ValueError, match=r"weight must hold torch.float32"):
        op.thin_linear(torch.zeros(2, 3), torch.zeros(4, 3, dtype=torch.float64), None)


def test_ops_are_registered_well():
    torch.library.opcheck(op.thin_linear, (torch.randn(2, 3), torch.randn(4, 3), torch.randn(4)))
    torch.library.opcheck(
        op.thin_lstm,
        (torch.randn(2, 3, 5), torch.randn(2, 4), torch.randn(2, 4), *layer(5, 4, torch.float32)),
    )
