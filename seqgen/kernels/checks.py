"""What the kernels refuse, in words. Values are looked at on the CPU; on a GPU a look would wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from seqgen.kernels.native.library import Native

BACKENDS = ("naive", "native", "triton")
CPU = torch.device("cpu")


def check_backend(backend: str | None) -> None:
    if backend is not None and backend not in BACKENDS:
        raise ValueError(
            f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}: leave it out for the fastest"
        )


def check_floats(name: str, x: Tensor, shape: str, dimensions: int) -> None:
    """A floating tensor of so many dimensions. shape: how to say it, such as [B, U, S]."""
    if not x.is_floating_point():
        raise ValueError(f"{name} must hold floating-point numbers, got {x.dtype}: convert it with .float()")
    if x.ndim != dimensions:
        raise ValueError(f"{name} must have the shape {shape}, got {list(x.shape)}")


def check_same(name: str, x: Tensor, shape: tuple[int, ...], like: str) -> None:
    if tuple(x.shape) != shape:
        raise ValueError(f"{name} must have the shape {list(shape)} to go with {like}, got {list(x.shape)}")


def check_dtype(name: str, x: Tensor, like: Tensor) -> None:
    """A kernel reads memory as it is told: numbers of another size would be read past their end."""
    if x.dtype != like.dtype:
        raise ValueError(f"{name} must hold {like.dtype} as x does, got {x.dtype}")


def check_lengths(name: str, lengths: Tensor | None, batch: int) -> None:
    if lengths is None:
        return
    if lengths.is_floating_point() or lengths.dtype == torch.bool or lengths.is_complex():
        raise ValueError(f"{name} must hold whole numbers, got {lengths.dtype}")
    check_same(name, lengths, (batch,), "the batch")


def check_length_values(name: str, lengths: Tensor | None, longest: int) -> None:
    if lengths is None:
        return
    for row, length in enumerate(lengths.tolist()):
        if not 0 <= length <= longest:
            raise ValueError(f"{name}[{row}] must lie in 0 .. {longest}, got {length}")


def not_a_probability(x: Tensor, flat: int, logits: bool) -> ValueError:
    """The error for the entry at this place of the flattened [B, U, S] tensor."""
    index, value = _place(x, flat)
    if logits:
        return ValueError(f"e[{index}] is NaN: a logit must be a number, or +-inf")
    return ValueError(f"p[{index}] must be a probability in [0, 1], got {value:g}")


def not_a_logit(u: Tensor, flat: int) -> ValueError:
    index, value = _place(u, flat)
    return ValueError(f"u[{index}] must be a number, or -inf for padding, got {value:g}")


def _place(x: Tensor, flat: int) -> tuple[str, float]:
    index = [int(i) for i in torch.unravel_index(torch.tensor(flat), x.shape)]
    return ", ".join(map(str, index)), float(x[tuple(index)])


def check_probabilities(x: Tensor, on: Tensor, logits: bool) -> None:
    """Raise for the first valid entry that is no probability; waits for a GPU."""
    bad = on & (x.isnan() if logits else ~((x >= 0) & (x <= 1)))
    if bool(bad.any()):
        raise not_a_probability(x, int(bad.flatten().to(torch.uint8).argmax()), logits)


def check_logits(u: Tensor) -> None:
    bad = u.isnan() | (u == torch.inf)
    if bool(bad.any()):
        raise not_a_logit(u, int(bad.flatten().to(torch.uint8).argmax()))


def check_float32(name: str, x: Tensor, device: torch.device = CPU) -> None:
    if x.dtype != torch.float32 or x.device != device:
        place = "the CPU" if device == CPU else f"{device}"
        raise ValueError(f"{name} must be float32 on {place}, got {x.dtype} on {x.device}: convert it")


def check_rows(name: str, index: Tensor, count: int) -> None:
    """Whole numbers that index one of so many rows."""
    bad = ((index < 0) | (index >= count)).nonzero()
    if len(bad):
        row = int(bad[0, 0])
        raise ValueError(f"{name}[{row}] must lie in 0 .. {count - 1}, got {int(index[row])}")


def not_a_uniform(uniform: Tensor, flat: int) -> ValueError:
    index, value = _place(uniform, flat)
    return ValueError(f"uniform[{index}] must lie in [0, 1), got {value:g}: draw it with torch.rand")


def check_uniforms(uniform: Tensor) -> None:
    bad = ~((uniform >= 0) & (uniform < 1))
    if bool(bad.any()):
        raise not_a_uniform(uniform, int(bad.flatten().to(torch.uint8).argmax()))


def check_decoding(
    uniform: Tensor,
    draws: int,
    previous: Tensor,
    rows: int,
    plan: Tensor | None,
    gates: int,
    times: tuple[float, int, int, int | None],
    device: torch.device = CPU,
) -> None:
    """What the decoding kernels share. rows: of the table. gates: numbers of a plan's segment.

    times: temperature, hold, place, end.
    """
    temperature, hold, place, end = times
    check_floats("uniform", uniform, "[B, T, K]", 3)
    B, T, _ = uniform.shape
    check_same("uniform", uniform, (B, T, draws), "the head, which draws K numbers a token")
    check_float32("uniform", uniform, device)
    check_lengths("state.previous", previous, B)
    check_rows("state.previous", previous, rows)
    if hold < 1 or place < 0:
        raise ValueError(f"hold must be at least 1 and place at least 0, got {hold} and {place}")
    if plan is not None:
        check_floats("plan", plan, "[B, S, gates]", 3)
        check_float32("plan", plan, device)
        segments = max(-(-(place + T) // hold), plan.shape[1])
        check_same("plan", plan, (B, segments, gates), "place, frames, hold and weights")
    if not 0 <= temperature < torch.inf:
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature}")
    if end is not None and not 0 <= end < rows:
        raise ValueError(f"end must be a token of 0 .. {rows - 1}, got {end}")


def check_lanes(lanes: int, library: Native) -> None:
    """Weights are packed for one length of vectors."""
    if library.lanes != lanes:
        raise ValueError(
            f"the weights are packed for vectors of {lanes} numbers, those of the native library "
            f"({library.level}) hold {library.lanes}: pack them with lanes={library.lanes}"
        )
