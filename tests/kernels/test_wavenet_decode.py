"""Decoding of WaveNets: every version against the definition, cut anywhere, alone and together."""

import pytest
import torch

from seqgen.core.state import leaves, tree_map
from seqgen.kernels import choose as choosing
from seqgen.kernels.native import library
from seqgen.kernels.packing import PRECISIONS
from seqgen.kernels.wavenet_decode import naive, pack, wavenet_decode
from seqgen.kernels.wavenet_decode.packed import unpacked
from tests.kernels.decoding import WAVENETS, lanes, wavenet, wavenet_inputs

B, T = 13, 12
HELD = {"hold": 2, "place": 3}


def stands_for(p):
    return unpacked(p.stream, p.table, p.position, list(p.dilations), p.sizes, p.precision, p.lanes)


def same(a, b):
    """To the last bit."""
    for x, y in zip(leaves(a), leaves(b), strict=True):
        assert torch.equal(x, y)


def close(a, b, tolerance=1e-5):
    for x, y in zip(leaves(a), leaves(b), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("temperature", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("shape", WAVENETS)
def test_float32_is_the_definition(version, shape, temperature):
    weights = wavenet(shape)
    state, uniform, plan = wavenet_inputs(weights, B, T)
    got = wavenet_decode(pack(weights, "float32", lanes()), state, uniform, temperature, plan, **HELD)
    close(got, naive.wavenet_decode(weights, state, uniform, temperature, plan, **HELD))


def test_place_and_plan_may_be_missing(version):
    weights = wavenet("narrow")._replace(position=None)
    state, uniform, _ = wavenet_inputs(weights, B, T)
    got = wavenet_decode(pack(weights, "float32", lanes()), state, uniform)
    close(got, naive.wavenet_decode(weights, state, uniform))


@pytest.mark.parametrize("shape", ["narrow", "three taps", "wide"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_packing_rounds_and_no_more(precision, shape):
    tolerance = {"float32": 0.0, "bfloat16": 2**-8, "int8": 1 / 127}[precision]
    weights = wavenet(shape)
    again = stands_for(pack(weights, precision, 4))
    wanted = [*weights, *(x for layer in weights.layers for x in layer)]
    for a, b in zip(wanted, [*again, *(x for layer in again.layers for x in layer)], strict=True):
        if isinstance(a, torch.Tensor):
            assert (a - b).abs().max() <= tolerance * a.abs().max()


@pytest.mark.parametrize(("precision", "most"), [("bfloat16", 0.05), ("int8", 0.2)])
def test_less_precise_weights_are_those_packed(version, precision, most):
    """The frame that the second layer keeps is what left the first: near that of the rounded weights."""
    weights = wavenet("wide")
    state, uniform, plan = wavenet_inputs(weights, B, 1)
    packed = pack(weights, precision, lanes())
    got = wavenet_decode(packed, state, uniform, 1.0, plan)[1].past[1][:, -1]
    rounded = naive.wavenet_decode(stands_for(packed), state, uniform, 1.0, plan)[1].past[1][:, -1]
    exact = naive.wavenet_decode(weights, state, uniform, 1.0, plan)[1].past[1][:, -1]
    assert (got - rounded).abs().max() < most
    assert 0 < (got - exact).abs().max() < most
    if precision == "bfloat16" and version != "avx512dot":  # inputs are float32 there
        torch.testing.assert_close(got, rounded, rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", ["three taps", "bits"])
def test_how_a_stretch_is_cut_changes_nothing(version, shape, precision):
    weights = wavenet(shape)
    state, uniform, plan = wavenet_inputs(weights, B, T)
    packed = pack(weights, precision, lanes())
    whole = wavenet_decode(packed, state, uniform, 1.0, plan, **HELD)
    tokens, done = [], 0
    for cut in (1, 4, 0, 5, 2):
        part = uniform[:, done : done + cut]
        token, state = wavenet_decode(packed, state, part, 1.0, plan, hold=2, place=3 + done)
        tokens.append(token)
        done += cut
    same((torch.cat(tokens, 1), state), whole)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_alone_are_rows_together(version, precision):
    agree = close if version == "torch" else same  # torch sums rows in another order when there are more
    weights = wavenet("wide")
    state, uniform, plan = wavenet_inputs(weights, B, T)
    packed = pack(weights, precision, lanes())
    whole = wavenet_decode(packed, state, uniform, 1.0, plan)
    for first, count in ((0, 1), (3, 2), (5, 4), (4, 9)):
        rows = slice(first, first + count)
        part = tree_map(lambda x, rows=rows: x[rows], state)
        alone = wavenet_decode(packed, part, uniform[rows], 1.0, plan[rows])
        agree(alone, tree_map(lambda x, rows=rows: x[rows], whole))


@pytest.mark.parametrize("shape", ["narrow", "three taps", "bits"])
def test_an_ended_row_is_held(version, shape):
    """Rows end at different frames, so their rings stand at different places."""
    weights = wavenet(shape)
    state, uniform, plan = wavenet_inputs(weights, B, T)
    packed = pack(weights, "float32", lanes())
    end = int(wavenet_decode(packed, state, uniform, 1.0, plan)[0].flatten().mode().values)
    state.previous[state.previous == end] += 1
    state.previous[4] = end  # has ended before
    token, after = wavenet_decode(packed, state, uniform, 1.0, plan, end=end)
    close((token, after), naive.wavenet_decode(weights, state, uniform, 1.0, plan, end=end))
    assert (token[4] == end).all()
    assert all(torch.equal(a[4], b[4]) for a, b in zip(after.past, state.past, strict=True))
    assert len((token == end).sum(1).unique()) > 1 + (shape != "bits"), (
        "rows ended together, if at all, so nothing was tested"
    )


def test_threads_change_nothing(monkeypatch):
    weights = wavenet("narrow")
    state, uniform, plan = wavenet_inputs(weights, B, T)
    results = []
    for threads in (1, 3):
        loaded = library.load(threads=threads)
        if loaded is None:
            pytest.skip("the library is not built here")
        monkeypatch.setattr(choosing, "load", lambda loaded=loaded: loaded)
        results.append(wavenet_decode(pack(weights, "int8", lanes()), state, uniform, 1.0, plan))
    same(*results)


def test_inputs_are_not_mutated(version):
    weights = wavenet("narrow")
    given = wavenet_inputs(weights, B, T)
    before = tree_map(torch.clone, given)
    wavenet_decode(pack(weights, "float32", lanes()), given[0], given[1], 0.7, given[2])
    same(before, given)


def test_a_bad_uniform_number_is_named(version):
    weights = wavenet("bits")
    state, uniform, _ = wavenet_inputs(weights, B, T)
    uniform[5, 7, 1] = torch.nan
    packed = pack(weights, "float32", lanes())
    with pytest.raises(ValueError, match=r"uniform\[5, 7, 1\] must lie in \[0, 1\), got nan"):
        wavenet_decode(packed, state, uniform)
    wavenet_decode(packed, state, uniform, 0.0)  # nobody reads it


WRONG = {
    "state.past must hold one tensor for each of 4 layers, got 3": lambda s, p: (
        s._replace(past=s.past[1:]),
        p,
    ),
    r"state.past\[1\] must have the shape \[13, 2, 5\]": lambda s, p: (s._replace(past=s.past[:1] * 4), p),
    r"state.past\[0\] must be float32": lambda s, p: (tree_map(lambda x: x.double(), s), p),
    "plan must have the shape": lambda s, p: (s, p[:, :, 1:]),
    r"state.previous\[0\] must lie in 0 .. 11": lambda s, p: (s._replace(previous=s.previous + 12), p),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_go_with_the_weights_is_said(message):
    weights = wavenet("narrow")
    state, uniform, plan = wavenet_inputs(weights, B, T)
    state, plan = WRONG[message](state, plan)
    state = state._replace(previous=state.previous.long())
    with pytest.raises(ValueError, match=message):
        wavenet_decode(pack(weights, "float32", lanes()), state, uniform, 1.0, plan)


def test_weights_that_do_not_fit_are_said():
    weights = wavenet("narrow")
    with pytest.raises(ValueError, match=r"layers must be one or more"):
        pack(weights._replace(layers=()))
    with pytest.raises(ValueError, match=r"head must have the shape \[9, 8\]"):
        pack(weights._replace(head=torch.zeros(9, 7)))


@pytest.mark.parametrize("backend", ["", "native"])
def test_the_op_is_registered_as_torch_wants_it(backend):
    if backend and choosing.load() is None:
        pytest.skip("the library is not built here")
    weights = wavenet("narrow")
    state, uniform, plan = wavenet_inputs(weights, B, 3)
    p = pack(weights, "bfloat16", lanes())
    packed = (p.stream, p.table, p.position, p.dilations, p.sizes, p.precision, p.lanes)
    arguments = (*packed, torch.cat(state.past, 1), state.previous, uniform, plan, 1.0, 1, 0, -1, backend)
    torch.library.opcheck(torch.ops.seqgen.wavenet_decode.default, arguments)
