"""The checks of this folder can fail: each planted bug, most of them shipped by others, is caught."""

import pytest
import torch

from seqgen.kernels import choose as choosing
from seqgen.kernels.chunk_attention import offsets
from seqgen.kernels.expected_alignment import wavefront
from seqgen.kernels.lookback_attention import scan
from tests.kernels.cases import align, both_passes, milk, mocha, probabilities


def caught(function, *inputs):
    got = both_passes(function, *inputs)
    wanted = both_passes(function, *inputs, backend="naive")
    return not all(torch.allclose(a, b, rtol=1e-9, atol=1e-10) for a, b in zip(got, wanted, strict=True))


def closed_form(x, previous, source, target, logits):
    """p * cp * cumsum(previous / clamp(cp)): loses the mass beyond the clamp."""
    rows = []
    for p in x.unbind(1):
        cp = torch.cat([torch.ones_like(p[:, :1]), (1 - p).cumprod(1)[:, :-1]], 1)
        previous = p * cp * (previous / cp.clamp(1e-6, 1)).cumsum(1)
        rows.append(previous)
    return torch.stack(rows, 1), previous.clone()


def inclusive_window(u, chunk):
    """One column too many in every window."""
    return true_windows(u, chunk + 1)


def clipped_windows(u, chunk):
    """Relative to the largest logit of the row, and cut off below 1e-5."""
    e = (u - u.amax(-1, keepdim=True)).exp().clamp(min=1e-5)
    z = torch.zeros_like(e)
    for o in range(chunk):
        z[..., o:] += e[..., : e.shape[-1] - o]
    return u.amax(-1, keepdim=True).expand_as(u).clone(), z


def off_by_one(decay, x):
    return true_from_left(decay.roll(1, -1), x)


true_windows, true_from_left = offsets.windows, scan._from_left
BUGS = {
    "closed form": (wavefront, "forward", closed_form),
    "final row without gradient": (wavefront, "last_row", lambda alpha, previous, target: previous.clone()),
    "q from the wrong row": (wavefront, "_reached", lambda n, above, S: wavefront.unskew(above, S)),
    "window too long": (offsets, "windows", inclusive_window),
    "clipped exponentials": (offsets, "windows", clipped_windows),
    "decay of the column before": (scan, "_from_left", off_by_one),
}


@pytest.mark.parametrize("bug", [None, *BUGS])
def test_a_planted_bug_is_caught(monkeypatch, bug):
    monkeypatch.setattr(choosing, "load", lambda: None)
    if bug is not None:
        monkeypatch.setattr(*BUGS[bug])
    p, previous = probabilities("mixed", 2, 4, 30), torch.rand(2, 30, dtype=torch.float64)
    alpha, u = torch.rand_like(p), 9 * torch.randn_like(p)
    found = caught(align, p, previous) or caught(mocha(4), alpha, u) or caught(milk, alpha, u)
    assert found == (bug is not None)
