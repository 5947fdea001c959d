"""What a metric gives: figures with their baselines and intervals, curves, and what could not be measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A figure and the bounds that hold 95% of its bootstrap draws."""

    value: float
    low: float
    high: float


class Figure(NamedTuple):
    """One number with what stands beside it."""

    name: str
    value: float
    low: float | None = None
    """lower bound of the 95% bootstrap interval; None where nothing is drawn"""
    high: float | None = None
    baseline: float | None = None
    """the same number of something that has learnt nothing, or of real music"""
    against: str = ""
    """what the baseline is of"""

    @classmethod
    def of(
        cls, name: str, interval: Interval, baseline: float | Interval | None = None, against: str = ""
    ) -> Figure:
        beside = baseline.value if isinstance(baseline, Interval) else baseline
        return cls(name, *interval, beside, against)


class Curve(NamedTuple):
    """Values along an axis, for a picture."""

    name: str
    x: np.ndarray
    """[K]"""
    y: np.ndarray
    """[K]"""


class Plot(NamedTuple):
    """Curves that belong into one picture."""

    name: str
    """of the file, without its ending"""
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Section:
    """All that one metric says."""

    title: str
    figures: list[Figure]
    signature: str
    """how it was measured, as `key:value|key:value`; two figures compare if these are alike"""
    plots: list[Plot] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """sentences: what could not be measured, and why"""

    def as_dict(self) -> dict[str, Any]:
        """For JSON. A figure without interval or baseline leaves them out."""
        figures = {}
        for figure in self.figures:
            entries = figure._asdict()
            del entries["name"]
            figures[figure.name] = {key: entry for key, entry in entries.items() if entry not in (None, "")}
        return {"figures": figures, "missing": self.missing, "signature": self.signature}
