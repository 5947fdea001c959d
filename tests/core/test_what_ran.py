"""`generate` says what has run, and packed weights go with their decoder and not with a copy of it."""

import copy
import logging
import pickle

import pytest
import torch

from seqgen.core import GREEDY, LSTM, Categorical, Decoder, ResidualLSTM, Sampling
from seqgen.kernels.native.library import load
from tests.core.native_cases import BAR, BARS, B, E, W, Z, make, uniforms

native = pytest.mark.skipif(load() is None, reason="the native library is not built here")


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "seqgen")

    def once():
        (message,) = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return message

    return once


@native
@pytest.mark.parametrize("core", ["fed", "direct", "wavenet"])
@pytest.mark.parametrize("precision", [None, "bfloat16", "int8"])
def test_the_kernel_that_ran_is_named_once_a_call(said, core, precision):
    decoder, state = make(core)
    decoder.generate(state, BAR * BARS, Sampling(), precision=precision)
    assert said() == f"decoding: native {precision or 'float32'} {load().level}"
    assert decoder.precision_of(Sampling(), precision) == (precision or "float32")


def test_why_torch_ran_is_said(said):
    decoder, state = make("fed")
    decoder.generate(state, 3, Sampling(top_k=2), precision="int8")
    assert said() == "decoding: torch (no kernel for top_k and top_p)"
    assert decoder.precision_of(Sampling(top_k=2), "int8") == "float32"
    double, state = make("fed")
    double.double()
    doubled = state._replace(core=type(state.core)(*(x.double() for x in state.core)))
    double.generate(doubled, 3, GREEDY, precision="bfloat16")
    assert said() == "decoding: torch (the weights are float64 on cpu)"
    assert double.precision_of(GREEDY, "bfloat16") == "float64"
    with torch.no_grad():
        residual = Decoder(ResidualLSTM(E, W, 2), Categorical(W, 11, E))
        residual.generate(residual.init_state(B, torch.zeros(B, 0)), 3, GREEDY)
    assert said() == "decoding: torch (no kernel for ResidualLSTM and Categorical)"


@native
def test_a_run_that_the_kernels_gave_back_is_torch_s(said):
    """What `backend` cannot know before: where the rows stand, and whether they may end."""
    decoder, state = make("direct")
    prompt = torch.zeros(B, 4, dtype=torch.long)
    with torch.no_grad():
        _, apart = decoder.log_prob(prompt, state, torch.tensor([1, 4, 2]))
    decoder.generate(apart, 3, GREEDY)
    assert said() == "decoding: torch (the rows stand at different places)"
    decoder.generate(state, 3, GREEDY, end=1)
    assert said() == "decoding: torch (rows may end in different bars)"


@native
def test_a_copy_packs_its_own_weights():
    decoder, state = make("fed")
    uniform = uniforms(decoder, B, 6)
    token, _ = decoder.generate(state, 6, GREEDY, uniform=uniform)
    assert decoder.packs._kept
    for other in (copy.deepcopy(decoder), pickle.loads(pickle.dumps(decoder))):
        assert not other.packs._kept
        with torch.no_grad():
            other.head.logits.bias[3] += 100
        assert (other.generate(state, 6, GREEDY, uniform=uniform)[0] == 3).all()
        assert torch.equal(decoder.generate(state, 6, GREEDY, uniform=uniform)[0], token)
    assert not any("packs" in name for name in decoder.state_dict())


@native
def test_loaded_and_converted_weights_are_packed_again():
    decoder, state = make("fed")
    uniform = uniforms(decoder, B, 6)
    token, _ = decoder.generate(state, 6, GREEDY, uniform=uniform)
    changed = {name: value.clone() for name, value in decoder.state_dict().items()}
    changed["head.logits.bias"][3] += 100
    for assign in (False, True):
        own = copy.deepcopy(decoder)
        own.generate(state, 6, GREEDY, uniform=uniform)
        own.load_state_dict(changed, assign=assign)
        assert (own.generate(state, 6, GREEDY, uniform=uniform)[0] == 3).all()
    decoder.to(torch.float64)
    with torch.no_grad():
        decoder.head.logits.bias[5] += 1000
    decoder.to(torch.float32)
    assert (decoder.generate(state, 6, GREEDY, uniform=uniform)[0] == 5).all()
    assert not torch.equal(token, torch.full_like(token, 5))


@native
def test_modules_do_not_share_what_is_packed():
    head = Categorical(W, 11, E)
    core = LSTM(E, W, Z)
    one, two = Decoder(core, head), Decoder(core, head)
    with torch.no_grad():
        state = one.init_state(B, torch.zeros(B, Z))
    one.generate(state, 2, GREEDY)
    assert one.packs._kept
    assert not two.packs._kept
