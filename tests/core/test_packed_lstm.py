"""torch.nn.LSTM from packed weights: when it serves, and that it follows the weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from seqgen.core.packed_lstm import PackedLSTM
from seqgen.kernels import choose as choosing


@pytest.fixture
def native():
    if choosing.load() is None:
        pytest.skip("the native library is not built here")


def both(rnn: PackedLSTM, x: torch.Tensor, precision: str = "float32") -> tuple[torch.Tensor, torch.Tensor]:
    """By torch, and from packed weights: outputs and last states in one tensor each."""
    with torch.no_grad():
        return tuple(torch.cat([t.flatten() for t in rnn.read(x, p)]) for p in (None, precision))


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_packed_weights_give_what_torch_gives(layers, bidirectional):
    rnn = PackedLSTM(5, 13, layers, bidirectional)
    torch.testing.assert_close(*both(rnn, torch.randn(3, 7, 5)))


def test_less_precision_is_near():
    rnn, x = PackedLSTM(5, 40, 2), torch.randn(3, 7, 5)
    for precision, most in (("bfloat16", 1e-2), ("int8", 3e-2)):
        a, b = both(rnn, x, precision)
        assert (a - b).abs().max() < most


def test_it_is_packed_again_when_weights_change(native):
    rnn, x = PackedLSTM(5, 8), torch.randn(2, 4, 5)
    first = both(rnn, x)[1]
    assert len(rnn.packs._kept) == 1
    with torch.no_grad():
        rnn.weight_hh_l0.add_(1)
    torch.testing.assert_close(*both(rnn, x))
    rnn.load_state_dict(PackedLSTM(5, 8).state_dict())
    torch.testing.assert_close(*both(rnn, x))
    rnn.bias_ih_l0_reverse = nn.Parameter(torch.randn(32))
    torch.testing.assert_close(*both(rnn, x))
    assert not torch.allclose(first, both(rnn, x)[1])


def test_packs_are_not_copied_nor_saved(native):
    rnn, x = PackedLSTM(5, 8), torch.randn(2, 4, 5)
    both(rnn, x)
    assert set(rnn.state_dict()) == set(nn.LSTM(5, 8, bidirectional=True).state_dict())
    other = copy.deepcopy(rnn)
    assert not other.packs._kept
    with torch.no_grad():
        other.weight_hh_l0.add_(1)
    torch.testing.assert_close(*both(other, x))


def test_gradients_and_autocast_are_left_to_torch(native):
    rnn, x = PackedLSTM(5, 8), torch.randn(2, 4, 5)
    y, _ = rnn.read(x, "bfloat16")
    y.sum().backward()
    assert rnn.weight_hh_l0.grad is not None
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert rnn.read(x, "float32")[0].dtype == torch.bfloat16
    assert not rnn.packs._kept


def test_a_bfloat16_module_is_served():
    rnn, x = PackedLSTM(5, 8).bfloat16(), torch.randn(2, 4, 5).bfloat16()
    exact = PackedLSTM(5, 8)
    exact.load_state_dict(rnn.state_dict())
    with torch.no_grad():
        y, last = rnn.read(x, "bfloat16")
        wanted, _ = exact.read(x.float(), "float32")
    assert y.dtype == last.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), wanted, rtol=0, atol=1e-2)
