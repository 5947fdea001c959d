"""A Remote Script for Ableton Live 11 and 12: clips to the seqgen service and back."""

from __future__ import annotations

from typing import Any


def create_instance(c_instance: Any) -> Any:
    """What Live calls when the script is chosen as a control surface."""
    from .surface import Seqgen  # noqa: TID252  Live may load this folder under any name

    return Seqgen(c_instance)
