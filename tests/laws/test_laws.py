"""The six laws of the sequence core, for every core, and for every head."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from seqgen.core import GREEDY, Conductor, Nade, Sampling, select
from seqgen.core.state import clone, leaves
from tests.laws.cores import CORES, B, E, T, make

SEEDS = st.integers(0, 9999)
LENGTHS = st.lists(st.integers(0, T), min_size=B, max_size=B)
FEW = settings(max_examples=15)
CUTS = st.lists(st.integers(1, T), max_size=6)


PAIRS = [(core, "categorical") for core in CORES] + [
    ("clock", "events"),
    ("tracks", "events"),
    ("lstm", "bernoulli"),
    ("conductor-direct", "bernoulli"),
    ("wavenet", "logistic"),
    ("lstm", "product"),
    ("wavenet-guided", "product"),
    ("lstm", "groove"),
    ("lstm", "nade"),
    ("conductor-carry", "nade-bits"),
    ("conductor-carry", "categorical-one-hot"),
    ("conductor-direct", "groove"),
    ("voices", "product-by-part"),
    ("conductor-voices", "product-by-part"),
    ("lstm", "groove-mixture"),
    ("conductor-direct", "groove-given"),
    ("recall", "copying"),
]


@pytest.fixture(params=PAIRS, ids="-".join, scope="module")
def model(request):
    return make(*request.param)


def close(a, b):
    for left, right in zip(leaves(a), leaves(b), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-9)


def tokens(decoder, seed):
    rng, shape = Generator().manual_seed(seed), decoder.head.token_shape
    if not shape:
        return torch.randint(decoder.head.vocabulary_size, (B, T), generator=rng)
    return torch.rand(B, T, *shape, generator=rng, dtype=torch.float64)


def pieces(cuts):
    """Any list of cuts as lengths that sum to T."""
    lengths, left = [], T
    for cut in cuts:
        lengths.append(min(cut, left))
        left -= lengths[-1]
    return [length for length in [*lengths, left] if length]


@FEW
@given(cuts=CUTS, seed=SEEDS)
@torch.no_grad()
def test_how_a_sequence_is_cut_changes_nothing(model, cuts, seed):
    decoder, cond = model
    token, state = tokens(decoder, seed), decoder.init_state(B, cond)
    whole = decoder.log_prob(token, state)
    parts = []
    for piece in token.split(pieces(cuts), 1):
        log_prob, state = decoder.log_prob(piece, state)
        parts.append(log_prob)
    close((torch.cat(parts, 1), state), whole)


@FEW
@given(first=LENGTHS, second=LENGTHS, seed=SEEDS)
@torch.no_grad()
def test_padding_changes_nothing_and_each_row_equals_itself_alone(model, first, second, seed):
    """Twice in a row: after the first block the rows stand at different places."""
    decoder, cond = model
    state = decoder.init_state(B, cond)
    alone = [select(state, torch.tensor([row])) for row in range(B)]
    done = [0] * B
    for block, lengths in enumerate((first, [min(n, T - m) for n, m in zip(second, first, strict=True)])):
        token, junk = tokens(decoder, seed + block), tokens(decoder, seed + 7 + block)
        n = torch.tensor(lengths)
        valid = torch.arange(T) < n[:, None]
        log_prob, new = decoder.log_prob(token, state, n)
        whole = valid.view(B, T, *[1] * (token.dim() - 2))
        spoilt, same = decoder.log_prob(torch.where(whole, token, junk), state, n)
        close((log_prob[valid], new), (spoilt[valid], same))
        for row, length in enumerate(lengths):
            if length:
                one, alone[row] = decoder.log_prob(token[row : row + 1, :length], alone[row])
                close(one[0], log_prob[row, :length])
            close(alone[row], select(new, torch.tensor([row])))
            done[row] += length
        state = new


@FEW
@given(seed=SEEDS, lengths=st.none() | LENGTHS)
@torch.no_grad()
def test_inputs_are_not_mutated(model, seed, lengths):
    decoder, cond = model
    token, state = tokens(decoder, seed), decoder.init_state(B, cond)
    _, state = decoder.log_prob(token[:, :3], state)
    before = clone((token, state, cond))
    decoder.log_prob(token[:, 3:], state, None if lengths is None else torch.tensor(lengths).clamp(max=T - 3))
    decoder.generate(state, 2, Sampling(), Generator().manual_seed(0))
    close((token, state, cond), before)


@FEW
@given(seed=SEEDS, prompt=st.integers(0, T - 1), how=st.sampled_from([GREEDY, Sampling(), Sampling(0.5)]))
@torch.no_grad()
def test_generate_agrees_with_log_prob(model, seed, prompt, how):
    """Same final state as teacher forcing on what was generated; greedy tokens are the likeliest ones.

    Not so those of a NADE, whose bits are drawn one after another.
    """
    decoder, cond = model
    start = decoder.init_state(B, cond)
    if prompt:
        _, start = decoder.log_prob(tokens(decoder, seed)[:, :prompt], start)
    token, end = decoder.generate(start, T - prompt, how, Generator().manual_seed(seed))
    log_prob, forced = decoder.log_prob(token, start)
    close(end, forced)
    if how.greedy and not decoder.head.token_shape and not isinstance(decoder.head, Nade):
        y, _ = decoder.hidden(token, start)
        every = torch.arange(decoder.head.vocabulary_size)
        best = torch.stack([decoder.head.log_prob(y, t.expand(token.shape)) for t in every]).amax(0)
        close(log_prob, best)


@FEW
@given(seed=SEEDS, how=st.sampled_from([GREEDY, Sampling(), Sampling(0.5)]))
@torch.no_grad()
def test_bars_side_by_side_are_the_bars_one_by_one(model, seed, how):
    decoder, cond = model
    state = decoder.init_state(B, cond)
    together, end = decoder.generate(state, T, how, Generator().manual_seed(seed))
    uniform = torch.rand((B, T, decoder.head.draws), generator=Generator().manual_seed(seed))
    one_by_one = []
    for u in uniform.unbind(1):
        token, state = decoder.step(state, how, u)
        one_by_one.append(token)
    close((together, end), (torch.stack(one_by_one, 1), state))


@FEW
@given(seed=SEEDS, index=st.lists(st.integers(0, B - 1), min_size=1, max_size=5), lengths=LENGTHS)
@torch.no_grad()
def test_rows_commute_with_select(model, seed, index, lengths):
    decoder, cond = model
    token, rows = tokens(decoder, seed), torch.tensor(index)
    lengths = torch.tensor(lengths).clamp(max=5)
    _, state = decoder.log_prob(token[:, :5], decoder.init_state(B, cond), lengths)
    after = decoder.log_prob(token[:, 5:], state)
    close(decoder.log_prob(token[rows][:, 5:], select(state, rows)), select(after, rows))


@FEW
@given(at=st.integers(0, T - 1), seed=SEEDS)
def test_no_gradient_comes_from_the_future(model, at, seed):
    decoder, cond = model
    x = torch.randn(B, T, E, generator=Generator().manual_seed(seed), dtype=torch.float64, requires_grad=True)
    y, _ = decoder.core(x, decoder.core.init_state(B, cond))
    y[:, at].sum().backward()
    assert (x.grad[:, at + 1 :] == 0).all()
    restarts = innermost_bar(decoder.core)
    read = (x.grad[:, at] != 0).any()
    assert read == (restarts is None or at % restarts != 0), "the first input of a bar is the learned one"


def innermost_bar(core):
    """Frames between restarts of the voice, None for a core that never restarts."""
    if not isinstance(core, Conductor) or core.carry:
        return None
    return innermost_bar(core.voice) or core.bar


def test_a_carried_token_crosses_the_bar_line_and_nothing_else_does():
    decoder, cond = make("conductor-carry", "categorical")
    x = torch.randn(B, T, E, dtype=torch.float64, requires_grad=True)
    y, _ = decoder.core(x, decoder.core.init_state(B, cond))
    y[:, 5].sum().backward()
    read = (x.grad != 0).any(-1).all(0)
    assert read.tolist() == [4 <= t <= 5 for t in range(T)], "frame 4 reads the last token of the bar before"


@pytest.mark.parametrize("core", [name for name, build in CORES.items() if (innermost_bar(build()) or T) < T])
def test_nothing_but_the_plan_crosses_a_bar_line(core):
    decoder, cond = make(core, "categorical")
    bar = innermost_bar(decoder.core)
    x = torch.randn(B, T, E, dtype=torch.float64, requires_grad=True)
    y, _ = decoder.core(x, decoder.core.init_state(B, cond))
    y[:, bar + 1].sum().backward()
    assert (x.grad[:, : bar + 1] == 0).all(), "the last bar, or the first token of this one, reached it"
    assert (x.grad[:, bar + 1] != 0).any()
