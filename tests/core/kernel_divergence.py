"""How far the kernel's distributions are from torch's, fed the same tokens; the benchmarks measure it too."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import logsigmoid

from seqgen.core import GREEDY, Bernoulli, Categorical, Conductor, Decoder, DecoderState, Metre
from seqgen.core.fast_decode import folded
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.kernels.native.library import load
from seqgen.kernels.packing import Precision

MOST: dict[Precision, float] = {"float32": 1e-9, "bfloat16": 1e-4, "int8": 2e-3}
"""nats a step that the shipped models may differ by"""


def divergence(
    decoder: Decoder,
    token: Int[Tensor, "B T"],
    state: DecoderState,
    rounded: DecoderState,
    precision: Precision,
) -> Float[Tensor, "N K"]:
    """KL(torch || kernel with rounded weights) of the distribution of each token, in nats.

    state, rounded: before the first token, for torch and, with the plan in that precision, for the kernel.
    """
    head = decoder.head
    assert isinstance(head, Categorical | Bernoulli)
    wanted = head.logits(decoder.hidden(token, state)[0])
    got = kernel_logits(decoder, token, rounded, precision)
    wanted, got = wanted.view_as(got).double(), got.double()
    if isinstance(head, Categorical):
        a, b = wanted.log_softmax(-1), got.log_softmax(-1)
        return (a.exp() * (a - b)).sum(-1)
    on = wanted.sigmoid() * (logsigmoid(wanted) - logsigmoid(got))
    return (on + (-wanted).sigmoid() * (logsigmoid(-wanted) - logsigmoid(-got))).sum(-1)


def kernel_logits(
    decoder: Decoder, token: Int[Tensor, "B T"], state: DecoderState, precision: Precision
) -> Float[Tensor, "N K V"]:
    """Of an LSTM fed these tokens, one frame a call; bars stand side by side under a conductor.

    The kernel does not tell its logits: they are those of its states, rounded as it rounds them.
    """
    core, head, library = decoder.core, decoder.head, load()
    assert library is not None
    assert isinstance(head, Categorical | Bernoulli)
    (weights,) = folded(decoder, precision, library.lanes)
    assert isinstance(weights, FoldedLSTM)
    first, segments, hold = head.start, None, 1
    if isinstance(core, Conductor):
        lanes = core.split(state.core, token.shape[1])
        assert lanes is not None
        token, first = token.reshape(-1, core.bar), head.vocabulary_size + 2
        segments, voice = lanes.plan.segments[:, 0], lanes.voice
        hold = core.bar // max(segments.shape[1], 1)
    else:
        assert isinstance(core, Metre)
        voice = state.core.voice
    before = torch.cat([torch.full_like(token[:, :1], first), token[:, :-1]], 1)
    y, zeros = [], torch.zeros(len(token), 1, head.draws)
    for t, previous in enumerate(before.unbind(1)):
        _, voice = weights.run(voice, previous, zeros, GREEDY, segments, hold, t)
        y.append(voice.h[:, -1])
    rounded, w = (_rounded(x, precision) for x in (torch.stack(y, 1), head.logits.weight))
    return rounded @ w.T + head.logits.bias


def _rounded(x: Tensor, precision: Precision) -> Tensor:
    if precision == "int8":
        unit = x.abs().amax(-1, True) / 127
        return (x / unit).round() * unit
    return x.to(getattr(torch, precision)).float()
