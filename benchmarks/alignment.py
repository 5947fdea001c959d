"""The alignment kernels on one core, or on a GPU: time, best peer, floor, what is kept, what is lost.

    python -m benchmarks.alignment [--device cuda] [--no-tests]

The floor is the bytes that have to move over the bandwidth of a copy of the same size, measured in this run.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import peers
from benchmarks.harness import Row, device_name, table, wait
from seqgen.kernels import chunkwise_attention, expected_alignment, lookback_attention
from tests.kernels.cases import KINDS, probabilities

SHAPES = ((16, 50, 50), (16, 200, 200), (4, 500, 1000))
ON_GPU = (256, 100, 1000)
MOVED = 6
"""arrays that both passes of the alignment read or write: p, alpha; p, alpha, its gradient, that of p"""
CLOSED = {"by cumprod": peers.closed_form, "by logarithms": peers.closed_form_by_logarithms}
MIB = 2**20


def best(work: Callable[[], object], seconds: float = 0.5, device: str = "cpu") -> float:
    """The shortest of at least 20 calls that take `seconds`. CPU time, so that neighbours do not count."""
    clock = time.perf_counter if device == "cuda" else time.process_time
    for _ in range(3):
        work()
    found: list[float] = []
    while len(found) < 20 or (sum(found) < seconds and len(found) < 500):
        wait(device)
        before = clock()
        work()
        wait(device)
        found.append(clock() - before)
    return min(found)


def keep_memory() -> None:
    """Have the allocator keep what is freed, for all that is measured here.

    Else half of a time is the operating system's clearing of new pages, which depends on what was freed.
    """
    trim_threshold, mmap_threshold = -1, -3  # the numbers of glibc's malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(trim_threshold, 2**30)
        mallopt(mmap_threshold, 2**25)


def passes(function: Callable, *inputs: Tensor) -> tuple[Callable[[], object], int]:
    """Work that runs both passes with respect to the first input, and the bytes kept between them."""
    inputs = tuple(x.detach().clone().requires_grad_() for x in inputs)
    weight = torch.rand_like(inputs[0])
    kept: dict[int, int] = {}

    def keep(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        result = function(*inputs)
    del result
    return lambda: torch.autograd.grad(function(*inputs), inputs, weight), sum(kept.values())


def alignment_rows(shape: tuple[int, int, int]) -> list[Row]:
    p = probabilities("initial", *shape).float()
    work, kept = passes(expected_alignment, p)
    ours = best(work)
    closed = {}
    for name, function in CLOSED.items():
        work, closed_kept = passes(function, p)
        closed[name] = best(work), closed_kept
    name, (peer, peer_kept) = min(closed.items(), key=lambda item: item[1])
    floor = MOVED / 2 * best(lambda: p.clone())  # a copy moves two arrays
    others = (
        f"best closed form ({name}): {1e3 * peer:.3g} ms, keeps {peer_kept / MIB:.3g} MiB; {emma(p, shape)}"
    )
    at = f"alpha {shape}"
    return [
        Row(f"{at}: forward and backward", 1e3 * ours, "ms", ratio=f"{ours / floor:.1f} times the floor"),
        Row(f"{at}: times as fast as the best closed form", peer / ours, "", 10, True, others),
        Row(f"{at}: kept between the passes", kept / MIB, "MiB", ratio="p and alpha"),
    ]


def emma(p: Tensor, shape: tuple[int, int, int]) -> str:
    """EMMA's form, where its memory is modest."""
    B, U, S = shape
    needed = B * U * S * S * 4 / MIB
    if needed > 100:
        return f"EMMA's form: not run, {needed / 1024:.2g} GiB for one of its intermediates"
    work, kept = passes(peers.triangle, p)
    return f"EMMA's form: {1e3 * best(work):.3g} ms, keeps {kept / MIB:.3g} MiB"


