"""Which version of a kernel serves a tensor."""

from __future__ import annotations

import importlib.util
from typing import Literal

import torch

from seqgen.kernels.native.library import Native, load


def choose(device: torch.device, backend: str) -> Native | Literal["triton", "torch"]:
    """The version for a device: the one asked for by name, or the fastest that is there ("")."""
    if backend == "native":
        return _native(device)
    if backend == "triton":
        return _triton(device)
    if device.type == "cpu":
        return load() or "torch"
    if device.type == "cuda" and importlib.util.find_spec("triton") is not None:
        return "triton"
    return "torch"


def _native(device: torch.device) -> Native:
    if device.type != "cpu":
        raise ValueError(f"backend 'native' works on the CPU, got a tensor on {device}: use 'triton' there")
    library = load()
    if library is None:
        raise ValueError(
            "backend 'native' needs the native library, which is not built here: with a C++ compiler, "
            "python -m seqgen.kernels.native.build"
        )
    return library


def _triton(device: torch.device) -> Literal["triton"]:
    if importlib.util.find_spec("triton") is None:
        raise ValueError("backend 'triton' needs the package triton: pip install triton")
    import triton

    if device.type != "cuda" and not triton.knobs.runtime.interpret:
        raise ValueError(
            f"backend 'triton' works on a CUDA device, got a tensor on {device}: move it there, or set "
            "TRITON_INTERPRET=1 before Python starts to try the kernel in Triton's interpreter"
        )
    return "triton"
