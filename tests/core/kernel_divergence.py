"""How far the kernel's distributions are from torch's, fed the same tokens; the benchmarks measure it too."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import logsigmoid

from seqgen.core import (
    GREEDY,
    Bernoulli,
    Categorical,
    Conductor,
    Decoder,
    DecoderState,
    Metre,
    Product,
    Sampling,
    Voices,
    fast_decode,
)
from seqgen.core.lstm_fold import FoldedLSTM
from seqgen.core.state import select, tree_map
from seqgen.kernels.packing import Precision

MOST: dict[Precision, float] = {"float32": 1e-9, "bfloat16": 1e-4, "int8": 2e-3}
"""nats a step that the shipped models may differ by"""
HALVINGS = 24
"""of [0, 1): as many as a float32 uniform number has bits"""
TAIL = 1e-5
"""tokens that are less likely are counted as one: draws cannot tell their shares"""


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


def by_part(
    decoder: Decoder,
    token: Int[Tensor, "B T"],
    state: DecoderState,
    rounded: DecoderState,
    precision: Precision,
) -> list[Float[Tensor, "N K"]]:
    """The divergence of each voice of a conductor of `Voices`, as of a decoder that has it alone."""
    core, head = decoder.core, decoder.head
    assert isinstance(core, Conductor)
    assert isinstance(core.voice, Voices)
    assert isinstance(head, Product)
    result, firsts = [], core.first.split(core.voice.inputs)
    for number, part in enumerate(head.parts(token)):
        alone = Conductor(core.voice.each()[number], core.planner, core.bar, core.metre)
        alone.first = torch.nn.Parameter(firsts[number], requires_grad=False)
        if core.beat is not None and alone.beat is not None:
            own = core.beat.weight.split(core.voice.inputs, 1)[number]
            alone.beat.weight = torch.nn.Parameter(own, requires_grad=False)
        one = Decoder(alone, head.each()[number])
        states = [
            DecoderState(
                torch.full_like(s.previous, one.head.start), s.core._replace(voice=s.core.voice[number])
            )
            for s in (state, rounded)
        ]
        result.append(divergence(one, part, states[0], states[1], precision))
    return result


def kernel_logits(
    decoder: Decoder, token: Int[Tensor, "B T"], state: DecoderState, precision: Precision
) -> Float[Tensor, "N K V"]:
    """Of an LSTM fed these tokens, one frame a call; bars stand side by side under a conductor.

    The kernel does not tell its logits: they are those of its states, rounded as it rounds them. On a GPU
    what int8 weights are multiplied with is in bfloat16.
    """
    core, head, library = decoder.core, decoder.head, fast_decode.library_for(decoder, GREEDY)
    assert not isinstance(library, str), library
    assert isinstance(head, Categorical | Bernoulli)
    on_gpu = isinstance(library, fast_decode.Triton)
    (weights,) = fast_decode.folded(decoder, precision, None if on_gpu else library.lanes)
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
    y, zeros = [], torch.zeros(len(token), 1, head.draws, device=token.device)
    for t, previous in enumerate(before.unbind(1)):
        _, voice = weights.run(voice, previous, zeros, GREEDY, segments, hold, t)
        y.append(voice.h[:, -1])
    read = "bfloat16" if on_gpu and precision == "int8" else precision
    return _rounded(torch.stack(y, 1), read) @ _rounded(head.logits.weight, precision).T + head.logits.bias


def _rounded(x: Tensor, precision: Precision) -> Tensor:
    if precision == "int8":
        unit = x.abs().amax(-1, True) / 127
        return (x / unit).round() * unit
    return x.to(getattr(torch, precision)).float()


def drawn_divergence(
    decoder: Decoder,
    token: Int[Tensor, "B T"],
    state: DecoderState,
    at: list[int],
    precision: Precision,
) -> Float[Tensor, "N"]:
    """KL(torch || kernel) of tokens `at` of each row, the kernel's distributions being those it draws from.

    That asks nothing of a kernel but tokens, so it serves any voice under a categorical head.
    """
    assert isinstance(decoder.head, Categorical)
    at = sorted(at)
    wanted = decoder.head.logits(decoder.hidden(token, state)[0][:, at]).flatten(0, 1).softmax(-1).double()
    before, fed = [], state
    for t in range(max(at) + 1):
        if t in at:
            before.append(fed)
        nothing = torch.zeros(len(token), 1, 1)
        _, fed = decoder.generate(fed, 1, GREEDY, uniform=nothing, precision=precision)
        fed = fed._replace(previous=token[:, t])
    rows = tree_map(lambda *leaf: torch.stack(leaf, 1).flatten(0, 1), before[0], *before[1:])
    result = []
    for number, p in enumerate(wanted):
        likely = torch.nonzero(p >= TAIL)[:, 0]
        q = drawn_probability(decoder, select(rows, torch.tensor([number])), likely, precision)
        p, q = (torch.cat([x, 1 - x.sum(0, True)]).clamp(min=1e-12) for x in (p[likely], q))
        result.append((p * (p / q).log()).sum())
    return torch.stack(result)


def drawn_probability(
    decoder: Decoder, state: DecoderState, token: Int[Tensor, "K"], precision: Precision
) -> Float[Tensor, "K"]:
    """Of next tokens after one row's state: how far apart along [0, 1) the kernel's draw comes to each and
    leaves it."""
    edge, place = torch.cat([token - 1, token]).unique(return_inverse=True)
    rows, low, step = select(state, torch.zeros_like(edge)), torch.zeros(len(edge)), 0.5
    for _ in range(HALVINGS):
        uniform = (low + step)[:, None, None]
        drawn, _ = decoder.generate(rows, 1, Sampling(), uniform=uniform, precision=precision)
        low, step = torch.where(drawn[:, 0] <= edge, low + step, low), step / 2
    begin, end = (low.double() + step)[place].view(2, -1)
    return end - begin
