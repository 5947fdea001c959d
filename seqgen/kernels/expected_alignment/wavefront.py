"""Expected alignment in plain torch: exact, without division, where the native library or Triton is missing.

Row i at column j needs row i - 1 at column j and row i at column j - 1. So the cells with one i + j can be
computed together: U + S - 1 steps of B * U numbers.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from seqgen.kernels.expected_alignment.padding import probabilities, valid


def forward(
    x: Float[Tensor, "B U S"],
    previous: Float[Tensor, "B S"],
    source_lengths: Int[Tensor, "B"] | None,
    target_lengths: Int[Tensor, "B"] | None,
    logits: bool,
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    if not x.numel():
        return torch.empty_like(x), previous.clone()
    B, U, S = x.shape
    p, n = probabilities(x, valid(x, source_lengths, target_lengths), logits)
    p, n = skew(p), skew(n)
    steps = len(p)
    above = p.new_zeros(
        steps + 1, B, U + 1
    )  # [d, b, i] is alpha of row i - 1 at column d - i; row -1 is `previous`
    above[:S, :, 0] = previous.T
    passed = p.new_zeros(B, U)
    for d in range(steps):
        q = passed + above[d, :, :U]
        torch.mul(p[d], q, out=above[d + 1, :, 1:])
        torch.mul(n[d], q, out=passed)
    alpha = unskew(above[1:, :, 1:], S)
    return alpha, last_row(alpha, previous, target_lengths)


def backward(
    grad_alpha: Float[Tensor, "B U S"],
    grad_final: Float[Tensor, "B S"] | None,
    x: Float[Tensor, "B U S"],
    previous: Float[Tensor, "B S"],
    alpha: Float[Tensor, "B U S"],
    source_lengths: Int[Tensor, "B"] | None,
    target_lengths: Int[Tensor, "B"] | None,
    logits: bool,
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    grad_final = torch.zeros_like(previous) if grad_final is None else grad_final
    if not x.numel():
        return torch.zeros_like(x), grad_final.clone()
    B, U, S = x.shape
    on = valid(x, source_lengths, target_lengths)
    p, n = probabilities(x, on, logits)
    rows = torch.full((B,), U, device=x.device) if target_lengths is None else target_lengths
    last = torch.arange(U, device=x.device) == rows[:, None] - 1
    grad = torch.where(on, grad_alpha + torch.where(last[:, :, None], grad_final[:, None], 0), 0)
    difference, to_previous = _search_back(skew(p), skew(grad), S)
    some = (rows > 0)[:, None] & on[:, 0]
    to_previous = torch.where(some, to_previous, torch.where((rows > 0)[:, None], 0, grad_final))
    weight = (
        alpha * n if logits else _reached(skew(n), skew(torch.cat([previous[:, None], alpha[:, :-1]], 1)), S)
    )
    return torch.where(on, weight * difference, 0), to_previous


def _search_back(
    p: Float[Tensor, "D B U"], grad: Float[Tensor, "D B U"], S: int
) -> tuple[Float[Tensor, "B U S"], Float[Tensor, "B S"]]:
    """The gradient of choosing over passing at each cell, and that of the row before the first."""
    steps, B, U = p.shape
    to_q = p.new_zeros(steps + 1, B, U + 1)  # [d, b, i] is the gradient of q of row i at column d - i
    difference = torch.empty_like(p)
    passing = p.new_zeros(B, U)
    for d in range(steps - 1, -1, -1):
        torch.add(grad[d], to_q[d + 1, :, 1:], out=difference[d])
        difference[d] -= passing
        torch.addcmul(passing, p[d], difference[d], out=to_q[d, :, :U])
        passing = to_q[d, :, :U]
    return unskew(difference, S), to_q[:S, :, 0].T.contiguous()


def _reached(n: Float[Tensor, "D B U"], above: Float[Tensor, "D B U"], S: int) -> Float[Tensor, "B U S"]:
    """q again, from alpha of the row above."""
    q = torch.empty_like(n)
    passed = torch.zeros_like(n[0])
    for d in range(len(n)):
        torch.add(passed, above[d], out=q[d])
        torch.mul(n[d], q[d], out=passed)
    return unskew(q, S)


def last_row(
    alpha: Float[Tensor, "B U S"], previous: Float[Tensor, "B S"], target_lengths: Int[Tensor, "B"] | None
) -> Float[Tensor, "B S"]:
    """Alpha of each row's last target; `previous` where it has none."""
    if target_lengths is None:
        return alpha[:, -1].clone()
    index = (target_lengths - 1).clamp(min=0)
    rows = alpha[torch.arange(len(alpha), device=alpha.device), index]
    return torch.where((target_lengths > 0)[:, None], rows, previous)


def skew(x: Float[Tensor, "B U S"]) -> Float[Tensor, "D B U"]:
    """[d, b, i] is x[b, i, d - i], and 0 where there is no such column."""
    B, U, S = x.shape
    D = U + S - 1
    return F.pad(x, (0, U)).flatten(1)[:, : U * D].view(B, U, D).permute(2, 0, 1).contiguous()


def unskew(x: Float[Tensor, "D B U"], S: int) -> Float[Tensor, "B U S"]:
    D, B, U = x.shape
    padded = F.pad(x.permute(1, 2, 0).reshape(B, U * D), (0, U))
    return padded.view(B, U, D + 1)[:, :, :S].contiguous()
