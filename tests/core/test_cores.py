"""Cores against independent oracles, and what the conductor says of a piece that is too long."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqgen.core import GREEDY, LSTM, Categorical, Conductor, Decoder, Planner
from seqgen.core.state import copy_, leaves, select, where


def test_lstm_is_torchs_lstm_from_the_bridged_state():
    core, cond, x = LSTM(6, 8, 5, layers=2), torch.randn(3, 5), torch.randn(3, 7, 6)
    y, state = core(x, core.init_state(3, cond))
    oracle = nn.LSTM(11, 8, 2, batch_first=True)
    oracle.load_state_dict(core.rnn.state_dict())
    h, c = core.bridge(cond).tanh().view(3, 2, 2, 8).permute(1, 2, 0, 3).contiguous()
    expected, (hn, cn) = oracle(torch.cat([x, cond[:, None].expand(-1, 7, -1)], -1), (h, c))
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close((state.h.transpose(0, 1), state.c.transpose(0, 1)), (hn, cn))


def test_a_conductor_is_its_voice_run_bar_by_bar_from_the_plan():
    """Written out the slow way: one bar after the other, each from its own plan."""
    planner = Planner(5, 3, width=7, segments=2, segment_size=3)
    nn.init.normal_(planner.correction.weight)
    voice = LSTM(6 + 3, 8, planner.bar_size, feed_cond=False)
    core, cond, x = Conductor(voice, planner, 4, metre=4), torch.randn(2, 5), torch.randn(2, 12, 6)
    y, _ = core(x, core.init_state(2, cond))
    bars, segments = planner(cond)
    for u in range(3):
        state = voice.init_state(2, bars[:, u])
        for t in range(4):
            token = core.first.expand(2, -1) if t == 0 else x[:, 4 * u + t]
            read = torch.cat([token + core.beat.weight[t], segments[:, u, t // 2]], -1)
            out, state = voice(read[:, None], state)
            torch.testing.assert_close(y[:, 4 * u + t], out[:, 0])


def test_a_conductor_refuses_more_frames_than_it_planned():
    core = Conductor(LSTM(6, 8, 7), Planner(5, 2, width=7), 4)
    state = core.init_state(1, torch.randn(1, 5))
    with pytest.raises(ValueError, match=r"expected at most 8 frames.*got 9"):
        core(torch.randn(1, 9, 6), state)
    y, _ = core(torch.randn(1, 9, 6), state, torch.tensor([8]))  # padding may reach past the plan
    assert y.shape == (1, 9, 8)


def test_a_core_and_a_head_must_fit():
    with pytest.raises(ValueError, match="core reads 6"):
        Decoder(LSTM(6, 8, 5), Categorical(8, 7, 4))


def test_generation_continues_where_it_stopped():
    decoder = Decoder(LSTM(6, 8, 5), Categorical(8, 7, 6))
    state = decoder.init_state(2, torch.randn(2, 5))
    whole, _ = decoder.generate(state, 9, GREEDY)
    first, state = decoder.generate(state, 4, GREEDY)
    second, _ = decoder.generate(state, 5, GREEDY)
    assert torch.equal(torch.cat([first, second], 1), whole)


def test_tree_functions_keep_structure_and_rows():
    core = Conductor(LSTM(6, 8, 7), Planner(5, 2, width=7), 4)
    a, b = core.init_state(3, torch.randn(3, 5)), core.init_state(3, torch.randn(3, 5))
    mixed = where(torch.tensor([True, False, True]), a, b)
    assert type(mixed) is type(a)
    for m, x, y in zip(leaves(mixed), leaves(a), leaves(b), strict=True):
        assert torch.equal(m[[0, 2]], x[[0, 2]])
        assert torch.equal(m[1], y[1])
    copied = select(a, torch.arange(3))
    copy_(copied, b)
    assert all(torch.equal(x, y) for x, y in zip(leaves(copied), leaves(b), strict=True))
