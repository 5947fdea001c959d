"""Sentences for the user of the Python interface: the command line prints them itself."""

from __future__ import annotations

import logging
from collections.abc import Iterable


def say(notices: Iterable[str]) -> None:
    """Log as warnings: Python shows those on stderr unless it is told otherwise."""
    for notice in notices:
        logging.getLogger("seqgen").warning(notice)
