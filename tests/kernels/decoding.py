"""Random LSTM decoders and WaveNets for the tests of the decoding kernels."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from seqgen.kernels import choose as choosing
from seqgen.kernels import wavenet_decode as wavenets
from seqgen.kernels.lstm_decode import Layer, State, Weights

SHAPES = {
    "one layer": (1, 16, 7, False),
    "ragged width": (2, 13, 90, False),
    "three layers of bits": (3, 40, 3, True),
    "many units": (1, 100, 33, False),
}
"""N, D, V, bits; widths are no multiples of a vector"""


def lanes() -> int:
    """Of the library that serves; any number where torch does."""
    library = choosing.load()
    return 16 if library is None else library.lanes


def decoder(shape: str, seed: int = 0) -> Weights:
    N, D, V, bits = SHAPES[shape]
    rng = Generator().manual_seed(seed)

    def some(*size: int) -> Tensor:
        return torch.randn(size, generator=rng)

    rows = (2**V if bits else V) + 3
    layers = tuple(Layer(some(4 * D, D) / D**0.5, some(4 * D, D) / D**0.5, some(4 * D)) for _ in range(N - 1))
    own = 2 * some(4 * D, D) / D**0.5
    return Weights(some(rows, 4 * D), some(4, 4 * D), own, layers, some(V, D), some(V), bits)


def inputs(weights: Weights, B: int, T: int, seed: int = 1) -> tuple[State, Tensor, Tensor]:
    """A state, uniform numbers, and a plan good for 3 T frames held two by two."""
    rng = Generator().manual_seed(seed)
    N, D, K = 1 + len(weights.layers), weights.own.shape[1], len(weights.head) if weights.bits else 1
    h, c = torch.randn(2, B, N, D, generator=rng)
    previous = torch.randint(len(weights.table), (B,), generator=rng)
    uniform = torch.rand(B, T, K, generator=rng)
    return State(h.tanh(), c, previous), uniform, torch.randn(B, 3 * T, 4 * D, generator=rng)


WAVENETS = {
    "narrow": (5, 7, 8, 9, 2, (1, 2, 4, 1), False),
    "three taps": (13, 6, 18, 40, 3, (1, 3, 2), False),
    "wide": (64, 30, 33, 70, 2, (1, 2, 4), False),
    "bits": (20, 40, 16, 3, 2, (2, 1), True),
}
"""C, S, E, V, taps, dilations, bits"""


def wavenet(shape: str, seed: int = 0) -> wavenets.Weights:
    C, S, E, V, taps, dilations, bits = WAVENETS[shape]
    rng = Generator().manual_seed(seed)

    def some(*size: int) -> Tensor:
        return torch.randn(size, generator=rng)

    layers = tuple(
        wavenets.Layer(d, some(2 * C, taps * C) / C**0.5, some(2 * C), some(C + S, C) / C**0.5, some(C + S))
        for d in dilations
    )
    rows = (2**V if bits else V) + 3
    last = some(E, S), some(E), some(V, E), some(V)
    return wavenets.Weights(some(rows, C), some(4, C), layers, *last, bits)


def wavenet_inputs(
    weights: wavenets.Weights, B: int, T: int, seed: int = 1
) -> tuple[wavenets.State, Tensor, Tensor]:
    """A state, uniform numbers, and a plan good for 3 T frames held two by two."""
    rng = Generator().manual_seed(seed)
    C, K = weights.table.shape[1], len(weights.head) if weights.bits else 1
    taps = weights.layers[0].taps.shape[1] // C
    past = tuple(torch.randn(B, (taps - 1) * x.dilation, C, generator=rng) for x in weights.layers)
    previous = torch.randint(len(weights.table), (B,), generator=rng)
    plan = torch.randn(B, 3 * T, len(weights.layers) * 2 * C, generator=rng)
    return wavenets.State(past, previous), torch.rand(B, T, K, generator=rng), plan
