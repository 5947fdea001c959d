"""WaveNet core: dilated causal convolutions with gated units (van den Oord et al. 2016, arXiv:1609.03499).

Layer l reads frames t - (k - 1) d_l, .., t - d_l, t of the layer below:

    z = tanh(a) * sigmoid(b),   [a, b] = W_l [x_{t - (k-1) d_l}, .., x_t] + V_l local_t + G_l cond
    x <- x + R_l z,   skip <- skip + S_l z

and the output is relu(W relu(skip / sqrt(L))), over which a head lays its distribution.

A convolution is computed as one matrix product of its taps, laid side by side. So a frame, a block and a
whole sequence run the same few lines, and a step costs what its two taps cost.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqgen.core.sequence import SequenceModule


class WaveNetState(NamedTuple):
    past: tuple[Tensor, ...]
    """each [B, (k - 1) d_l, C]: the frames that a layer still looks back at, latest last; zeros at first"""
    bias: Tensor
    """[B, L, 2 C] what the conditioning adds to the gates of each layer; L = 0 without conditioning"""


class WaveNet(SequenceModule):
    """A stack of gated dilated convolutions.

    input_size: numbers a frame, of which the last `local_size` are local conditioning (a bar's plan, features
    at the rate of the frames): they reach the gates of every layer instead of the input.
    width: C, residual channels. skip_width, output_size: of the skip path and of what the head reads.
    cond_size: of the global conditioning (a class, a speaker, a code), which enters at `init_state`.
    dilations: one a layer, in frames. kernel: taps of each convolution.
    """

    def __init__(
        self,
        input_size: int,
        width: int,
        skip_width: int,
        output_size: int,
        cond_size: int,
        dilations: tuple[int, ...],
        kernel: int = 2,
        local_size: int = 0,
    ):
        super().__init__()
        if not dilations or min(dilations) < 1 or kernel < 2:
            raise ValueError(
                f"dilations must be one or more numbers of at least 1, and kernel at least 2, "
                f"got {dilations} and {kernel}"
            )
        self.input_size, self.output_size, self.local_size = input_size, output_size, local_size
        self.width, self.dilations, self.kernel = width, dilations, kernel
        self.entry = nn.Linear(input_size - local_size, width)
        self.taps = nn.ModuleList(nn.Linear(kernel * width, 2 * width) for _ in dilations)
        self.leave = nn.ModuleList(nn.Linear(width, width + skip_width) for _ in dilations)
        both = 2 * width * len(dilations)
        self.local = nn.Linear(local_size, both, bias=False) if local_size else None
        self.cond = nn.Linear(cond_size, both, bias=False) if cond_size else None
        self.exit = nn.Linear(skip_width, output_size)

    @property
    def receptive_field(self) -> int:
        """Frames that an output depends on, its own counted."""
        return 1 + (self.kernel - 1) * sum(self.dilations)

    def init_state(self, batch_size: int, cond: Float[Tensor, "B Z"]) -> WaveNetState:
        past = tuple(cond.new_zeros(batch_size, (self.kernel - 1) * d, self.width) for d in self.dilations)
        if self.cond is None:
            return WaveNetState(past, cond.new_zeros(batch_size, 0, 2 * self.width))
        return WaveNetState(past, self.cond(cond).unflatten(1, (len(self.dilations), -1)))

    def forward(
        self, x: Float[Tensor, "B T I"], state: WaveNetState, lengths: Int[Tensor, "B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], WaveNetState]:
        bias = state.bias[:, None].unbind(2)  # not an index a layer, whose gradients would be added up
        x, local = x.split([self.input_size - self.local_size, self.local_size], -1)
        x = self.entry(x)
        skips: Tensor | None = None
        past = []
        for layer, before in enumerate(state.past):
            seen = torch.cat([before.to(x.dtype), x], 1)  # [B, R + T, C]
            past.append(latest(seen, before.shape[1], lengths))
            read = self._gates(layer, seen, local)
            a, b = (read + bias[layer] if bias else read).chunk(2, -1)
            z = self.leave[layer](a.tanh() * b.sigmoid())
            change, skip = z.split([self.width, z.shape[-1] - self.width], -1)
            x = x + change
            skips = skip if skips is None else skips + skip
        y = (cast(Tensor, skips) * len(past) ** -0.5).relu()
        return self.exit(y).relu(), WaveNetState(tuple(past), state.bias)

    def _gates(
        self, layer: int, seen: Float[Tensor, "B S C"], local: Float[Tensor, "B T Q"]
    ) -> Float[Tensor, "B T G"]:
        apart, steps = self.dilations[layer], local.shape[1]
        taps = [seen[:, tap * apart : tap * apart + steps] for tap in range(self.kernel)]
        read = cast(nn.Linear, self.taps[layer])
        if self.local is None:
            return read(torch.cat(taps, -1))
        # The local conditioning is one more tap: of itself it would fill B T L 2C numbers before it is added.
        weight = self.local.weight.unflatten(0, (len(self.dilations), -1))[layer]
        weight = torch.cat([read.weight, weight], 1)
        return F.linear(torch.cat([*taps, local.to(seen.dtype)], -1), weight, read.bias)


def latest(
    seen: Float[Tensor, "B S C"], count: int, lengths: Int[Tensor, "B"] | None
) -> Float[Tensor, "B R C"]:
    """The last `count` valid frames of each row, of which count + lengths[b] are valid."""
    if lengths is None:
        return seen[:, seen.shape[1] - count :]
    column = lengths[:, None] + torch.arange(count, device=seen.device)
    return seen.gather(1, column[..., None].expand(-1, -1, seen.shape[2]))
