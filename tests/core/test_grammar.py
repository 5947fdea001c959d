"""Grammars in generation: what is not allowed is never drawn, and nothing else changes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Generator, Tensor

from seqgen.core import (
    GREEDY,
    LSTM,
    Bernoulli,
    Categorical,
    Conductor,
    Decoder,
    Grammar,
    Planner,
    Sampling,
    UntilEnd,
    follow,
)
from seqgen.core.grammar import last_lanes
from seqgen.core.state import leaves, tree_map

B, T, Z, E, W, V, BAR = 3, 12, 5, 6, 8, 7, 4
CPU = torch.device("cpu")


class Rising(NamedTuple):
    least: Tensor
    position: Tensor


class RisingBars:
    """Each bar of four tokens rises: a grammar with a memory."""

    def init_state(self, batch_size, device):
        zero = torch.zeros(batch_size, dtype=torch.long, device=device)
        return Rising(zero, zero)

    def allowed(self, state):
        room = V - (BAR - 1 - state.position)[:, None]  # the tokens behind it must fit too
        token = torch.arange(V)
        return (token >= state.least[:, None]) & (token < room)

    def advance(self, state, token):
        position = (state.position + 1) % BAR
        return Rising((token + 1) * (position > 0), position)

    def filling(self, state):
        return torch.zeros_like(state.least, dtype=torch.bool)

    def split(self, state, steps, lanes):
        if steps != lanes * BAR or bool(state.position.any()):
            return None
        return tree_map(lambda leaf: leaf.repeat_interleave(lanes, 0), state)

    def join(self, state, lanes, steps):
        return last_lanes(lanes, len(state.position))


def decoder_of(core: str) -> tuple[Decoder, Tensor]:
    torch.manual_seed(1)
    planner = Planner(Z, T // BAR, width=7)
    cores = {"lstm": LSTM(E, W, Z), "conductor": Conductor(LSTM(E, W, 7), planner, BAR)}
    decoder = Decoder(cores[core], Categorical(W, V, E)).double().eval()
    return decoder, torch.randn(B, Z).double()


@pytest.fixture(params=["lstm", "conductor"])
def model(request):
    return decoder_of(request.param)


@pytest.mark.parametrize("how", [GREEDY, Sampling(), Sampling(5.0, top_k=3), Sampling(top_p=0.5)], ids=str)
def test_only_what_is_allowed_is_drawn(model, how):
    decoder, cond = model
    cond = cond.repeat(20, 1)
    token, state = decoder.generate(
        decoder.init_state(len(cond), cond), T, how, Generator().manual_seed(0), grammar=RisingBars()
    )
    assert (token.unflatten(1, (-1, BAR)).diff(dim=2) > 0).all()
    assert (state.rules.position == 0).all()


@pytest.mark.parametrize("how", [GREEDY, Sampling()], ids=["greedy", "drawn"])
@torch.no_grad()
def test_allowed_tokens_keep_their_proportions(model, how):
    """Step by step from the decoder's own distribution, cut down and renormalised."""
    decoder, cond = model
    uniform = torch.rand(B, T, 1, generator=Generator().manual_seed(0), dtype=torch.float64)
    token, end = decoder.generate(decoder.init_state(B, cond), T, how, uniform=uniform, grammar=RisingBars())
    y, forced = decoder.hidden(token, decoder.init_state(B, cond))
    p = decoder.head.logits(y).softmax(-1)
    rules = RisingBars().init_state(B, CPU)
    for step in range(T):
        cut = p[:, step] * RisingBars().allowed(rules)
        if how.greedy:
            expected = cut.argmax(1)
        else:
            total = cut.cumsum(1)
            expected = (total <= uniform[:, step] * total[:, -1:]).sum(1)
        assert torch.equal(token[:, step], expected)
        rules = RisingBars().advance(rules, expected)
    for a, b in zip(leaves(end.core), leaves(forced.core), strict=True):
        torch.testing.assert_close(a, b)
    assert torch.equal(end.rules.least, rules.least)


def test_how_generation_is_cut_changes_nothing(model):
    decoder, cond = model
    uniform = torch.rand(B, T, 1, generator=Generator().manual_seed(0), dtype=torch.float64)
    start = decoder.init_state(B, cond)
    whole, _ = decoder.generate(start, T, Sampling(), uniform=uniform, grammar=RisingBars())
    pieces, state = [], start
    for a, b in ((0, 1), (1, 6), (6, 8), (8, 12)):
        piece, state = decoder.generate(
            state, b - a, Sampling(), uniform=uniform[:, a:b], grammar=RisingBars()
        )
        pieces.append(piece)
    assert torch.equal(torch.cat(pieces, 1), whole)
    assert torch.equal(follow(RisingBars(), RisingBars().init_state(B, CPU), whole).least, state.rules.least)


def test_nothing_follows_an_end_until_the_next_segment():
    decoder, cond = decoder_of("conductor")
    grammar = UntilEnd(V, end=2, segment=BAR)
    assert isinstance(grammar, Grammar)
    assert isinstance(RisingBars(), Grammar)
    cond = cond.repeat(30, 1)
    start = decoder.init_state(len(cond), cond)
    token, _ = decoder.generate(start, T, Sampling(), Generator().manual_seed(0), grammar=grammar)
    bars = token.unflatten(1, (-1, BAR))
    ended = (bars == 2).long().cumsum(2) > 0
    assert (bars[ended] == 2).all()
    assert 0.2 < ended.float().mean() < 0.8
    one_by_one, state = [], start._replace(rules=grammar.init_state(len(cond), CPU))
    uniform = torch.rand(len(cond), T, 1, generator=Generator().manual_seed(0))
    for u in uniform.unbind(1):
        piece, state = decoder.step(state, Sampling(), u, grammar=grammar)
        one_by_one.append(piece)
    assert torch.equal(torch.stack(one_by_one, 1), token)


def test_a_head_of_bits_has_no_grammar():
    decoder = Decoder(LSTM(E, W, Z), Bernoulli(W, 3, E))
    with pytest.raises(ValueError, match="Bernoulli"):
        decoder.generate(decoder.init_state(1, torch.zeros(1, Z)), 2, GREEDY, grammar=RisingBars())


def test_torch_serves_where_there_is_a_grammar():
    decoder = decoder_of("lstm")[0].float()
    assert decoder.precision_of(GREEDY, "bfloat16", RisingBars()) == "float32"
