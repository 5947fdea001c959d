"""Every core of the package, small, with what its laws are tested on. A new core is one more line."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from seqgen.core import LSTM, Bernoulli, Categorical, Conductor, Decoder, Planner

B, T, Z, E, W = 3, 12, 5, 6, 8
BAR = 4


def classic_conductor() -> Conductor:
    planner = Planner(Z, T // BAR, width=7)
    return Conductor(LSTM(E, W, planner.bar_size), planner, BAR)


def direct_conductor() -> Conductor:
    planner = Planner(Z, T // BAR, width=7, segments=2, segment_size=3)
    torch.nn.init.normal_(planner.correction.weight)  # it starts at zero; the laws hold for what it becomes
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2)


def conductor_by_bar() -> Conductor:
    planner = Planner(3 * Z, T // BAR, width=7, segments=2, segment_size=3, by_bar=True)
    torch.nn.init.normal_(planner.correction.weight)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, BAR, metre=2)


def flat_direct() -> Conductor:
    planner = Planner(Z, 1, width=0, segments=3, segment_size=3)
    voice = LSTM(E + planner.segment_size, W, planner.bar_size, feed_cond=False)
    return Conductor(voice, planner, T, metre=4)


CORES: dict[str, Callable] = {
    "lstm": lambda: LSTM(E, W, Z),
    "lstm-two-layers": lambda: LSTM(E, W, Z, layers=2, feed_cond=False),
    "conductor": classic_conductor,
    "conductor-direct": direct_conductor,
    "conductor-by-bar": conductor_by_bar,
    "flat-direct": flat_direct,
    "conductor-of-conductor": lambda: Conductor(
        Conductor(LSTM(E, W, 5), Planner(7, 2, width=5), 2), Planner(Z, T // BAR, width=7), BAR
    ),
}
HEADS: dict[str, Callable] = {
    "categorical": lambda: Categorical(W, 7, E),
    "bernoulli": lambda: Bernoulli(W, 3, E),
}


def make(core: str, head: str) -> tuple[Decoder, Tensor]:
    """A decoder in float64, so that a law that fails is not rounding, and its conditioning [B, Z]."""
    torch.manual_seed(1)
    decoder = Decoder(CORES[core](), HEADS[head]()).double().eval()
    return decoder, torch.randn(B, 3 * Z if core == "conductor-by-bar" else Z, dtype=torch.float64)
