"""torch.ops.seqgen.thin_linear and thin_lstm: CPU and fake. No gradient: they are for steps."""

from __future__ import annotations

import torch
from torch import Tensor

from seqgen.kernels.checks import check_dtype, check_same
from seqgen.kernels.choose import choose
from seqgen.kernels.native.library import Native
from seqgen.kernels.thin import naive

LINEAR = "seqgen::thin_linear"
LSTM = "seqgen::thin_lstm"

torch.library.define(LINEAR, "(Tensor x, Tensor weight, Tensor? bias) -> Tensor")
torch.library.define(
    LSTM,
    "(Tensor x, Tensor h, Tensor c, Tensor w_ih, Tensor w_hh, Tensor b_ih, Tensor b_hh)"
    " -> (Tensor y, Tensor h, Tensor c)",
)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    library = choose(x.device, "")
    if isinstance(library, str):
        return naive.linear(x, weight, bias)
    return native_linear(library, x, weight, bias)


def native_linear(library: Native, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    outputs, inputs = weight.shape
    check_same("x", x, (*x.shape[:-1], inputs), "weight")
    if bias is not None:
        check_same("bias", bias, (outputs,), "weight")
        check_dtype("bias", bias, x)
    check_dtype("weight", weight, x)
    x, weight = x.contiguous(), weight.contiguous()
    bias = None if bias is None else bias.contiguous()
    y = x.new_empty(*x.shape[:-1], outputs)
    library.call("thin_linear", x.dtype, x, weight, bias, y, y.numel() // outputs, inputs, outputs)
    return y


def _lstm(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    library = choose(x.device, "")
    if isinstance(library, str):
        return naive.lstm(x, h, c, w_ih, w_hh, b_ih, b_hh)
    return native_lstm(library, x, h, c, w_ih, w_hh, b_ih, b_hh)


def native_lstm(
    library: Native, x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    (B, T, inputs), D = x.shape, h.shape[-1]
    shapes = ((B, D), (B, D), (4 * D, inputs), (4 * D, D), (4 * D,), (4 * D,))
    given = (h, c, w_ih, w_hh, b_ih, b_hh)
    for name, tensor, shape in zip(("h", "c", "w_ih", "w_hh", "b_ih", "b_hh"), given, shapes, strict=True):
        check_same(name, tensor, shape, "x and h")
        check_dtype(name, tensor, x)
    weights = [w.contiguous() for w in (w_ih, w_hh, b_ih, b_hh)]
    # The kernel overwrites these two.
    h, c = (s.clone(memory_format=torch.contiguous_format) for s in (h, c))
    y = x.new_empty(B, T, D)
    library.call("thin_lstm", x.dtype, x.contiguous(), *weights, h, c, y, B, T, inputs, D)
    return y, h, c


def _fake_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_empty(*x.shape[:-1], weight.shape[0])


def _fake_lstm(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return x.new_empty(*x.shape[:-1], h.shape[-1]), h.new_empty(h.shape), c.new_empty(c.shape)


torch.library.impl(LINEAR, "CPU")(_linear)
torch.library.impl(LSTM, "CPU")(_lstm)
torch.library.register_fake(LINEAR)(_fake_linear)
torch.library.register_fake(LSTM)(_fake_lstm)
thin_linear = torch.ops.seqgen.thin_linear.default
thin_lstm = torch.ops.seqgen.thin_lstm.default
