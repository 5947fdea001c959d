"""torch.ops.seqgen.chunk_attention and its backward: CPU, CUDA, fake and autograd.

`backend` is "" for the fastest version on the device, "native" or "triton". Computed in float32 at least.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seqgen.kernels.checks import check_logits
from seqgen.kernels.choose import choose
from seqgen.kernels.chunk_attention import native, offsets

FORWARD = "seqgen::chunk_attention"
BACKWARD = "seqgen::chunk_attention_backward"

torch.library.define(FORWARD, "(Tensor alpha, Tensor u, int chunk, str backend) -> Tensor")
torch.library.define(
    BACKWARD,
    "(Tensor grad, Tensor alpha, Tensor u, int chunk, str backend) -> (Tensor grad_alpha, Tensor grad_u)",
)


def forward(alpha: Tensor, u: Tensor, chunk: int, backend: str) -> Tensor:
    dtype = computed_in(alpha, u)
    alpha, u = alpha.to(dtype).contiguous(), u.to(dtype).contiguous()
    version = choose(u.device, backend)
    if version == "triton":
        from seqgen.kernels.chunk_attention import triton_kernel  # triton takes a second to import

        return triton_kernel.forward(alpha, u, chunk)
    if version == "torch":
        if u.device.type == "cpu":
            check_logits(u)
        return offsets.forward(alpha, u, chunk)
    return native.forward(version, alpha, u, chunk)


def backward(grad: Tensor, alpha: Tensor, u: Tensor, chunk: int, backend: str) -> tuple[Tensor, Tensor]:
    dtype = grad.dtype
    given = grad.contiguous(), alpha.to(dtype).contiguous(), u.to(dtype).contiguous()
    version = choose(u.device, backend)
    if version == "triton":
        from seqgen.kernels.chunk_attention import triton_kernel

        to_alpha, to_u = triton_kernel.backward(*given, chunk)
    elif version == "torch":
        to_alpha, to_u = offsets.backward(*given, chunk)
    else:
        to_alpha, to_u = native.backward(version, *given, chunk)
    return to_alpha.to(alpha.dtype), to_u.to(u.dtype)


def computed_in(alpha: Tensor, u: Tensor) -> torch.dtype:
    return torch.promote_types(torch.promote_types(alpha.dtype, u.dtype), torch.float32)


for _device in ("cpu", "cuda"):
    torch.library.impl(FORWARD, _device, forward)
    torch.library.impl(BACKWARD, _device, backward)


@torch.library.register_fake(FORWARD)
def _fake(alpha: Tensor, u: Tensor, chunk: int, backend: str) -> Tensor:
    return u.new_empty(u.shape, dtype=computed_in(alpha, u))


@torch.library.register_fake(BACKWARD)
def _fake_backward(grad: Tensor, alpha: Tensor, u: Tensor, chunk: int, backend: str) -> tuple[Tensor, Tensor]:
    return alpha.new_empty(alpha.shape), u.new_empty(u.shape)


def _save(ctx: Any, inputs: tuple, output: Tensor) -> None:
    alpha, u, ctx.chunk, ctx.backend = inputs
    ctx.save_for_backward(alpha, u)


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    to_alpha, to_u = torch.ops.seqgen.chunk_attention_backward.default(
        grad, *ctx.saved_tensors, ctx.chunk, ctx.backend
    )
    return to_alpha, to_u, None, None


torch.library.register_autograd(FORWARD, _differentiate, setup_context=_save)
