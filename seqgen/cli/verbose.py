"""`--verbose`: what the library notes about its work, on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def notes(wanted: bool) -> Iterator[None]:
    """Within, if it is wanted, information is shown too, and first what there is to compute with."""
    if not wanted:
        yield
        return
    log, handler = logging.getLogger("seqgen"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("seqgen: %(message)s"))
    handler.addFilter(News())
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        log.info("%s", equipment())
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(handler)


class News(logging.Filter):
    """Lets a sentence through when it is not that of before: long music is decoded in many blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        told, self.last = self.last, record.getMessage()
        return told != self.last


def equipment() -> str:
    import torch

    from seqgen import __version__
    from seqgen.kernels.native.library import load

    native = load()
    kernels = "none" if native is None else native.level
    return f"version {__version__}, torch {torch.__version__}, native kernels: {kernels}"
