"""Plans of tracks that sound together: each from its own part of the code and from a part that all share.

Nothing else goes from one track to another, so a track's part can be replaced and the others stay as they
are, to the bit.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqgen.core.plan import Plan
from seqgen.kernels.packing import Precision


class TrackPlanner(nn.Module):
    """The code is U parts of `own` numbers, one a track, and `shared` numbers behind them.

    size: numbers of a track's plan. Weights are shared by all tracks, but for a vector each that says which
    of them it is.
    """

    segments = segment_size = 0

    def __init__(self, tracks: int, own: int, shared: int, size: int):
        super().__init__()
        self.tracks, self.own, self.bar_size = tracks, own, size
        self.direct = nn.Linear(own, size)
        self.common = nn.Linear(shared, size, bias=False) if shared else None
        self.place = nn.Embedding(tracks, size)
        nn.init.normal_(self.place.weight, std=0.1)

    def forward(self, code: Float[Tensor, "B Z"], precision: Precision | None = None) -> Plan:
        """precision: of nothing here; plans with a recurrence have one."""
        own, shared = code.split([self.tracks * self.own, code.shape[1] - self.tracks * self.own], 1)
        plan = self.direct(own.unflatten(1, (self.tracks, -1))) + self.place.weight
        if self.common is not None:
            plan = plan + self.common(shared)[:, None]
        plan = torch.tanh(plan)
        return Plan(plan, plan.new_zeros(len(code), self.tracks, 0, 0))
