"""Attention: what it reads, when it waits, and that a source that arrives in pieces changes nothing."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from seqgen.core import (
    MonotonicAttention,
    SoftAttention,
    WaitK,
    average_lagging,
    expected_delay,
    quantity_gap,
)
from seqgen.core.monotonic import HardState

D, S, U = 6, 7, 5
KINDS = ["hard", "mocha", "milk"]


def monotonic(kind, **more):
    torch.manual_seed(3)
    settings = {"scale": 4.0, "offset": 0.0, "chunk": 3, **more}
    return MonotonicAttention(D, D, 5, kind, **settings).double().eval()


def source(seed=0, rows=1, frames=S):
    rng = Generator().manual_seed(seed)
    values = torch.randn(rows, frames, D, generator=rng, dtype=torch.float64)
    queries = torch.randn(rows, U, D, generator=rng, dtype=torch.float64)
    return values, queries


def all_of(attention, values, hard):
    state = attention.init_state(len(values), values[:, 0, :0], hard)
    return attention.extend(state, values, closed=torch.ones(len(values), dtype=torch.bool))


def energies(attention, values, queries):
    return attention.stopping(queries, attention.stopping.key(values))


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_the_expectation_is_over_every_way_to_stop(kind):
    """Sum over all monotonic sequences of stops, weighted by their probability: the definition."""
    attention = monotonic(kind)
    values, queries = source(frames=4)
    queries = queries[:, :3]
    y, alpha, _ = attention.align(queries, all_of(attention, values, False))
    p = energies(attention, values, queries).sigmoid()[0]
    p[:, -1] = 1.0
    expected, stops = torch.zeros_like(y[0]), torch.zeros_like(alpha[0])
    for path in itertools.combinations_with_replacement(range(4), 3):
        chance, begin = torch.tensor(1.0).double(), 0
        for i, stop in enumerate(path):
            chance = chance * p[i, stop] * torch.prod(1 - p[i, begin:stop])
            begin = stop
        for i, stop in enumerate(path):
            first = {"hard": stop, "mocha": max(0, stop - 2), "milk": 0}[kind]
            read = values[0, first : stop + 1]
            if attention.content is not None:
                fit = attention.content(queries, attention.content.key(values))[0, i, first : stop + 1]
                read = fit.softmax(0) @ read
            expected[i] += chance * read.reshape(-1)
            stops[i, stop] += chance
    torch.testing.assert_close(alpha[0], stops)
    torch.testing.assert_close(y[0], expected)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_sure_decisions_make_the_expectation_hard(kind):
    attention = monotonic(kind, scale=1e4)
    values, queries = source()
    soft = attention.align(queries, all_of(attention, values, False))
    hard = attention.align(queries, all_of(attention, values, True))
    torch.testing.assert_close(soft[0], hard[0])
    torch.testing.assert_close(soft[1], hard[1])


def streamed(attention, values, queries, cuts):
    """One row whose source arrives in pieces, and that reads only when it must."""
    state = attention.init_state(1, values[:, 0, :0], True)
    pieces = list(values.split(cuts, 1))
    read, ys, stops = 0, [], []
    for query in queries.split(1, 1):
        while True:
            if read:
                y, new = attention(query, state)
                state = new
                if not attention.waiting(new):
                    break
            last = torch.tensor([read + 1 == len(pieces)])
            state = attention.extend(state, pieces[read], closed=last)
            read += 1
        ys.append(y)
        stops.append((int(attention.position(state)), sum(cuts[:read])))
    return torch.cat(ys, 1), stops, state


@settings(max_examples=20)
@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(1, 3), min_size=1, max_size=6))
@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_source_in_pieces_gives_what_the_whole_gives(kind, seed, cuts):
    attention = monotonic(kind)
    values, queries = source(seed, frames=sum(cuts))
    y, alpha, _ = attention.align(queries, all_of(attention, values, True))
    parts, stops, _ = streamed(attention, values, queries, cuts)
    torch.testing.assert_close(parts, y)
    assert [stop for stop, _ in stops] == alpha[0].argmax(1).tolist()
    edges = list(itertools.accumulate(cuts))
    for stop, read in stops:  # nothing was read that was not needed
        assert read == next(edge for edge in edges if edge > stop) or read < stop + 1 + max(cuts)


@pytest.mark.parametrize(("kind", "kept"), [("hard", 3), ("mocha", 5), ("milk", 13)])
@torch.no_grad()
def test_what_no_query_can_reach_is_dropped(kind, kept):
    attention = monotonic(kind, scale=0.0, offset=5.0, look_back=12)  # stops wherever it looks
    values, queries = source(frames=60)
    state = attention.init_state(1, values[:, 0, :0], True)
    for piece in values.split(1, 1):
        state = attention.extend(state, piece)
        state = attention.move_on(state, torch.tensor([True]))
        _, state = attention(queries[:, :1], state)
    assert state.memory.values.shape[1] <= kept
    assert int(attention.position(state)) == 59
    assert int(state.memory.offset + state.memory.length) == 60


@torch.no_grad()
def test_rows_of_one_batch_stream_at_their_own_pace():
    attention = monotonic("mocha")
    values, queries = source(rows=2)
    alone = [attention(queries[r : r + 1], all_of(attention, values[r : r + 1], True))[0] for r in range(2)]
    state = attention.init_state(2, values[:, 0, :0], True)
    state = attention.extend(state, values[:, :4], torch.tensor([4, 1]))
    rest = torch.zeros(2, S, D, dtype=torch.float64)
    rest[0, :3], rest[1, :6] = values[0, 4:], values[1, 1:]
    state = attention.extend(state, rest, torch.tensor([3, 6]), torch.tensor([True, True]))
    y, _ = attention(queries, state)
    torch.testing.assert_close(y, torch.cat(alone))


@torch.no_grad()
def test_a_query_without_a_stop_waits_and_reads_zeros_at_a_lossy_end():
    attention = monotonic("hard", scale=0.0, offset=-5.0, stop_at_end=False)
    values, queries = source()
    state = attention.extend(attention.init_state(1, values[:, 0, :0], True), values)
    _, new = attention(queries[:, :1], state)
    assert attention.waiting(new).all()
    assert int(new.stop) == -1
    y, new = attention(queries, attention.extend(new, values[:, :1], closed=torch.tensor([True])))
    assert not attention.waiting(new).any()
    assert (y == 0).all()


@torch.no_grad()
def test_with_an_end_that_stops_no_mass_is_lost_and_without_it_the_gap_says_how_much():
    values, queries = source(rows=2)
    lengths = torch.tensor([U, U])
    for end, gap in ((True, 0.0), (False, 5.0)):
        attention = monotonic("hard", scale=0.0, offset=-30.0, stop_at_end=end)
        _, alpha, _ = attention.align(queries, all_of(attention, values, False))
        torch.testing.assert_close(quantity_gap(alpha, lengths), torch.full((2,), gap).double())


def test_noise_is_for_training_only():
    attention = monotonic("milk", noise=2.0)
    values, queries = source()
    quiet = attention.align(queries, all_of(attention, values, False))[1]
    attention.train()
    torch.manual_seed(0)
    noisy = attention.align(queries, all_of(attention, values, False))[1]
    assert not torch.allclose(quiet, noisy)
    hard = attention.align(queries, all_of(attention, values, True))[1]
    torch.testing.assert_close(hard, attention.eval().align(queries, all_of(attention, values, True))[1])


def test_sharp_rows_are_hard_going_forward_and_have_a_gradient():
    attention = monotonic("hard", scale=1.0)
    values, queries = source(rows=2)
    state = all_of(attention, values, False)._replace(sharp=torch.tensor([True, False]))
    _, alpha, _ = attention.align(queries, state)
    hard = attention.align(queries, all_of(attention, values, True))[1]
    torch.testing.assert_close(alpha[0], hard[0])
    assert not torch.allclose(alpha[1], hard[1])
    (alpha[0] * torch.arange(S)).sum().backward()
    assert attention.stopping.r.grad.abs() > 0


@torch.no_grad()
def test_a_lower_threshold_stops_earlier():
    attention = monotonic("hard", scale=1.0, offset=-0.5)
    values, queries = source(4)
    state = all_of(attention, values, True)
    assert isinstance(state, HardState)
    usual = attention.align(queries, state)[1].argmax(2)
    eager = attention.align(queries, state._replace(threshold=torch.tensor([-2.0]).double()))[1].argmax(2)
    assert (eager <= usual).all()
    assert (eager < usual).any()


@torch.no_grad()
def test_wait_k_sees_k_units_more_than_are_written():
    attention = WaitK(D, D, 5, lag=2).double().eval()
    values, queries = source(frames=6)
    unit = torch.tensor([[0, 0, 1, 2, 2, 3]])
    ended = torch.tensor([[0.0, 1.0, 0.0, 1.0, 1.0]]).double()
    x = torch.cat([queries, ended[..., None]], -1)
    state = attention.extend(attention.init_state(1, values[:, 0, :0]), values[:, :5], unit=unit[:, :5])
    _, weights, new = attention.align(x, state)
    assert (weights[0, 0] > 0).tolist() == [True, True, True, False, False]  # words 0 and 1
    assert (weights[0, 1] > 0).all()  # one word is written: words 0 to 2
    assert attention.waiting(new).all()  # the fourth query wants word 3, which may follow
    assert int(new.written) == 1
    closed = attention.extend(state, values[:, 5:], closed=torch.tensor([True]), unit=unit[:, 5:])
    _, weights, new = attention.align(x, closed)
    assert (weights[0, 3] > 0).all()
    assert not attention.waiting(new).any()
    assert int(attention.position(new)) == 5


@torch.no_grad()
def test_soft_attention_waits_for_the_end():
    attention = SoftAttention(D, D, 5).double().eval()
    values, queries = source()
    state = attention.extend(attention.init_state(1, values[:, 0, :0]), values[:, :3])
    assert attention.waiting(state).all()
    state = attention.extend(state, values[:, 3:], closed=torch.tensor([True]))
    assert not attention.waiting(state).any()
    y, weights, _ = attention.align(queries, state)
    torch.testing.assert_close(y, weights @ values)
    torch.testing.assert_close(weights.sum(2), torch.ones(1, U).double())


def lagging_by_recursion(delays, source_length):
    """The recursion of the paper, one sentence at a time."""
    gamma, last, total = len(delays) / source_length, None, 0.0
    for i, delay in enumerate(delays):
        last = delay if last is None else max(delay, last + 1 / gamma)
        total += last - i / gamma
    return total / len(delays)


@given(
    delays=st.lists(st.floats(0, 30), min_size=1, max_size=8),
    source_length=st.integers(1, 30),
    padding=st.integers(0, 3),
)
def test_average_lagging_is_the_recursion_of_the_paper(delays, source_length, padding):
    padded = torch.tensor([delays + [99.0] * padding], dtype=torch.float64)
    lagging = average_lagging(
        padded, torch.tensor([float(source_length)]).double(), torch.tensor([len(delays)])
    )
    assert abs(float(lagging) - lagging_by_recursion(delays, source_length)) < 1e-9


def test_average_lagging_has_the_right_gradient():
    delay = (5 * torch.rand(2, 4, dtype=torch.float64)).requires_grad_()
    words, lengths = torch.tensor([7.0, 3.0]).double(), torch.tensor([4, 2])
    assert torch.autograd.gradcheck(lambda g: average_lagging(g, words, lengths), (delay,))


def test_expected_delay_weighs_words_by_where_a_row_stops():
    alpha = torch.tensor([[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]])
    assert expected_delay(alpha, torch.tensor([[1.0, 1.0, 2.0]])).tolist() == [[1.0, 2.0]]
