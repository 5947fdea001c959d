"""Other ways to run an LSTM decoder one token at a time: what a user of torch would write.

Each peer takes the weights of one of our decoders (an `LSTM` core that is fed its conditioning, and a
`Categorical` head), and decodes greedily, so that all of them give the same tokens.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core import LSTM, Categorical, Decoder

Run = Callable[[], Tensor]


def parts(decoder: Decoder) -> tuple[LSTM, Categorical]:
    return cast(LSTM, decoder.core), cast(Categorical, decoder.head)


def eager_cells(decoder: Decoder, cond: Tensor, steps: int) -> Run:
    """torch.nn.LSTMCell layer by layer, the conditioning concatenated at every step."""
    core, head = parts(decoder)
    cells = []
    for weights in core.rnn.all_weights:
        cell = nn.LSTMCell(weights[0].shape[1], core.output_size)
        cell.load_state_dict(
            dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
        )
        cells.append(cell)

    def run() -> Tensor:
        state = core.init_state(len(cond), cond)
        hc = [(state.h[:, layer], state.c[:, layer]) for layer in range(core.layers)]
        token, tokens = torch.full((len(cond),), head.start), []
        for _ in range(steps):
            x = torch.cat([head.embed(token), cond], -1)
            for layer, cell in enumerate(cells):
                hc[layer] = cell(x, hc[layer])
                x = hc[layer][0]
            token = head.logits(x).argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)

    return run


def fold(decoder: Decoder, cond: Tensor) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
    """By hand: the embedding times its weights as a table, the conditioning in the bias, the rest joined."""
    core, head = parts(decoder)
    size = head.embedding_size
    w_ih, w_hh, b_ih, b_hh = core.rnn.all_weights[0]
    table = head.embedding.table.weight @ w_ih[:, :size].T
    bias = cond @ w_ih[:, size:].T + b_ih + b_hh
    above = [(torch.cat(w[:2], 1), w[2] + w[3]) for w in core.rnn.all_weights[1:]]
    return table, bias, [(w_hh, bias[0]), *above]


def folded_step(
    token: Tensor, h: Tensor, c: Tensor, table: Tensor, bias: Tensor, weights: list[tuple[Tensor, Tensor]],
    head: tuple[Tensor, Tensor],
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    hs, cs, x = [], [], h[0]
    for layer, (w, b) in enumerate(weights):
        if layer:
            gates = F.linear(torch.cat([x, h[layer]], -1), w, b)
        else:
            gates = table[token] + bias + F.linear(h[0], w)
        i, f, g, o = gates.chunk(4, -1)
        cs.append(f.sigmoid() * c[layer] + i.sigmoid() * g.tanh())
        x = o.sigmoid() * cs[-1].tanh()
        hs.append(x)
    return F.linear(x, *head).argmax(-1), torch.stack(hs), torch.stack(cs)


def folded(decoder: Decoder, cond: Tensor, steps: int, compiled: bool = False) -> Run:
    """The best eager form; `compiled`: its step by torch.compile."""
    core, head = parts(decoder)
    table, bias, weights = fold(decoder, cond)
    step = torch.compile(folded_step, dynamic=False) if compiled else folded_step
    last = (head.logits.weight, head.logits.bias)

    def run() -> Tensor:
        state = core.init_state(len(cond), cond)
        h, c = state.h.transpose(0, 1), state.c.transpose(0, 1)
        token, tokens = torch.full((len(cond),), head.start, device=cond.device), []
        for _ in range(steps):
            token, h, c = step(token, h, c, table, bias, weights, last)
            tokens.append(token)
        return torch.stack(tokens, 1)

    return run


def by_module(decoder: Decoder, cond: Tensor, steps: int, int8: bool = False) -> Run:
    """torch.nn.LSTM called for one frame at a time; `int8`: by torch's dynamic quantisation."""
    core, head = parts(decoder)
    rnn: nn.Module = core.rnn
    logits: nn.Module = head.logits
    if int8:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that this interface is old; it is the one it has
            both = torch.ao.quantization.quantize_dynamic(nn.ModuleList([rnn, logits]), {nn.LSTM, nn.Linear})
        rnn, logits = both

    def run() -> Tensor:
        state = core.init_state(len(cond), cond)
        hc = state.h.transpose(0, 1).contiguous(), state.c.transpose(0, 1).contiguous()
        token, tokens = torch.full((len(cond),), head.start), []
        for _ in range(steps):
            y, hc = rnn(torch.cat([head.embed(token), cond], -1)[:, None], hc)
            token = logits(y[:, 0]).argmax(-1)
            tokens.append(token)
        return torch.stack(tokens, 1)

    return run
