"""Grooves: the loss of GrooVAE, drawn hits with velocities and offsets that follow."""

from __future__ import annotations

import pytest
import torch

from seqgen.core import GREEDY, LSTM, Decoder, Groove, Sampling

K = 3


@pytest.fixture
def head():
    torch.manual_seed(0)
    return Groove(8, K, 6)


def test_log_prob_is_the_loss_of_groovae_with_the_sign_changed(head):
    y, token = torch.randn(4, 8), torch.rand(4, 3 * K)
    token[:, :K] = token[:, :K].round()
    out = (y @ head.output.weight.T + head.output.bias).detach().double()
    p, wanted = out[:, :K].sigmoid(), token.double()
    hits = -(wanted[:, :K] * (p + 1e-7).log() + (1 - wanted[:, :K]) * (1 - p + 1e-7).log()).sum(1)
    velocity = ((out[:, K : 2 * K].sigmoid() - wanted[:, K : 2 * K]) ** 2).sum(1)
    offset = ((out[:, 2 * K :].tanh() - wanted[:, 2 * K :]) ** 2).sum(1)
    got = head.log_prob(y, token).detach().double()
    torch.testing.assert_close(got, -(hits + velocity + offset), rtol=1e-5, atol=1e-6)


def test_hits_are_drawn_and_velocity_and_offset_follow(head):
    y = torch.randn(1, 8).expand(20_000, 8)
    token = head.sample(y, Sampling(), torch.rand(20_000, K)).detach()
    out = head.output(y[0]).detach()
    torch.testing.assert_close(token[:, :K].mean(0), out[:K].sigmoid(), atol=0.015, rtol=0)
    assert set(token[:, :K].unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(token[:, K : 2 * K], out[K : 2 * K].sigmoid().expand(20_000, K))
    torch.testing.assert_close(token[:, 2 * K :], out[2 * K :].tanh().expand(20_000, K))
    greedy = head.sample(y[:1], GREEDY, torch.zeros(1, K))[0, :K]
    assert torch.equal(greedy, (out[:K] > 0).float())


def test_start_and_blank_are_embedded_apart_from_silence(head):
    start = head.starts(1, torch.device("cpu"))
    e = head.embed(torch.cat([torch.zeros(1, 3 * K), start, torch.full_like(start, head.blank)]))
    assert len(torch.unique(e, dim=0)) == 3
    torch.testing.assert_close(e[0], head.embedding.linear.bias)


def test_a_decoder_writes_grooves_and_has_no_end_token(head):
    decoder = Decoder(LSTM(6, 8, 5), head)
    with torch.no_grad():
        state = decoder.init_state(2, torch.randn(2, 5))
    token, after = decoder.generate(state, 7, Sampling())
    assert token.shape == (2, 7, 3 * K)
    assert torch.equal(after.previous, token[:, -1])
    with pytest.raises(ValueError, match="have no end"):
        decoder.generate(state, 7, Sampling(), end=1)
