"""A WaveNet and a head, folded for the decoding kernel: what the first layer reads are looked-up rows."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqgen.core.head import Bernoulli, Categorical
from seqgen.core.sampling import Sampling
from seqgen.core.wavenet import WaveNet, WaveNetState
from seqgen.kernels.packing import Precision
from seqgen.kernels.wavenet_decode import (
    Layer,
    OnDevice,
    Packed,
    State,
    Weights,
    on_device,
    pack,
    wavenet_decode,
)


class FoldedWaveNet(NamedTuple):
    packed: Packed | OnDevice
    local: Tensor
    """[L 2 C, Q] weights of the local conditioning"""

    def run(
        self,
        state: WaveNetState,
        previous: Int[Tensor, "B"],
        uniform: Float[Tensor, "B T K"],
        how: Sampling,
        segments: Float[Tensor, "B S Q"] | None = None,
        hold: int = 1,
        place: int = 0,
        end: int | None = None,
    ) -> tuple[Int[Tensor, "B T"], WaveNetState]:
        """T tokens; frame t is fed segment (place + t) // hold."""
        plan = None if segments is None or not segments.shape[2] else segments @ self.local.T
        if state.bias.shape[1]:
            fed = state.bias.flatten(1)[:, None]
            plan = fed if plan is None else plan + fed
        if plan is None or plan.shape[1] == 1:
            hold = place + uniform.shape[1]
        start = State(state.past, previous)
        token, new = wavenet_decode(self.packed, start, uniform, how.temperature, plan, hold, place, end)
        return token, WaveNetState(new.past, state.bias)


@torch.no_grad()
def fold(
    core: WaveNet,
    head: Categorical | Bernoulli,
    first: Float[Tensor, "E"] | None,
    position: Float[Tensor, "P E"] | None,
    precision: Precision,
    lanes: int | None,
) -> FoldedWaveNet:
    """first: what is read in place of the token before the first, as one more row of the table.

    lanes: of the native library; None to have the weights where they are, for a GPU.
    """
    embedded = head.embed(torch.arange(head.vocabulary_size + 2, device=core.exit.weight.device))
    if first is not None:
        embedded = torch.cat([embedded, first[None]])
    stack = zip(core.dilations, core.taps, core.leave, strict=True)
    layers = []
    for dilation, *both in stack:
        taps, leave = (cast(nn.Linear, linear) for linear in both)
        layers.append(Layer(dilation, taps.weight, taps.bias, leave.weight, leave.bias))
    weights = Weights(
        core.entry(embedded),
        None if position is None else position @ core.entry.weight.T,
        tuple(layers),
        core.exit.weight,
        core.exit.bias,
        head.logits.weight,
        head.logits.bias,
        isinstance(head, Bernoulli),
    )
    local = embedded.new_zeros(0, 0) if core.local is None else core.local.weight
    packed = on_device(weights, precision) if lanes is None else pack(weights, precision, lanes)
    return FoldedWaveNet(packed, local)
