"""What weights of less precision do to the distributions of the shipped models."""

import pytest
import torch
from torch import Generator

import seqgen
from seqgen.core import GREEDY, Bernoulli, Sampling, fast_decode
from seqgen.kernels.native.library import load

SHIPPED = ("mel-2bar", "mel-16bar", "drums-2bar")
native = pytest.mark.skipif(load() is None, reason="the native library is not built here")


def divergence(wanted, got, bits):
    """KL of the distribution of a frame, in nats, from logits."""
    wanted, got = wanted.double(), got.double()
    if not bits:
        a, b = wanted.log_softmax(-1), got.log_softmax(-1)
        return (a.exp() * (a - b)).sum(-1)
    log = torch.nn.functional.logsigmoid
    on = wanted.sigmoid() * (log(wanted) - log(got))
    return (on + (-wanted).sigmoid() * (log(-wanted) - log(-got))).sum(-1)


def forced(decoder, token, lanes, precision):
    """Logits of the kernel, fed the same tokens, one frame a call; and those of torch.

    The kernel does not tell its logits: they are those of its states, rounded as it rounds them.
    """
    core, head = decoder.core, decoder.head
    weights = fast_decode.folded(decoder, precision, load().lanes)
    before = torch.cat([torch.full_like(token[:, :1], head.vocabulary_size + 2), token[:, :-1]], 1)
    segments, voice, y = lanes.plan.segments[:, 0], lanes.voice, []
    hold, zeros = core.bar // segments.shape[1], torch.zeros(len(token), 1, head.draws)
    for t in range(core.bar):
        _, voice = weights.run(voice, before[:, t], zeros, GREEDY, segments, hold, t)
        y.append(voice.h[:, -1])
    rounded, w = torch.stack(y, 1), head.logits.weight
    if precision == "bfloat16":
        rounded, w = rounded.bfloat16().float(), w.bfloat16().float()
    elif precision == "int8":
        rounded, w = (((x / u).round() * u) for x in (rounded, w) for u in [x.abs().amax(-1, True) / 127])
    fed = torch.cat([torch.full_like(token[:, :1], head.start), token[:, :-1]], 1)
    wanted, _ = core._bars(head.embed(fed), lanes, None)
    return head.logits(wanted), rounded @ w.T + head.logits.bias


@native
@torch.no_grad()
@pytest.mark.parametrize(("precision", "most"), [("float32", 1e-9), ("bfloat16", 1e-4), ("int8", 2e-3)])
@pytest.mark.parametrize("name", SHIPPED)
def test_less_precise_weights_hardly_change_a_distribution(name, precision, most):
    vae = seqgen.load(name).vae
    decoder, steps = vae.decoder, vae.config.steps
    state = decoder.init_state(4, torch.randn(4, vae.config.latent, generator=Generator().manual_seed(6)))
    token, _ = decoder.generate(state, steps, Sampling(), Generator().manual_seed(7))
    lanes = decoder.core.split(state.core, steps)
    wanted, got = forced(decoder, token.reshape(-1, decoder.core.bar), lanes, precision)
    kl = divergence(wanted, got, isinstance(decoder.head, Bernoulli)).mean()
    assert kl < most
    if precision != "float32":
        assert kl > 1e-9, "the weights were not rounded"
