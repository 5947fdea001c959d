"""An LSTM layer over a sequence: every version against the definition and torch's own, cut, side by side."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, nn

from seqgen.kernels import choose as choosing
from seqgen.kernels.lstm_sequence import Direction, lstm_sequence, naive, pack
from seqgen.kernels.lstm_sequence.weights import unpacked
from seqgen.kernels.native import library
from seqgen.kernels.packing import PRECISIONS
from tests.kernels.decoding import lanes

SIZES = [(1, 1, 1, 1), (3, 5, 13, 1), (90, 16, 64, 2), (7, 33, 20, 2)]
"""J, D, T, G"""
B = 7


def layer(J, D, G, seed=0):
    rng = Generator().manual_seed(seed)

    def some(*size):
        return torch.randn(size, generator=rng)

    return [Direction(some(4 * D, J) / J**0.5, 2 * some(4 * D, D) / D**0.5, some(4 * D)) for _ in range(G)]


def inputs(J, D, T, G, seed=1):
    rng = Generator().manual_seed(seed)
    h, c = torch.randn(2, B, G, D, generator=rng)
    return torch.randn(B, T, J, generator=rng), h.tanh(), c


def close(a, b, tolerance=1e-5):
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, rtol=0, atol=tolerance)


def same(a, b):
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(("J", "D", "T", "G"), SIZES)
def test_float32_is_the_definition(version, J, D, T, G):
    weights, given = layer(J, D, G), inputs(J, D, T, G)
    before = [x.clone() for x in given]
    close(
        lstm_sequence(pack(weights, "float32", lanes()), *given), naive.lstm_sequence(weights, *given), 2e-5
    )
    same(before, given)


def test_a_long_sequence_is_read_stretch_by_stretch(version):
    """B * 4 D * T numbers of gates are more than a thread keeps at a time."""
    J, D, T, G = 2, 256, 160, 2
    weights, given = layer(J, D, G), inputs(J, D, T, G)
    close(
        lstm_sequence(pack(weights, "float32", lanes()), *given), naive.lstm_sequence(weights, *given), 5e-4
    )


def test_it_is_torchs_lstm(version):
    rnn, x = nn.LSTM(6, 21, batch_first=True, bidirectional=True), torch.randn(B, 9, 6)
    with torch.no_grad():
        flat = rnn._flat_weights
        weights = [Direction(r, o, a + b) for r, o, a, b in (flat[:4], flat[4:])]
        y, (h, c) = rnn(x)
        close(lstm_sequence(pack(weights, "float32", lanes()), x), (y, h.transpose(0, 1), c.transpose(0, 1)))


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_less_precise_weights_are_multiplied_exactly(version, precision):
    """One frame, by the rounded weights, of inputs that the version rounds no further."""
    J, D, T, G = 40, 33, 1, 2
    packed = pack(layer(J, D, G), precision, lanes())
    x, h, c = inputs(J, D, T, G)
    if precision == "bfloat16" and version == "avx512dot":
        x, h = x.bfloat16().float(), h.bfloat16().float()
    if precision == "int8" and version != "torch":
        x, h = (((s / (u := s.abs().amax(-1, keepdim=True) / 127)).round() * u) for s in (x, h))
    wanted = naive.lstm_sequence(unpacked(packed.stream, (J, D, G), precision, lanes()), x, h, c)
    close(lstm_sequence(packed, x, h, c), wanted)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_how_a_sequence_is_cut_changes_nothing(version, precision):
    packed = pack(layer(7, 20, 1), precision, lanes())
    x, h, c = inputs(7, 20, 12, 1)
    whole = lstm_sequence(packed, x, h, c)
    parts = []
    for part in x.split([1, 4, 0, 5, 2], 1):
        y, h, c = lstm_sequence(packed, part, h, c)
        parts.append(y)
    (close if version == "torch" else same)((torch.cat(parts, 1), h, c), whole)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_alone_are_rows_together_and_the_second_direction_runs_backward(version, precision):
    weights = layer(7, 20, 2)
    packed = pack(weights, precision, lanes())
    x, h, c = inputs(7, 20, 12, 2)
    whole = lstm_sequence(packed, x, h, c)
    check = close if version == "torch" else same
    for rows in (slice(0, 1), slice(2, 7)):
        check(lstm_sequence(packed, x[rows], h[rows], c[rows]), [w[rows] for w in whole])
    one = pack(weights[1:], precision, lanes())
    y, *_ = lstm_sequence(one, x.flip(1), h[:, 1:], c[:, 1:])
    check([y.flip(1)], [whole[0][..., 20:]])


def test_threads_change_nothing(monkeypatch):
    x = inputs(7, 20, 12, 2)
    packed, results = pack(layer(7, 20, 2), "int8", lanes()), []
    for threads in (1, 2, 5, 50):
        loaded = library.load(threads=threads)
        if loaded is None:
            pytest.skip("the library is not built here")
        monkeypatch.setattr(choosing, "load", lambda loaded=loaded: loaded)
        results.append(lstm_sequence(packed, *x))
    for other in results[1:]:
        same(results[0], other)


def test_an_empty_batch_and_no_frames(version):
    packed = pack(layer(7, 20, 2), "float32", lanes())
    x, h, c = inputs(7, 20, 3, 2)
    y, last, _ = lstm_sequence(packed, x[:0])
    assert y.shape == (0, 3, 40)
    assert last.shape == (0, 2, 20)
    same(lstm_sequence(packed, x[:, :0], h, c)[1:], (h, c))


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 0), ("bfloat16", 2**-8), ("int8", 1 / 127)])
def test_packing_rounds_and_no_more(precision, tolerance):
    weights = layer(7, 20, 2)
    again = unpacked(pack(weights, precision, 8).stream, (7, 20, 2), precision, 8)
    for a, b in zip((w for d in weights for w in d), (w for d in again for w in d), strict=True):
        assert (a - b).abs().max() <= tolerance * a.abs().max()


WRONG = {
    "x must have the shape": lambda x, h, c: (x[..., 1:], h, c),
    "x must be float32": lambda x, h, c: (x.double(), h, c),
    "h must have the shape": lambda x, h, c: (x, h[1:], c),
    "c must be float32": lambda x, h, c: (x, h, c.bfloat16()),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_go_with_the_weights_is_said(message):
    with pytest.raises(ValueError, match=message):
        lstm_sequence(pack(layer(7, 20, 2), "float32", lanes()), *WRONG[message](*inputs(7, 20, 3, 2)))


def test_weights_are_checked():
    (one,) = layer(7, 20, 1)
    with pytest.raises(ValueError, match=r"directions\[1\].own must have the shape \[80, 20\]"):
        pack([one, one._replace(own=one.own[1:])])
    with pytest.raises(ValueError, match="directions must be one or two, got 3"):
        pack([one] * 3)
    if choosing.load() is not None:
        with pytest.raises(ValueError, match="packed for vectors of 5 numbers"):
            lstm_sequence(replace(pack([one], "float32", lanes()), lanes=5), torch.zeros(1, 1, 7))


@pytest.mark.parametrize("backend", ["", "native"])
def test_the_op_is_registered_as_torch_wants_it(backend):
    if backend and choosing.load() is None:
        pytest.skip("the library is not built here")
    p = pack(layer(7, 20, 2), "bfloat16", lanes())
    arguments = (p.stream, [7, 20, 2], p.precision, p.lanes, *inputs(7, 20, 3, 2), backend)
    torch.library.opcheck(torch.ops.seqgen.lstm_sequence.default, arguments)
