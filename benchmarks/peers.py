"""Expected alignment as others compute it, in our own words: what the kernels are compared to.

All are differentiated by torch. Rows are taken apart with `unbind`: `p[:, i]` in a loop would make the
backward pass allocate the whole tensor once a row, and a comparison with that would flatter us.
"""

from __future__ import annotations

import torch
from torch import Tensor


def closed_form(p: Tensor) -> Tensor:
    """alpha_i = p_i c_i cumsum(alpha_{i-1} / c_i), c the exclusive cumulative product of 1 - p.

    Raffel et al. 2017. c is computed for all rows at once, by cumprod; the quotient is clamped as the public
    versions do.
    """
    c = torch.cat([torch.ones_like(p[..., :1]), (1 - p)[..., :-1].cumprod(-1)], -1)
    return _rows(p, c)


def closed_form_by_logarithms(p: Tensor) -> Tensor:
    """The same with c = exp(cumsum(log(1 - p))), whose backward pass is cheaper than that of cumprod."""
    passing = (1 - p).clamp(min=1e-6).log()
    c = torch.cat([torch.zeros_like(p[..., :1]), passing[..., :-1].cumsum(-1)], -1).exp()
    return _rows(p, c)


def _rows(p: Tensor, c: Tensor) -> Tensor:
    alpha = torch.zeros_like(p[:, 0])
    alpha[:, 0] = 1
    rows = []
    for stop, inverse in zip((p * c).unbind(1), c.clamp(min=1e-6).reciprocal().unbind(1), strict=True):
        alpha = stop * (alpha * inverse).cumsum(-1)
        rows.append(alpha)
    return torch.stack(rows, 1)


def triangle(p: Tensor) -> Tensor:
    """alpha_i = p_i (alpha_{i-1} M_i), M_jk the probability to pass columns j .. k - 1: B U S^2 memory.

    Exact. The estimator of EMMA (Ma et al. 2023, arXiv 2312.04515).
    """
    S = p.shape[-1]
    passing = torch.cat([torch.ones_like(p[..., :1]), 1 - p[..., :-1]], -1)
    columns = torch.arange(S, device=p.device)
    after = columns[:, None] < columns  # [j, k]: the search begins at j and has passed k - 1 when it is at k
    M = torch.where(after, passing[:, :, None, :], 1.0).cumprod(-1).triu()
    alpha = torch.zeros_like(p[:, 0])
    alpha[:, 0] = 1
    rows = []
    for stop, reach in zip(p.unbind(1), M.unbind(1), strict=True):
        alpha = stop * (alpha[:, None] @ reach)[:, 0]
        rows.append(alpha)
    return torch.stack(rows, 1)


def clipped_lookback(alpha: Tensor, u: Tensor) -> Tensor:
    """MILk's attention by cumulative sums of exponentials cut off at 1e-5, as the public versions do."""
    e = (u - u.amax(-1, keepdim=True)).exp().clamp(min=1e-5)
    return e * (alpha / e.cumsum(-1)).flip(-1).cumsum(-1).flip(-1)


def clipped_chunks(alpha: Tensor, u: Tensor, chunk: int) -> Tensor:
    """MoChA's attention in the same way."""
    e = (u - u.amax(-1, keepdim=True)).exp().clamp(min=1e-5)
    total = torch.nn.functional.pad(e, (chunk - 1, 0)).unfold(-1, chunk, 1).sum(-1)
    return e * torch.nn.functional.pad(alpha / total, (0, chunk - 1)).unfold(-1, chunk, 1).sum(-1)
