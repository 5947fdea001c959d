"""Generation by the Triton kernels is generation by torch: interpreted here, and run where there is a GPU."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seqgen.core import GREEDY, Categorical, Decoder, Sampling, WaveNet
from seqgen.core.state import leaves
from tests.core.native_cases import BAR, BARS, B, E, W, Z, by_torch, make, uniforms
from tests.kernels.test_triton import needs_triton

CORES = ("fed", "not fed", "classic", "direct", "one long bar", "metre", "guided lstm", "wavenet")


@needs_triton
def test_the_interpreter_draws_what_torch_draws():
    command = [sys.executable, "-m", "tests.core.interpret_generate"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("equal\n")


def on_gpu(state):
    """A state's tensors, moved."""
    if isinstance(state, torch.Tensor):
        return state.cuda()
    return type(state)(*map(on_gpu, state)) if hasattr(state, "_fields") else tuple(map(on_gpu, state))


@pytest.mark.gpu
@pytest.mark.parametrize("how", [GREEDY, Sampling(0.7)], ids=["greedy", "0.7"])
@pytest.mark.parametrize("head", ["categorical", "bernoulli"])
@pytest.mark.parametrize("core", CORES)
def test_a_gpu_draws_what_torch_draws(monkeypatch, core, head, how):
    decoder, state = make(core, head)
    moved, there = make(core, head)[0].cuda(), on_gpu(state)
    assert moved.backend(how) == "triton float32"
    for steps in (BAR * BARS, 5, 14):
        uniform = uniforms(decoder, B, steps)
        token, new = moved.generate(there, steps, how, uniform=uniform)
        wanted, after = by_torch(monkeypatch, decoder, state, steps, how, uniform=uniform)
        assert torch.equal(token.cpu(), wanted)
        for a, b in zip(leaves(new), leaves(after), strict=True):
            torch.testing.assert_close(a.cpu(), b, rtol=1e-4, atol=1e-4)
        if steps == 5:
            state, there = after, new


@pytest.mark.gpu
def test_a_gpu_without_a_kernel_has_torch():
    with torch.no_grad():
        decoder = Decoder(WaveNet(E, 80, 7, W, Z, (1, 2)), Categorical(W, 11, E)).cuda()
        decoder.generate(decoder.init_state(B, torch.zeros(B, Z).cuda()), 3, GREEDY)
    assert decoder.backend(GREEDY) == "torch"


@pytest.mark.gpu
def test_weights_that_changed_are_read_again():
    decoder, state = make("fed")
    decoder.cuda()
    uniform = uniforms(decoder, B, 9)
    first, _ = decoder.generate(on_gpu(state), 9, Sampling(), uniform=uniform, precision="bfloat16")
    with torch.no_grad():
        decoder.head.logits.bias.copy_(torch.arange(11.0).cuda() * -40)
    assert (
        decoder.generate(on_gpu(state), 9, Sampling(), uniform=uniform, precision="bfloat16")[0] == 0
    ).all()
    assert first.any()
