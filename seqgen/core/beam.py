"""Beam search, for a decoder whose conditioning is complete."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqgen.core.decoder import Decoder, DecoderState
from seqgen.core.sampling import at_least_float32
from seqgen.core.state import select


class Beam(NamedTuple):
    """The best sequence of each row."""

    token: list[list[int]]
    """without the end token"""
    score: Float[Tensor, "B"]
    """log p over the length penalty"""


@torch.no_grad()
def beam_search(
    decoder: Decoder,
    state: DecoderState,
    size: int,
    steps: Int[Tensor, "B"],
    end: int,
    never: int | None = None,
    length_penalty: float = 0.6,
) -> Beam:
    """Keep the `size` likeliest beginnings of each row, and take the best that ends.

    steps: tokens a row may have; one that has not ended by then is cut. never: a token that is not taken.
    length_penalty: scores are divided by ((5 + length) / 6) ** length_penalty (Wu et al. 2016,
    arXiv:1609.08144, equation 14). The head needs `logits` over its tokens.
    """
    rows = len(state.previous)
    device = state.previous.device
    state = select(state, torch.arange(rows, device=device).repeat_interleave(size))
    score = torch.full((rows, size), -math.inf, device=device)
    score[:, 0] = 0.0  # all beams begin alike: only one of them counts
    history = torch.zeros(rows, size, 0, dtype=torch.long, device=device)
    best: list[tuple[list[int], float]] = [([], -math.inf) for _ in range(rows)]
    for step in range(int(steps.max())):
        log_p, new = _next(decoder, state, never)
        total = score[..., None] + log_p.view(rows, size, -1)
        vocabulary = total.shape[-1]
        value, place = total.flatten(1).topk(min(2 * size, total[0].numel()), 1)
        beam, token = place // vocabulary, place % vocabulary
        penalty = ((6 + step) / 6) ** length_penalty
        ends = token == end
        late = steps <= step + 1
        for row in range(rows):
            _take(best, row, value[row], beam[row], token[row], ends[row], history[row], penalty, size)
        # The best 2 * size hold at least `size` that go on.
        order = (ends.long() * 2 * size + torch.arange(value.shape[1], device=device)).argsort(1)[:, :size]
        score, beam, token = (part.gather(1, order) for part in (value, beam, token))
        history = torch.cat([history.gather(1, beam[..., None].expand(-1, -1, step)), token[..., None]], 2)
        flat = (beam + size * torch.arange(rows, device=device)[:, None]).flatten()
        state = DecoderState(token.flatten(), select(new, flat))
        for row in torch.nonzero(late & torch.isfinite(score[:, 0]))[:, 0].tolist():
            if best[row][1] == -math.inf:  # nothing has ended: what there is
                best[row] = (history[row, 0].tolist(), float(score[row, 0]) / penalty)
        # Scores only fall: a row is done when even its best beginning, at the mildest penalty, cannot win.
        mildest = ((5 + steps) / 6) ** length_penalty
        bound = torch.tensor([value for _, value in best], device=device)
        done = late | (score[:, 0] / mildest <= bound)
        score = score.masked_fill(done[:, None], -math.inf)
        if bool(done.all()):
            break
    return Beam([tokens for tokens, _ in best], torch.tensor([value for _, value in best]))


def _next(decoder: Decoder, state: DecoderState, never: int | None) -> tuple[Tensor, object]:
    """log p of every next token [B * K, V], and the core's state after the last one."""
    y, core = decoder.core(decoder.head.embed(state.previous[:, None]), state.core)
    logits = at_least_float32(cast(Any, decoder.head).logits(y[:, 0]))
    if never is not None:
        logits[:, never] = -math.inf
    return logits.log_softmax(-1), core


def _take(
    best: list[tuple[list[int], float]],
    row: int,
    value: Float[Tensor, "K"],
    beam: Int[Tensor, "K"],
    token: Int[Tensor, "K"],
    ends: Tensor,
    history: Int[Tensor, "N T"],
    penalty: float,
    size: int,
) -> None:
    """Keep a row's best ended sequence, among the `size` likeliest continuations."""
    for place in torch.nonzero(ends[:size])[:, 0].tolist():
        score = float(value[place]) / penalty
        if score > best[row][1]:
            best[row] = (history[beam[place]].tolist(), score)
