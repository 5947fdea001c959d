"""torch.ops.seqgen.expected_alignment and its backward: CPU, CUDA, fake and autograd.

`x` is p, or its logit where `logits`. `backend` is "native", "triton", or "" for the fastest on the device.
Computed in float32 at least; alpha has that type, so half precision loses no mass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seqgen.kernels.checks import check_length_values, check_probabilities
from seqgen.kernels.choose import choose
from seqgen.kernels.expected_alignment import native, wavefront
from seqgen.kernels.expected_alignment.padding import valid

FORWARD = "seqgen::expected_alignment"
BACKWARD = "seqgen::expected_alignment_backward"

torch.library.define(
    FORWARD,
    "(Tensor x, Tensor? previous, Tensor? source_lengths, Tensor? target_lengths, bool logits, str backend)"
    " -> (Tensor alpha, Tensor final)",
)
torch.library.define(
    BACKWARD,
    "(Tensor grad_alpha, Tensor? grad_final, Tensor x, Tensor? previous, Tensor alpha,"
    " Tensor? source_lengths, Tensor? target_lengths, bool logits, str backend)"
    " -> (Tensor grad_x, Tensor grad_previous)",
)


def forward(
    x: Tensor,
    previous: Tensor | None,
    source_lengths: Tensor | None,
    target_lengths: Tensor | None,
    logits: bool,
    backend: str,
) -> tuple[Tensor, Tensor]:
    _, U, S = x.shape
    dtype = torch.promote_types(x.dtype, torch.float32)
    lengths = _whole(source_lengths), _whole(target_lengths)
    version = choose(x.device, backend)
    if x.device.type == "cpu":
        check_length_values("source_lengths", lengths[0], S)
        check_length_values("target_lengths", lengths[1], U)
    if version == "triton":
        from seqgen.kernels.expected_alignment import triton_kernel  # triton takes a second to import

        return triton_kernel.forward(x.contiguous(), started(previous, x), *lengths, logits)
    x = x.to(dtype).contiguous()
    if version == "torch":
        if x.device.type == "cpu":
            check_probabilities(x, valid(x, *lengths), logits)
        return wavefront.forward(x, started(previous, x), *lengths, logits)
    previous = None if previous is None else previous.contiguous()
    return native.forward(version, x, previous, *lengths, logits)


def backward(
    grad_alpha: Tensor,
    grad_final: Tensor | None,
    x: Tensor,
    previous: Tensor | None,
    alpha: Tensor,
    source_lengths: Tensor | None,
    target_lengths: Tensor | None,
    logits: bool,
    backend: str,
) -> tuple[Tensor, Tensor]:
    alpha = alpha.contiguous()
    lengths = _whole(source_lengths), _whole(target_lengths)
    grads = grad_alpha.contiguous(), None if grad_final is None else grad_final.contiguous()
    version = choose(x.device, backend)
    if version == "triton":
        from seqgen.kernels.expected_alignment import triton_kernel

        return triton_kernel.backward(*grads, x.contiguous(), started(previous, x), alpha, *lengths, logits)
    wide = x.to(alpha.dtype).contiguous()
    if version == "torch":
        to_x, to_previous = wavefront.backward(*grads, wide, started(previous, x), alpha, *lengths, logits)
    else:
        previous = None if previous is None else previous.contiguous()
        to_x, to_previous = native.backward(version, *grads, wide, previous, alpha, *lengths, logits)
    return to_x.to(x.dtype), to_previous


def started(previous: Tensor | None, x: Tensor) -> Tensor:
    """The row before the first: all mass at column 0 where none is given. [B, S] in the type of alpha."""
    if previous is not None:
        return previous.contiguous()
    dtype = torch.promote_types(x.dtype, torch.float32)
    previous = torch.zeros(x.shape[0], x.shape[2], dtype=dtype, device=x.device)
    previous[:, :1] = 1
    return previous


def _whole(lengths: Tensor | None) -> Tensor | None:
    return None if lengths is None else lengths.to(torch.int64).contiguous()


for _device in ("cpu", "cuda"):
    torch.library.impl(FORWARD, _device, forward)
    torch.library.impl(BACKWARD, _device, backward)


@torch.library.register_fake(FORWARD)
def _fake(
    x: Tensor,
    previous: Tensor | None,
    source: Tensor | None,
    target: Tensor | None,
    logits: bool,
    backend: str,
) -> tuple[Tensor, Tensor]:
    alpha = x.new_empty(x.shape, dtype=torch.promote_types(x.dtype, torch.float32))
    return alpha, alpha.new_empty(x.shape[0], x.shape[2])


@torch.library.register_fake(BACKWARD)
def _fake_backward(
    grad_alpha: Tensor,
    grad_final: Tensor | None,
    x: Tensor,
    previous: Tensor | None,
    alpha: Tensor,
    source: Tensor | None,
    target: Tensor | None,
    logits: bool,
    backend: str,
) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), alpha.new_empty(x.shape[0], x.shape[2])


def _save(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
    x, previous, source_lengths, target_lengths, ctx.logits, ctx.backend = inputs
    ctx.save_for_backward(x, previous, output[0], source_lengths, target_lengths)
    ctx.set_materialize_grads(False)


def _differentiate(
    ctx: Any, grad_alpha: Tensor | None, grad_final: Tensor | None
) -> tuple[Tensor | None, ...]:
    x, previous, alpha, *lengths = ctx.saved_tensors
    if grad_alpha is None:
        grad_alpha = torch.zeros_like(alpha)
    to_x, to_previous = torch.ops.seqgen.expected_alignment_backward.default(
        grad_alpha, grad_final, x, previous, alpha, *lengths, ctx.logits, ctx.backend
    )
    return to_x, None if previous is None else to_previous, None, None, None, None


torch.library.register_autograd(FORWARD, _differentiate, setup_context=_save)
