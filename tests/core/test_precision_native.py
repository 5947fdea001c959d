"""What weights of less precision do to the distributions of the shipped models."""

import pytest
import torch
from torch import Generator

import seqgen
from seqgen.core import Sampling
from seqgen.kernels.native.library import load
from tests.core.kernel_divergence import MOST, by_part, divergence, drawn_divergence

SHIPPED = ("mel-2bar", "mel-16bar", "drums-2bar", "melody-lm", "trio-16bar")
native = pytest.mark.skipif(load() is None, reason="the native library is not built here")


@native
@torch.no_grad()
@pytest.mark.parametrize(("precision", "most"), MOST.items())
@pytest.mark.parametrize("name", SHIPPED)
def test_less_precise_weights_hardly_change_a_distribution(name, precision, most):
    model = seqgen.load(name)
    if name == "melody-lm":
        decoder, steps = model.lm.decoder, 64
        state = rounded = model.lm.init_state(4)
    else:
        decoder, steps = model.vae.decoder, model.vae.config.steps
        codes = torch.randn(4, model.vae.config.latent, generator=Generator().manual_seed(6))
        state, rounded = decoder.init_state(4, codes), decoder.init_state(4, codes, precision)
    token, _ = decoder.generate(state, steps, Sampling(), Generator().manual_seed(7))
    measure = by_part if name == "trio-16bar" else lambda *given: [divergence(*given)]
    for part in measure(decoder, token, state, rounded, precision):
        kl = part.mean()
        assert kl < most
        if precision != "float32":
            assert kl > 1e-9, "the weights were not rounded"


@native
@torch.no_grad()
@pytest.mark.parametrize(("precision", "most"), MOST.items())
def test_nor_do_they_change_one_of_sound(precision, most):
    wavenet = seqgen.load("digits-wavenet").wavenet
    state = wavenet.init_state(wavenet.told(torch.tensor([7]), torch.tensor([1])), torch.tensor([2000]))
    token, _ = wavenet.decoder.generate(state, 80, Sampling(), Generator().manual_seed(8))
    kl = drawn_divergence(wavenet.decoder, token, state, [40, 0, 79], precision).mean()
    assert kl < most
    if precision != "float32":
        assert kl > 1e-9, "the weights were not rounded"
