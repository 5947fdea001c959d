"""Decoding of a WaveNet on a GPU. Its kernels are tested without one in test_triton.py."""

import pytest
import torch

from seqgen.kernels import frames
from seqgen.kernels.packing import PRECISIONS
from seqgen.kernels.wavenet_decode import State, naive, on_device, wavenet_decode
from tests.kernels.decoding import WAVENETS, wavenet, wavenet_inputs
from tests.kernels.test_triton import needs_triton

B, T = 19, 12
HELD = {"hold": 2, "place": 3}


def on_gpu(x):
    """A tensor, weights or a state, moved."""
    if isinstance(x, torch.Tensor):
        return x.cuda()
    if not isinstance(x, tuple):
        return x
    return type(x)(*map(on_gpu, x)) if hasattr(x, "_fields") else tuple(map(on_gpu, x))


def same(a, b):
    for x, y in zip((a[0], *a[1].past), (b[0], *b[1].past), strict=True):
        assert torch.equal(x, y)


@pytest.mark.gpu
@pytest.mark.parametrize("temperature", [1.0, 0.0])
@pytest.mark.parametrize("shape", WAVENETS)
def test_float32_is_the_definition(shape, temperature):
    weights = wavenet(shape)
    given = wavenet_inputs(weights, B, T)
    state, uniform, plan = map(on_gpu, given)
    token, after = wavenet_decode(on_device(on_gpu(weights)), state, uniform, temperature, plan, **HELD)
    wanted, new = naive.wavenet_decode(weights, *given[:2], temperature, given[2], **HELD)
    assert torch.equal(token.cpu(), wanted)
    for a, b in zip(after.past, new.past, strict=True):
        torch.testing.assert_close(a.cpu(), b, rtol=0, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_graph_cuts_and_neighbours_change_nothing(monkeypatch, precision):
    weights = on_gpu(wavenet("wide"))
    state, uniform, plan = map(on_gpu, wavenet_inputs(weights, B, T))
    w = on_device(weights, precision)
    whole = wavenet_decode(w, state, uniform, 1.0, plan, end=4, **HELD)
    one = slice(17, 18)
    apart = State(tuple(x[one] for x in state.past), state.previous[one])
    alone = wavenet_decode(w, apart, uniform[one], 1.0, plan[one], end=4, **HELD)
    same(alone, (whole[0][one], State(tuple(x[one] for x in whole[1].past), whole[1].previous[one])))
    first, middle = wavenet_decode(w, state, uniform[:, :5], 1.0, plan, end=4, **HELD)
    rest, last = wavenet_decode(w, middle, uniform[:, 5:], 1.0, plan, hold=2, place=8, end=4)
    same((torch.cat([first, rest], 1), last), whole)
    monkeypatch.setattr(frames, "cuda_graph", lambda work, device: work)
    same(wavenet_decode(on_device(weights, precision), state, uniform, 1.0, plan, end=4, **HELD), whole)


@needs_triton
def test_a_cpu_and_wider_ones_are_refused(monkeypatch):
    weights = wavenet("narrow")
    state, uniform, _ = wavenet_inputs(weights, 2, 3)
    with pytest.raises(ValueError, match="works on a CUDA device, got a tensor on cpu"):
        wavenet_decode(on_device(weights), state, uniform)
    monkeypatch.setitem(WAVENETS, "too wide", (65, 7, 8, 9, 2, (1,), False))
    with pytest.raises(ValueError, match="must have at most 64 columns"):
        on_device(wavenet("too wide"))
