"""Generation by the native kernels is generation by torch: same tokens, same state, and chosen by itself."""

import copy
import pickle

import pytest
import torch
from torch import Generator

import seqgen
from seqgen.core import (
    GREEDY,
    LSTM,
    Categorical,
    Conductor,
    Decoder,
    Planner,
    ResidualLSTM,
    Sampling,
    fast_cores,
    fast_decode,
)
from seqgen.core.state import leaves, select
from seqgen.kernels.native.library import load
from tests.core.native_cases import (
    BAR,
    BARS,
    CORES,
    HEADS,
    B,
    E,
    W,
    Z,
    by_torch,
    close,
    make,
    uniforms,
    wavenet,
)

SHIPPED = ("mel-2bar", "mel-16bar", "drums-2bar", "trio-16bar")
native = pytest.mark.skipif(load() is None, reason="the native library is not built here")


@native
@pytest.mark.parametrize("how", [GREEDY, Sampling(), Sampling(0.5)], ids=["greedy", "1", "0.5"])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("core", CORES)
def test_the_native_kernel_draws_what_torch_draws(monkeypatch, core, head, how):
    """Also from the middle of a bar over bar lines, which no lanes can do."""
    decoder, state = make(core, head)
    assert decoder.backend(how).startswith("native float32 ")
    for steps in (BAR * BARS, 5, 14):
        uniform = uniforms(decoder, B, steps)
        got = decoder.generate(state, steps, how, uniform=uniform)
        close(got, by_torch(monkeypatch, decoder, state, steps, how, uniform=uniform))
        if steps == 5:
            state = got[1]


@native
@pytest.mark.parametrize("core", CORES)
def test_how_generation_is_cut_changes_nothing(core):
    decoder, state = make(core)
    uniform = uniforms(decoder, B, BAR * BARS)
    whole = decoder.generate(state, BAR * BARS, Sampling(), uniform=uniform)
    tokens, done = [], 0
    for cut in (3, 5, 9, 1, 14):
        token, state = decoder.generate(state, cut, Sampling(), uniform=uniform[:, done : done + cut])
        tokens.append(token)
        done += cut
    close((torch.cat(tokens, 1), state), whole)


@native
@pytest.mark.parametrize("temperature", [1.0, 0.0])
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_draw_the_same_tokens(monkeypatch, name, temperature):
    vae, how = seqgen.load(name).vae, Sampling(temperature)
    z = torch.randn(2, vae.config.latent, generator=Generator().manual_seed(5))
    with torch.no_grad():
        state = vae.decoder.init_state(2, z)
    given = state, vae.config.steps, how
    uniform = uniforms(vae.decoder, 2, vae.config.steps)
    assert vae.decoder.backend(how).startswith("native float32 ")
    got = vae.decoder.generate(*given, uniform=uniform)
    close(got, by_torch(monkeypatch, vae.decoder, *given, uniform=uniform))


@native
def test_changed_weights_are_used():
    """Written in place, replaced by a tensor that may get the old one's memory, and loaded."""
    decoder, state = make("direct")
    uniform = uniforms(decoder, B, BAR)
    before = decoder.generate(state, BAR, GREEDY, uniform=uniform)[0]
    with torch.no_grad():
        decoder.head.logits.bias[3] += 100
    assert (decoder.generate(state, BAR, GREEDY, uniform=uniform)[0] == 3).all()
    for token in range(5):
        bias = torch.zeros(11)
        bias[token] = 1000
        decoder.head.logits.bias = torch.nn.Parameter(bias)
        assert (decoder.generate(state, BAR, GREEDY, uniform=uniform)[0] == token).all()
    decoder.load_state_dict(make("direct")[0].state_dict())
    assert torch.equal(decoder.generate(state, BAR, GREEDY, uniform=uniform)[0], before)


@native
def test_weights_made_in_inference_mode_are_served(monkeypatch):
    """They do not count their changes, and are looked at instead."""
    with torch.inference_mode():
        decoder, state = make("wavenet")
        uniform = uniforms(decoder, B, 9)
        assert decoder.backend(Sampling()).startswith("native")
        for _ in range(2):
            got = decoder.generate(state, 9, Sampling(), uniform=uniform)
            close(got, by_torch(monkeypatch, decoder, state, 9, Sampling(), uniform=uniform))
            for weight in decoder.parameters():
                weight.mul_(1.1)


@native
@pytest.mark.parametrize("core", ["guided wavenet", "guided lstm"])
def test_a_guide_is_followed_over_blocks(monkeypatch, core):
    decoder, state = make(core)
    uniform = uniforms(decoder, B, 40)
    whole = decoder.generate(state, 40, Sampling(), uniform=uniform)
    monkeypatch.setattr(fast_cores, "BLOCK", 9)
    close(decoder.generate(state, 40, Sampling(), uniform=uniform), whole)