def accuracy_rows(shape: tuple[int, int, int]) -> list[Row]:
    """The worst of the six kinds of p, against float64."""
    worst = dict.fromkeys(("ours", *CLOSED), (0.0, 0.0, 0.0))
    for kind in KINDS:
        p = probabilities(kind, *shape).float()
        exact = _with_gradient(expected_alignment, p.double())
        for name, function in {"ours": expected_alignment, **CLOSED}.items():
            errors = _errors(_with_gradient(function, p), exact)
            worst[name] = tuple(max(a, b) for a, b in zip(worst[name], errors, strict=True))
    rows = []
    targets = {
        "alpha, largest error": 1e-6,
        "mass of a row, largest error": 1e-5,
        "gradient of p, relative": 1e-5,
    }
    for i, (what, target) in enumerate(targets.items()):
        others = ", ".join(f"closed form {name}: {worst[name][i]:.2g}" for name in CLOSED)
        rows.append(Row(f"{what}, six kinds of p, {shape}", worst["ours"][i], "", target, ratio=others))
    return rows


def _with_gradient(function: Callable, p: Tensor) -> tuple[Tensor, Tensor]:
    p = p.clone().requires_grad_()
    alpha = function(p)
    weight = torch.randn(p.shape, generator=torch.Generator().manual_seed(1)).to(p)
    return alpha.detach(), torch.autograd.grad(alpha, p, weight)[0]


def _errors(got: tuple[Tensor, Tensor], exact: tuple[Tensor, Tensor]) -> tuple[float, float, float]:
    """Of alpha, of a row's mass, of the gradient relative to its largest entry; NaN counts as infinite."""
    (alpha, gradient), (alpha_exact, gradient_exact) = got, exact
    errors = (
        (alpha - alpha_exact).abs().max(),
        (alpha.double().sum(-1) - alpha_exact.sum(-1)).abs().max(),
        (gradient - gradient_exact).abs().max() / gradient_exact.abs().max(),
    )
    return tuple(float(e.nan_to_num(torch.inf, torch.inf)) for e in errors)


def attention_rows(shape: tuple[int, int, int]) -> list[Row]:
    rng = torch.Generator().manual_seed(0)
    alpha, u = torch.randn(shape, generator=rng).softmax(-1), 5 * torch.randn(shape, generator=rng)
    forms = {"look-back": (lookback_attention, peers.clipped_lookback)}
    for w in (2, 8, 64):
        forms[f"chunk {w}"] = partial(chunkwise_attention, chunk=w), partial(peers.clipped_chunks, chunk=w)
    rows = []
    for name, (ours, peer) in forms.items():
        seconds, theirs = best(passes(ours, alpha, u)[0]), best(passes(peer, alpha, u)[0])
        exact = ours(alpha.double(), u.double())
        lost = [float((f(alpha, u) - exact).abs().max()) for f in (ours, peer)]
        compared = (
            f"{theirs / seconds:.1f} times as fast as the clipped form; errors {lost[0]:.2g}, {lost[1]:.2g}"
        )
        rows.append(Row(f"beta {shape}, {name}: forward and backward", 1e3 * seconds, "ms", ratio=compared))
    return rows


def gpu_rows() -> list[Row]:
    p = probabilities("initial", *ON_GPU).float().cuda().requires_grad_()
    alpha = expected_alignment(p)
    weight = torch.rand_like(alpha)
    forward = best(lambda: expected_alignment(p.detach()), device="cuda")
    backward = best(lambda: torch.autograd.grad(alpha, p, weight, retain_graph=True), device="cuda")
    return [
        Row(f"alpha {ON_GPU}: forward", 1e3 * forward, "ms", 0.2),
        Row(f"alpha {ON_GPU}: backward", 1e3 * backward, "ms", 0.4),
    ]


def rows(device: str) -> list[Row]:
    if device == "cuda":
        return gpu_rows()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_memory()
    result = [row for shape in SHAPES for row in alignment_rows(shape)]
    result += accuracy_rows(SHAPES[1]) + attention_rows(SHAPES[1])
    torch.set_num_threads(threads)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--no-tests", action="store_true", help="do not run the kernels' tests first")
    arguments = parser.parse_args()
    if not arguments.no_tests:
        command = [sys.executable, "-m", "pytest", "-q", "tests/kernels"]
        if subprocess.run(command, cwd=Path(__file__).parents[1], stdout=sys.stderr).returncode:
            print("the tests do not pass: no figures", file=sys.stderr)
            return 1
    torch.set_num_threads(1)
    print(f"# Kernels of online attention\n\nMeasured on {device_name(arguments.device)}.")
    if arguments.device == "cpu":
        print("Not measured on a GPU: `make gpu-check` does where there is one.")
    print("\n" + table("Expected alignment, chunkwise and look-back attention", rows(arguments.device)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
