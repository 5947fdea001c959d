"""Decoding of LSTM layers: every version against the definition, cut anywhere, alone and together."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from seqgen.kernels import choose as choosing
from seqgen.kernels.lstm_decode import State, lstm_decode, naive, pack
from seqgen.kernels.lstm_decode.packed import unpacked
from seqgen.kernels.native import library
from seqgen.kernels.packing import PRECISIONS, check_precision
from tests.kernels.decoding import SHAPES, decoder, inputs, lanes

B, T = 13, 12
HELD = {"hold": 2, "place": 3}


def stands_for(packed):
    sizes = (packed.layers, packed.width, packed.outputs, packed.bits)
    return unpacked(packed.stream, packed.table, packed.position, sizes, packed.precision, packed.lanes)


def same(a, b):
    """To the last bit."""
    for x, y in zip((a[0], *a[1]), (b[0], *b[1]), strict=True):
        assert torch.equal(x, y)


def close(a, b, tolerance=1e-5):
    for x, y in zip((a[0], *a[1]), (b[0], *b[1]), strict=True):
        torch.testing.assert_close(x, y, rtol=0, atol=tolerance)


@pytest.mark.parametrize("temperature", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_float32_is_the_definition(version, shape, temperature):
    weights = decoder(shape)
    state, uniform, plan = inputs(weights, B, T)
    got = lstm_decode(pack(weights, "float32", lanes()), state, uniform, temperature, plan, **HELD)
    close(got, naive.lstm_decode(weights, state, uniform, temperature, plan, **HELD))


def test_place_and_plan_may_be_missing(version):
    weights = decoder("ragged width")._replace(position=None)
    state, uniform, _ = inputs(weights, B, T)
    got = lstm_decode(pack(weights, "float32", lanes()), state, uniform)
    close(got, naive.lstm_decode(weights, state, uniform))


@pytest.mark.parametrize("shape", ["one layer", "many units"])
@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_less_precise_weights_are_multiplied_exactly(version, shape, precision):
    """One frame of one layer, by the rounded weights, from a state rounded as the version rounds it."""
    weights = decoder(shape)
    state, uniform, plan = inputs(weights, B, 1)
    packed = pack(weights, precision, lanes())
    h = state.h
    if precision == "bfloat16" and version == "avx512dot":
        h = h.bfloat16().float()
    if precision == "int8" and version != "torch":
        unit = h.abs().amax(2, keepdim=True) / 127
        h = (h / unit).round() * unit
    got = lstm_decode(packed, state, uniform, 1.0, plan)
    wanted = naive.lstm_decode(stands_for(packed), state._replace(h=h), uniform, 1.0, plan)
    torch.testing.assert_close(got[1].h, wanted[1].h, rtol=0, atol=1e-5)
    torch.testing.assert_close(got[1].c, wanted[1].c, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 0), ("bfloat16", 2**-8), ("int8", 1 / 127)])
def test_packing_rounds_and_no_more(precision, tolerance):
    weights = decoder("ragged width")
    again = stands_for(pack(weights, precision, 8))
    for a, b in zip((*weights, *weights.layers[0]), (*again, *again.layers[0]), strict=True):
        if isinstance(a, torch.Tensor):
            assert (a - b).abs().max() <= tolerance * a.abs().max()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", ["ragged width", "three layers of bits"])
def test_how_a_stretch_is_cut_changes_nothing(version, shape, precision):
    weights = decoder(shape)
    state, uniform, plan = inputs(weights, B, T)
    packed = pack(weights, precision, lanes())
    whole = lstm_decode(packed, state, uniform, 1.0, plan, **HELD)
    tokens, done = [], 0
    for cut in (1, 4, 0, 5, 2):
        part = uniform[:, done : done + cut]
        token, state = lstm_decode(packed, state, part, 1.0, plan, hold=2, place=3 + done)
        tokens.append(token)
        done += cut
    if version == "torch":
        return close((torch.cat(tokens, 1), state), whole)
    return same((torch.cat(tokens, 1), state), whole)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_alone_are_rows_together(version, precision):
    agree = close if version == "torch" else same  # torch sums rows in another order when there are more
    weights = decoder("many units")
    state, uniform, plan = inputs(weights, B, T)
    packed = pack(weights, precision, lanes())
    whole = lstm_decode(packed, state, uniform, 1.0, plan)
    for first, count in ((0, 1), (3, 2), (5, 4), (4, 9)):
        rows = slice(first, first + count)
        part = State(*(x[rows] for x in state))
        alone = lstm_decode(packed, part, uniform[rows], 1.0, plan[rows])
        agree(alone, (whole[0][rows], State(*(x[rows] for x in whole[1]))))


@pytest.mark.parametrize("shape", ["one layer", "three layers of bits"])
def test_an_ended_row_is_held(version, shape):
    weights = decoder(shape)
    state, uniform, plan = inputs(weights, B, T)
    state.previous.fill_(0)[4] = 2  # has ended before
    packed = pack(weights, "float32", lanes())
    token, after = lstm_decode(packed, state, uniform, 1.0, plan, end=2)
    close((token, after), naive.lstm_decode(weights, state, uniform, 1.0, plan, end=2))
    free, _ = lstm_decode(packed, state, uniform, 1.0, plan)
    assert torch.equal(after.h[4], state.h[4])
    ends = 0
    for row in set(range(B)) - {4}:
        stop = (free[row] == 2).nonzero().flatten().tolist()
        until = stop[0] + 1 if stop else T
        ends += until < T
        assert torch.equal(token[row, :until], free[row, :until])
        assert (token[row, until:] == 2).all()
    assert ends, "no row ended before the last frame, so nothing was tested"


def test_ties_and_impossible_tokens(version):
    """The first of the likeliest; and the largest uniform number is not a token of probability 0."""
    weights = decoder("one layer")
    head_bias = torch.tensor([0.0, 3.0, 3.0, 1.0, 3.0, -torch.inf, -torch.inf])
    packed = pack(weights._replace(head=torch.zeros(7, 16), head_bias=head_bias), "float32", lanes())
    state, uniform, _ = inputs(weights, B, T)
    assert (lstm_decode(packed, state, uniform, 0.0)[0] == 1).all()
    almost = torch.full_like(uniform, 1 - 2**-24)
    assert (lstm_decode(packed, state, almost)[0] == 4).all()
    assert (lstm_decode(packed, state, torch.zeros_like(uniform))[0] == 0).all()


def test_threads_change_nothing(monkeypatch):
    weights = decoder("ragged width")
    state, uniform, plan = inputs(weights, B, T)
    results = []
    for threads in (1, 3, 50):
        loaded = library.load(threads=threads)
        if loaded is None:
            pytest.skip("the library is not built here")
        monkeypatch.setattr(choosing, "load", lambda loaded=loaded: loaded)
        results.append(lstm_decode(pack(weights, "int8", lanes()), state, uniform, 1.0, plan))
    same(results[0], results[1])
    same(results[0], results[2])


def test_inputs_are_not_mutated(version):
    weights = decoder("one layer")
    given = inputs(weights, B, T)
    before = [x.clone() for x in (*given[0], *given[1:])]
    lstm_decode(pack(weights, "float32", lanes()), given[0], given[1], 0.7, given[2])
    assert all(torch.equal(a, b) for a, b in zip(before, (*given[0], *given[1:]), strict=True))


@pytest.mark.parametrize("value", [1.0, -0.1, torch.nan])
def test_a_bad_uniform_number_is_named(version, value):
    weights = decoder("three layers of bits")
    state, uniform, _ = inputs(weights, B, T)
    uniform[5, 7, 1] = value
    packed = pack(weights, "float32", lanes())
    with pytest.raises(ValueError, match=r"uniform\[5, 7, 1\] must lie in \[0, 1\), got"):
        lstm_decode(packed, state, uniform)
    lstm_decode(packed, state, uniform, 0.0)  # nobody reads it


WRONG = {
    "state.h must have the shape": lambda s, u, p: (s._replace(h=s.h[:, :, 1:]), u, p),
    "state.c must be float32": lambda s, u, p: (s._replace(c=s.c.double()), u, p),
    r"state.previous\[1\] must lie in 0 .. 9, got 10": lambda s, u, p: (
        s._replace(previous=torch.arange(9, 9 + B)),
        u,
        p,
    ),
    "state.previous must hold whole numbers": lambda s, u, p: (s._replace(previous=s.previous.float()), u, p),
    "uniform must have the shape": lambda s, u, p: (s, u.expand(-1, -1, 2), p),
    "uniform must be float32": lambda s, u, p: (s, u.double(), p),
    "plan must have the shape": lambda s, u, p: (s, u, p[:, : T - 1]),
    "plan must be float32": lambda s, u, p: (s, u, p.double()),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_go_with_the_weights_is_said(message):
    weights = decoder("one layer")
    state, uniform, plan = WRONG[message](*inputs(weights, B, T))
    with pytest.raises(ValueError, match=message):
        lstm_decode(pack(weights, "float32", lanes()), state, uniform, 1.0, plan)


def test_settings_are_checked():
    weights = decoder("one layer")
    state, uniform, plan = inputs(weights, B, T)
    packed = pack(weights, "float32", lanes())
    for wrong, message in (
        ({"temperature": -1.0}, "temperature must be"),
        ({"end": 10}, "end must be a token of 0 .. 9"),
        ({"hold": 0}, "hold must be at least 1"),
        ({"backend": "fast"}, "backend must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            lstm_decode(packed, state, uniform, plan=plan, **wrong)
    with pytest.raises(ValueError, match="precision must be one of float32, bfloat16, int8, got 'int4'"):
        check_precision("int4")
    with pytest.raises(ValueError, match=r"head must have the shape \[7, 16\]"):
        pack(weights._replace(head=torch.zeros(7, 15)))
    if choosing.load() is not None:
        with pytest.raises(ValueError, match="packed for vectors of 5 numbers"):
            lstm_decode(replace(packed, lanes=5), state, uniform)


@pytest.mark.parametrize("backend", ["", "native"])
def test_the_op_is_registered_as_torch_wants_it(backend):
    if backend and choosing.load() is None:
        pytest.skip("the library is not built here")
    weights = decoder("one layer")
    state, uniform, plan = inputs(weights, B, 3)
    p = pack(weights, "bfloat16", lanes())
    sizes = [p.layers, p.width, p.outputs]
    packed = (p.stream, p.table, p.position, sizes, p.bits, p.precision, p.lanes)
    arguments = (*packed, *state, uniform, plan, 1.0, 1, 0, -1, backend)
    torch.library.opcheck(torch.ops.seqgen.lstm_decode.default, arguments)


def test_draws_follow_the_probabilities(version):
    """Frequencies of 4,000 rows that draw once, against the softmax of their common logits."""
    weights = decoder("one layer")
    packed = pack(weights, "float32", lanes())
    state, _, _ = inputs(weights, 1, 1)
    many = State(*(x.expand(4000, *x.shape[1:]) for x in state))
    uniform = torch.rand(4000, 1, 1, generator=Generator().manual_seed(3))
    token, after = lstm_decode(packed, many, uniform)
    p = (after.h[0, 0] @ weights.head.T + weights.head_bias).softmax(0)
    assert (token.flatten().bincount(minlength=7) / 4000 - p).abs().max() < 0.03