@native
def test_packed_weights_are_no_part_of_the_module():
    decoder, state = make()
    names = set(decoder.state_dict())
    token, _ = decoder.generate(state, 7, GREEDY)
    for again in (copy.deepcopy(decoder), pickle.loads(pickle.dumps(decoder))):
        assert set(again.state_dict()) == names
        assert torch.equal(again.generate(state, 7, GREEDY)[0], token)


@pytest.mark.parametrize("served", [True, False], ids=["native", "torch"])
@pytest.mark.parametrize("core", ["fed", "direct", "metre", "wavenet", "guided wavenet"])
def test_an_ended_row_is_held(monkeypatch, core, served):
    """What comes after the token `end` is `end`, and the row's state is that after it had been drawn."""
    if not served:
        monkeypatch.setattr(fast_decode, "library_for", lambda decoder, how: "a test asks for torch")
    decoder, state = make(core)
    uniform = uniforms(decoder, B, BAR * BARS, seed=4)
    free, _ = decoder.generate(state, BAR * BARS, Sampling(), uniform=uniform)
    end = int(free[1, 9])
    token, after = decoder.generate(state, BAR * BARS, Sampling(), uniform=uniform, end=end)
    for row in range(B):
        hits = (free[row] == end).nonzero().flatten().tolist()
        until = hits[0] + 1 if hits else BAR * BARS
        assert torch.equal(token[row, :until], free[row, :until])
        assert (token[row, until:] == end).all()
        alone = select(state, torch.tensor([row]))
        _, wanted = decoder.generate(alone, until, Sampling(), uniform=uniform[row : row + 1, :until])
        for x, y in zip(leaves(select(after, torch.tensor([row]))), leaves(wanted), strict=True):
            torch.testing.assert_close(x, y, rtol=1e-4, atol=2e-5)
    again, held = decoder.generate(select(after, torch.tensor([1])), 3, Sampling(), end=end)
    assert (again == end).all()
    for x, y in zip(leaves(held), leaves(select(after, torch.tensor([1]))), strict=True):
        assert torch.equal(x, y)


def test_settings_are_checked():
    decoder, state = make()
    with pytest.raises(ValueError, match=r"end must be a token of 0 .. 10, got 11"):
        decoder.generate(state, 3, GREEDY, end=11)


@native
def test_a_bad_uniform_number_is_named():
    decoder, state = make()
    uniform = uniforms(decoder, B, 4)
    uniform[2, 1] = 1.0
    with pytest.raises(ValueError, match=r"uniform\[2, 1, 0\] must lie in \[0, 1\), got 1"):
        decoder.generate(state, 4, Sampling(), uniform=uniform)


def test_torch_serves_what_the_kernels_do_not_know(monkeypatch):
    decoder, state = make()
    assert decoder.backend(Sampling(top_k=3)) == decoder.backend(Sampling(top_p=0.5)) == "torch"
    with torch.autocast("cpu", torch.bfloat16):
        assert decoder.backend(GREEDY) == "torch"
    assert Decoder(ResidualLSTM(E, W, 2), Categorical(W, 11, E)).backend(GREEDY) == "torch"
    assert (
        Decoder(wavenet(2), Categorical(W, 11, E + 2)).backend(GREEDY) == "torch"
    )  # part of the token is local
    nested = Conductor(Conductor(LSTM(E, W, 5), Planner(7, 2, width=5), 2), Planner(Z, 2, width=7), 4)
    assert Decoder(nested, Categorical(W, 11, E)).backend(GREEDY) == "torch"
    token = decoder.generate(state, 5, GREEDY)[0]
    monkeypatch.setattr(fast_decode, "LARGEST_TABLE", 100)
    assert decoder.backend(GREEDY) == "torch"
    assert torch.equal(decoder.generate(state, 5, GREEDY)[0], token)
    monkeypatch.undo()
    monkeypatch.setattr(fast_decode, "choose", lambda device, backend: "torch")  # no library
    assert decoder.backend(GREEDY) == "torch"
    assert torch.equal(decoder.generate(state, 5, GREEDY)[0], token)
    assert decoder.double().backend(GREEDY) == "torch"


@native
def test_the_backend_says_precision_and_level():
    decoder, _ = make("direct")
    assert decoder.backend(GREEDY, "int8") == f"native int8 {load().level}"


def test_rows_at_different_places_go_on():
    """A conductor's rows after prompts of different lengths: torch serves them."""
    decoder, state = make("direct")
    prompt = torch.zeros(B, 4, dtype=torch.long)
    with torch.no_grad():
        _, state = decoder.log_prob(prompt, state, torch.tensor([1, 4, 2]))
    uniform = uniforms(decoder, B, 6)
    together, _ = decoder.generate(state, 6, Sampling(), uniform=uniform)
    for row in range(B):
        alone = select(state, torch.tensor([row]))
        token, _ = decoder.generate(alone, 6, Sampling(), uniform=uniform[row : row + 1])
        assert torch.equal(token[0], together[row])
