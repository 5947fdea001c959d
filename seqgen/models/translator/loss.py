"""Cross-entropy with label smoothing, with its gradient made in the same pass over the logits.

torch's own takes five passes over [N, V] in float32 (log-softmax, its backward, the smoothing term, a zeroed
gradient, a sum), which is a third of a training step on a CPU. This one works on a few rows at a time, which
stay in the cache, and keeps the gradient in the logits' own type.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

ROWS = 32


class _SmoothedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, smoothing: float, count: int) -> Tensor:
        grad = torch.empty_like(logits)
        total = logits.new_zeros((), dtype=torch.float64 if logits.dtype == torch.float64 else torch.float32)
        even = smoothing / logits.shape[1]
        for rows, goal, out in zip(logits.split(ROWS), target.split(ROWS), grad.split(ROWS), strict=True):
            log_p = rows.to(total.dtype).log_softmax(1)
            inside = (goal >= 0).to(total.dtype)
            at = goal.clamp(min=0)[:, None]
            value = (1 - smoothing) * log_p.gather(1, at)[:, 0] + even * log_p.sum(1)
            total -= (value * inside).sum()
            p = log_p.exp_().sub_(even)
            p.scatter_add_(1, at, p.new_full(at.shape, smoothing - 1))
            out.copy_(p.mul_(inside[:, None] / count))
        ctx.save_for_backward(grad)
        return total / count

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (grad,) = ctx.saved_tensors
        return grad * grads[0].to(grad.dtype), None, None, None


def smoothed_cross_entropy(
    logits: Float[Tensor, "N V"], target: Int[Tensor, "N"], smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Mean over the targets that are not negative of -(1 - s) log p(target) - s mean_v log p(v), in nats.

    Equal to torch's `cross_entropy(..., label_smoothing=s)`, in float32 at least.
    """
    count = int((target >= 0).sum())
    return _SmoothedCrossEntropy.apply(logits, target, smoothing, max(count, 1))
