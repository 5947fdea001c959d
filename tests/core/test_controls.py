"""Controls: what each step is told beside the token before it, at once, in steps, and in lanes of bars."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from seqgen.core import (
    GREEDY,
    LSTM,
    Categorical,
    Conductor,
    Decoder,
    Groove,
    Guided,
    Metre,
    Planner,
    Product,
    Sampling,
    Voices,
    WaveNet,
)
from seqgen.core.state import leaves
from seqgen.kernels.native.library import load
from tests.core.native_cases import by_torch, uniforms
from tests.core.native_cases import close as native_close

B, T, Z, E, W, C, BAR = 3, 12, 5, 6, 8, 2, 4


def conducted() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)
    voice = LSTM(E + C + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2, controls=C)


CORES = {
    "lstm": lambda: LSTM(E + C, W, Z),
    "metre": lambda: Metre(LSTM(E + C, W, Z), 5),
    "conductor": conducted,
}
HEADS = {"categorical": lambda: Categorical(W, 7, E), "groove": lambda: Groove(W, 2, E)}


@pytest.fixture(params=[(core, head) for core in CORES for head in HEADS], ids="-".join)
def model(request):
    torch.manual_seed(1)
    core, head = request.param
    decoder = Decoder(CORES[core](), HEADS[head](), C).double().eval()
    token = torch.randint(7, (B, T)) if head == "categorical" else torch.rand(B, T, 6).double().round()
    return decoder, token, torch.randn(B, Z).double(), torch.randn(B, T, C).double()


def close(a, b):
    for left, right in zip(leaves(a), leaves(b), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_how_a_sequence_is_cut_changes_nothing(model):
    decoder, token, cond, controls = model
    state = decoder.init_state(B, cond)
    whole = decoder.log_prob(token, state, controls=controls)
    parts, done = [], 0
    for cut in (1, 4, 2, 5):
        here = slice(done, done + cut)
        part, state = decoder.log_prob(token[:, here], state, controls=controls[:, here])
        parts.append(part)
        done += cut
    close((torch.cat(parts, 1), state), whole)


@torch.no_grad()
@pytest.mark.parametrize("how", [GREEDY, Sampling()], ids=["greedy", "drawn"])
def test_generation_reads_the_controls_of_its_steps(model, how):
    """Together, step by step, and teacher forced on what was drawn: one way."""
    decoder, _, cond, controls = model
    state = decoder.init_state(B, cond)
    uniform = torch.rand((B, T, decoder.head.draws), generator=Generator().manual_seed(3)).double()
    token, end = decoder.generate(state, T, how, uniform=uniform, controls=controls)
    close(end, decoder.log_prob(token, state, controls=controls)[1])
    steps, step = [], state
    for t, u in enumerate(uniform.unbind(1)):
        drawn, step = decoder.step(step, how, u, controls[:, t])
        steps.append(drawn)
    close((torch.stack(steps, 1), step), (token, end))


@pytest.mark.parametrize("at", [0, 4, 6])
def test_a_control_is_read_at_its_own_step_and_never_before(model, at):
    """Also at the first step of a bar, where a conductor puts a vector of its own in the token's place."""
    decoder, token, cond, controls = model
    controls.requires_grad_()
    y, _ = decoder.hidden(token, decoder.init_state(B, cond), controls=controls)
    y[:, at].sum().backward()
    assert (controls.grad[:, at] != 0).any(-1).all()
    assert (controls.grad[:, at + 1 :] == 0).all()


def test_controls_that_are_missing_or_too_many_are_named(model):
    decoder, token, cond, controls = model
    state = decoder.init_state(B, cond)
    with pytest.raises(ValueError, match="controls: expected 2 numbers a step, got 0"):
        decoder.log_prob(token, state)
    with pytest.raises(ValueError, match="controls: expected 2 numbers a step, got 1"):
        decoder.generate(state, 2, GREEDY, controls=controls[:, :2, :1])
    with pytest.raises(ValueError, match="head embeds 6 and controls are 3"):
        Decoder(decoder.core, decoder.head, 3)


def voices() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    tail = C + planner.segment_size
    each = [LSTM(E + tail, W, planner.bar_size, feed_cond=False) for _ in range(2)]
    return Conductor(Voices(each, tail), planner, BAR, metre=2, controls=C)


def carrying() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, reads=False)
    return Conductor(LSTM(E + C, W, planner.bar_size, layers=2), planner, BAR, controls=C, carry=True)


def guided() -> Guided:
    return Guided(LSTM(E + C + 3, W, Z), 3, 7)


def wavenet() -> WaveNet:
    return WaveNet(E + C, 12, 7, W, Z, (1, 2, 4), local_size=C)


SERVED = {**CORES, "carry": carrying, "guided": guided, "voices": voices, "wavenet": wavenet}


@pytest.mark.skipif(load() is None, reason="the native library is not built here")
@pytest.mark.parametrize("name", SERVED)
def test_the_native_kernel_reads_controls_as_torch_does(monkeypatch, name):
    """Cut at places where the kernel stands within a bar."""
    torch.manual_seed(2)
    head = Categorical(W, 7, E)
    if name == "voices":
        head = Product([head, Categorical(W, 5, E)], widths=(W, W))
    decoder = Decoder(SERVED[name](), head, C)
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.mul_(3)
        state = decoder.init_state(B, torch.randn(B, Z))
    if name == "guided":
        state = state._replace(core=decoder.core.follow(state.core, torch.randn(B, 4, 3)))
    controls, uniform = torch.randn(B, T, C), uniforms(decoder, B, T)
    assert decoder.backend(Sampling()).startswith("native float32 ")
    done = 0
    for steps in (6, 5, 1):
        here = slice(done, done + steps)
        given = {"uniform": uniform[:, here], "controls": controls[:, here]}
        got = decoder.generate(state, steps, Sampling(), **given)
        native_close(got, by_torch(monkeypatch, decoder, state, steps, Sampling(), **given))
        other = decoder.generate(
            state, steps, Sampling(), uniform=uniform[:, here], controls=-controls[:, here]
        )
        assert not all(torch.equal(x, y) for x, y in zip(leaves(other[1]), leaves(got[1]), strict=True))
        state, done = got[1], done + steps


@pytest.mark.parametrize("head", ["groove"])
def test_torch_serves_grooves(head):
    assert Decoder(LSTM(E + C, W, Z), HEADS[head](), C).backend(GREEDY) == "torch"
