"""The native library: found, chosen by what the processor can do, called with plain pointers."""

from __future__ import annotations

import ctypes
import functools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

ABILITIES = {"AVX512": ("avx512dot", "avx512", "avx2", "portable"), "AVX2": ("avx2", "portable")}
"""the levels that a processor may run, best first, by torch's name for it; any other runs `portable`"""
LANES = {"avx512dot": 16, "avx512": 16, "avx2": 8, "portable": 4}
"""float32 numbers in a vector of each level"""
POINTER, NUMBER, REAL = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
FLOATS = (torch.float32, torch.float64)
PRECISIONS = (torch.float32, torch.bfloat16, torch.int8)
KERNELS = {
    "alignment_forward": (NUMBER, (*6 * [POINTER], *5 * [NUMBER])),
    "alignment_backward": (None, (*9 * [POINTER], *5 * [NUMBER])),
    "window_forward": (NUMBER, (*3 * [POINTER], *4 * [NUMBER])),
    "window_backward": (None, (*5 * [POINTER], *4 * [NUMBER])),
    "thin_linear": (None, (*4 * [POINTER], *4 * [NUMBER])),
    "thin_lstm": (None, (*8 * [POINTER], *5 * [NUMBER])),
}
"""name: result (what `Native.call` returns, or nothing) and arguments; in float32 and float64"""
PACKED = {
    "lstm_sequence": (None, (*7 * [POINTER], *6 * [NUMBER])),
    "lstm_decode": (NUMBER, (*11 * [POINTER], *12 * [NUMBER], REAL, NUMBER)),
    "wavenet_decode": (NUMBER, (*10 * [POINTER], *15 * [NUMBER], REAL, NUMBER)),
}
"""the same for what runs on packed weights, by their precision"""


@dataclass(frozen=True)
class Native:
    """One loaded library."""

    level: str
    """avx512dot (AVX-512 with products of pairs of bfloat16 and fours of bytes), avx512, avx2 or portable"""
    threads: int
    """how many share the rows of a call"""
    functions: dict[tuple[str, torch.dtype], Callable[..., int | None]]
    """by name and dtype"""

    @property
    def lanes(self) -> int:
        return LANES[self.level]

    def call(self, kernel: str, dtype: torch.dtype, *arguments: Tensor | int | float | None) -> int:
        """Tensors (contiguous, on the CPU) go as pointers and None as the null pointer; threads come last.

        Returns the flat index of the first bad entry, or -1.
        """
        plain = [a.data_ptr() if isinstance(a, Tensor) else a for a in arguments]
        bad = self.functions[kernel, dtype](*plain, self.threads)
        return -1 if bad is None else bad


def load(level: str | None = None, threads: int | None = None) -> Native | None:
    """The library for this processor, or the one of `level`; None, said once, where none is built.

    It is looked for in the folder $SEQGEN_NATIVE, else beside this file; what is no folder is a ValueError.
    threads: by default $SEQGEN_THREADS, else 1: a batch is small work, and more threads than cores fight.
    """
    return _load(level, threads)


@functools.cache
def _load(level: str | None, threads: int | None) -> Native | None:
    # Imported at the top, `python -m` would find it there before it runs it, and warn.
    from seqgen.kernels.native import build

    folder = _wanted_folder() or build.HERE
    able = ABILITIES.get(torch.backends.cpu.get_cpu_capability(), ("portable",))
    for name in able if level is None else (level,):
        file = build.path(name, folder)
        if file.exists():
            library = ctypes.CDLL(str(file))
            if library.runs_here():
                return Native(name, threads or _wanted_threads(), _functions(library))
    logging.getLogger("seqgen").warning(
        "the native kernels are not built for this version: the slower torch versions serve. "
        "With a C++ compiler: python -m seqgen.kernels.native.build"
    )
    return None


def _wanted_folder() -> Path | None:
    wanted = os.environ.get("SEQGEN_NATIVE")
    if not wanted:
        return None
    if not Path(wanted).is_dir():
        raise ValueError(f"SEQGEN_NATIVE must be a folder of built libraries, got {wanted!r}; unset it")
    return Path(wanted)


def _wanted_threads() -> int:
    wanted = os.environ.get("SEQGEN_THREADS", "1")
    if not (wanted.isdecimal() and int(wanted) > 0):
        raise ValueError(f"SEQGEN_THREADS must be a whole number of at least 1, got {wanted!r}")
    return int(wanted)


def _functions(library: ctypes.CDLL) -> dict[tuple[str, torch.dtype], Callable[..., int | None]]:
    found = {}
    for kernels, dtypes in ((KERNELS, FLOATS), (PACKED, PRECISIONS)):
        for kernel, (result, arguments) in kernels.items():
            for dtype in dtypes:
                function = getattr(library, f"{kernel}_{str(dtype).removeprefix('torch.')}")
                function.restype, function.argtypes = result, arguments
                found[kernel, dtype] = function
    return found
