"""What all models that read and write in turns share: a translator, a recogniser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Generator, Tensor, nn

from seqgen.core import GREEDY, Attention, AttentionDecoder, Decoder
from seqgen.core.decoder import DecoderState
from seqgen.core.monotonic import ExpectedState
from seqgen.core.state import where


def at_end(attention: Attention, state: Any) -> Bool[Tensor, "B"]:
    """Rows whose last query stopped at the end of a source that is closed."""
    last = state.memory.offset + state.memory.length - 1
    return state.memory.closed & (attention.position(state) >= last)


def take_turn(
    decoder: Decoder,
    core: AttentionDecoder,
    state: DecoderState,
    looking: Bool[Tensor, "B"],
    end: int,
    full: Bool[Tensor, "B"] | None = None,
) -> tuple[Int[Tensor, "B"], DecoderState]:
    """The likeliest token of each row that is looking; -1 where it must read first, or is not looking.

    `end` counts only at the end of the source. Before it, it says that nothing can be added yet: the row
    looks further on, or waits. full: rows that may write no more, and end as soon as they can.
    """
    attention = core.attention
    token = torch.full_like(state.previous, -1)
    uniform = torch.zeros(len(token), 1, device=token.device)
    while bool(looking.any()):
        y, after = decoder.core(decoder.head.embed(state.previous[:, None]), state.core)
        stopped = looking & ~attention.waiting(after.attention)
        drawn = token
        if bool(stopped.any()):  # a head is the largest product of a step: rows that wait need none
            drawn = decoder.head.sample(y[:, 0], GREEDY, uniform)
        new = DecoderState(drawn, after)
        ended = at_end(attention, new.core.attention)
        if full is not None:
            drawn = torch.where(ended & full, end, drawn)
        early = stopped & ~ended & (drawn == end)
        taken = stopped & ~early
        if bool(taken.all()):
            return drawn, new
        token = torch.where(taken, drawn, token)
        # A row that waits keeps where it has looked; one that stopped too early looks further.
        looked = attention.move_on(new.core.attention, early)
        held = looking & ~taken
        kept = looked if bool(held.all()) else where(held, looked, state.core.attention)
        state = state._replace(core=state.core._replace(attention=kept))
        if bool(taken.any()):
            state = where(taken, new, state)
        looking = early
    return token, state


def sharpen(state: Any, share: float) -> Any:
    """The state with a drawn `share` of its rows made hard in the forward pass (straight-through)."""
    if not share or not isinstance(state, ExpectedState):
        return state
    return state._replace(sharp=torch.rand(len(state.sharp), device=state.sharp.device) < share)


def remember(model: nn.Module) -> None:
    """LSTM biases of 0, and 1 for the forget gate (Jozefowicz et al. 2015)."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.LSTM):
                for name, bias in module.named_parameters():
                    if name.startswith("bias"):
                        bias.zero_()
                    if name.startswith("bias_ih"):
                        bias[len(bias) // 4 : len(bias) // 2] = 1.0


def check_energy(dropout: float, noise: float, scale: float, offset: float) -> None:
    """Settings of a monotonic energy, and of dropout, as configs have them."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must lie in [0, 1), got {dropout}")
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and at least 0, got {noise}")
    for name, value in (("scale", scale), ("offset", offset)):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value}")


@contextmanager
def drawing(rng: Generator | None) -> Iterator[None]:
    """torch's own draws (dropout, noise) come from `rng`, and its global generator stays as it was."""
    if rng is None:
        yield
        return
    seed = int(torch.randint(2**62, (), generator=rng))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
