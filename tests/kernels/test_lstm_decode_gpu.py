"""Decoding of LSTM layers on a GPU. Its kernels are tested without one in test_triton.py."""

import pytest
import torch

from seqgen.kernels import choose as choosing
from seqgen.kernels import frames
from seqgen.kernels.lstm_decode import State, lstm_decode, naive, on_device
from seqgen.kernels.packing import PRECISIONS
from tests.kernels.decoding import SHAPES, decoder, inputs
from tests.kernels.test_triton import needs_triton

B, T = 19, 12
HELD = {"hold": 2, "place": 3}


def moved(x):
    """Weights, a state or a tensor, to the GPU."""
    if isinstance(x, torch.Tensor):
        return x.cuda()
    return type(x)(*map(moved, x)) if hasattr(x, "_fields") else x


def weights_on_gpu(weights):
    return moved(weights)._replace(layers=tuple(map(moved, weights.layers)))


def on_cpu(result):
    return result[0].cpu(), State(*(x.cpu() for x in result[1]))


def same(a, b):
    for x, y in zip((a[0], *a[1]), (b[0], *b[1]), strict=True):
        assert torch.equal(x, y)


@pytest.mark.gpu
@pytest.mark.parametrize("temperature", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_float32_is_the_definition(shape, temperature):
    weights = decoder(shape)
    given = inputs(weights, B, T)
    state, uniform, plan = map(moved, given)
    got = on_cpu(lstm_decode(on_device(weights_on_gpu(weights)), state, uniform, temperature, plan, **HELD))
    wanted = naive.lstm_decode(weights, *given[:2], temperature, given[2], **HELD)
    for a, b in zip((got[0], *got[1]), (wanted[0], *wanted[1]), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", PRECISIONS[1:])
@pytest.mark.parametrize("shape", ["ragged width", "many units"])
def test_less_precise_weights_are_close(shape, precision):
    """One frame: h is rounded to bfloat16, and so each product to 1 in 256."""
    weights = decoder(shape)
    state, uniform, plan = inputs(weights, B, 1)
    w = on_device(weights, precision)
    got = lstm_decode(
        on_device(weights_on_gpu(weights), precision), moved(state), moved(uniform), 1.0, moved(plan)
    )
    wanted = naive.lstm_decode(w.weights(), state, uniform, 1.0, plan)
    torch.testing.assert_close(got[1].h.cpu(), wanted[1].h, rtol=0, atol=0.02)
    assert not torch.equal(got[1].h.cpu(), state.h)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_graph_cuts_and_neighbours_change_nothing(monkeypatch, precision):
    weights = weights_on_gpu(decoder("ragged width"))
    state, uniform, plan = map(moved, inputs(weights, B, T))
    w = on_device(weights, precision)
    whole = lstm_decode(w, state, uniform, 1.0, plan, **HELD)
    same(lstm_decode(w, state, uniform, 1.0, plan, **HELD), whole)
    one = slice(17, 18)
    alone = lstm_decode(w, State(*(x[one] for x in state)), uniform[one], 1.0, plan[one], **HELD)
    same(alone, (whole[0][one], State(*(x[one] for x in whole[1]))))
    first, middle = lstm_decode(w, state, uniform[:, :5], 1.0, plan, **HELD)
    rest, last = lstm_decode(w, middle, uniform[:, 5:], 1.0, plan, hold=2, place=8)
    same((torch.cat([first, rest], 1), last), whole)
    monkeypatch.setattr(frames, "cuda_graph", lambda work, device: work)
    same(lstm_decode(on_device(weights, precision), state, uniform, 1.0, plan, **HELD), whole)


@pytest.mark.gpu
def test_an_ended_row_is_held():
    weights = decoder("one layer")
    state, uniform, _ = inputs(weights, B, T)
    state.previous.fill_(0)[4] = 6
    got = on_cpu(lstm_decode(on_device(weights_on_gpu(weights)), moved(state), moved(uniform), end=6))
    wanted = naive.lstm_decode(weights, state, uniform, end=6)
    assert torch.equal(got[0], wanted[0])
    assert torch.equal(got[1].h[4], state.h[4])
    torch.testing.assert_close(got[1].h, wanted[1].h, rtol=0, atol=1e-4)


@needs_triton
def test_a_cpu_and_other_versions_are_refused():
    weights = decoder("one layer")
    state, uniform, _ = inputs(weights, 2, 3)
    with pytest.raises(ValueError, match="works on a CUDA device, got a tensor on cpu"):
        lstm_decode(on_device(weights), state, uniform)
    if choosing.load() is not None:
        with pytest.raises(ValueError, match="decoded by 'triton', got backend 'native'"):
            lstm_decode(on_device(weights), state, uniform, backend="native")
    with pytest.raises(ValueError, match="uniform must be float32 on the CPU, got"):
        lstm_decode(on_device(weights), state, uniform.to("meta"))
    with pytest.raises(ValueError, match=r"head must have the shape \[7, 16\]"):
        on_device(weights._replace(head=torch.zeros(7, 15)))
