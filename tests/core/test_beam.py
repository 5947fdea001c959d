"""Beam search against all sequences there are."""

from __future__ import annotations

import itertools

import pytest
import torch

from seqgen.core import LSTM, Categorical, Decoder, beam_search, select

V, Z, END, STEPS = 4, 3, 1, 4


@pytest.fixture
def decoder():
    torch.manual_seed(2)
    decoder = Decoder(LSTM(5, 8, Z), Categorical(8, V, 5)).double().eval()
    with torch.no_grad():
        decoder.head.logits.weight.mul_(6)  # so that the distributions are not flat
    return decoder


def score(decoder, state, tokens, penalty):
    log_p, _ = decoder.log_prob(torch.tensor([tokens]), state)
    return float(log_p.sum()) / ((5 + len(tokens)) / 6) ** penalty


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
@torch.no_grad()
def test_a_beam_as_wide_as_the_tree_finds_the_best_sequence(decoder, penalty):
    state = decoder.init_state(2, torch.randn(2, Z, dtype=torch.float64))
    steps = torch.tensor([STEPS, STEPS])
    found = beam_search(decoder, state, V**STEPS, steps, END, length_penalty=penalty)
    for row in range(2):
        alone = select(state, torch.tensor([row]))
        others = [t for t in range(V) if t != END]
        every = [[*tokens, END] for n in range(STEPS) for tokens in itertools.product(others, repeat=n)]
        best = max(every, key=lambda tokens: score(decoder, alone, tokens, penalty))
        assert [*found.token[row], END] == best
        assert float(found.score[row]) == pytest.approx(score(decoder, alone, best, penalty), abs=1e-6)


@torch.no_grad()
def test_rows_do_not_touch_one_another(decoder):
    state = decoder.init_state(3, torch.randn(3, Z, dtype=torch.float64))
    steps = torch.tensor([2, 4, 3])
    together = beam_search(decoder, state, 3, steps, END)
    for row in range(3):
        one = torch.tensor([row])
        alone = beam_search(decoder, select(state, one), 3, steps[one], END)
        assert together.token[row] == alone.token[0]
        assert len(together.token[row]) <= int(steps[row])


@torch.no_grad()
def test_a_token_that_never_comes(decoder):
    state = decoder.init_state(2, torch.randn(2, Z, dtype=torch.float64))
    for never in (0, 2, 3):
        found = beam_search(decoder, state, 4, torch.tensor([6, 6]), END, never=never)
        assert all(never not in tokens for tokens in found.token)
