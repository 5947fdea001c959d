"""A linear layer that is quick for one frame as well."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from seqgen.kernels import thin


class Linear(nn.Linear):
    """torch.nn.Linear, whose step on a CPU costs what reading its weights costs (`seqgen.kernels.thin`)."""

    def forward(self, x: Float[Tensor, "*B I"]) -> Float[Tensor, "*B O"]:
        return thin.linear(x, self.weight, self.bias)
