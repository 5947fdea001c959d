"""Weights that lie in a file: their pages may leave memory once they are packed."""

from __future__ import annotations

import ctypes
import functools
import mmap
import sys
from collections.abc import Callable

from torch import Tensor

PAGE_OUT = 21
"""MADV_PAGEOUT of linux/mman.h: the pages leave memory, and are read again when they are touched"""


def page_out(x: Tensor) -> None:
    """Say that x, if it lies in memory that torch did not allocate, will not be read soon.

    Its numbers stay what they are. On other systems than Linux nothing is done.
    """
    if sys.platform != "linux" or not x.is_cpu or not x.numel() or x.untyped_storage().resizable():
        return
    extent = 1 + sum((size - 1) * stride for size, stride in zip(x.shape, x.stride(), strict=True))
    first, end = x.data_ptr(), x.data_ptr() + extent * x.element_size()
    start = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    size = (end - start) // mmap.PAGESIZE * mmap.PAGESIZE
    if size > 0:
        _advise()(start, size, PAGE_OUT)  # advice: a kernel before 5.4 refuses it, and nothing is lost


@functools.cache
def _advise() -> Callable[[int, int, int], int]:
    advise = ctypes.CDLL(None).madvise
    advise.argtypes, advise.restype = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int), ctypes.c_int
    found: Callable[[int, int, int], int] = advise
    return found
