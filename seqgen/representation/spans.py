"""Spans of bars: where several tracks play together, rests of some bars allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Span(NamedTuple):
    """Bars from `start` up to and not including `end`."""

    start: int
    end: int


def covered(start: np.ndarray, end: np.ndarray) -> list[Span]:
    """The bars of N intervals [start, end), each at least 0, merged where they touch, in order."""
    if not len(start):
        return []
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    begins = np.flatnonzero(np.concatenate([[True], start[1:] > end[:-1]]))
    ends = np.append(begins[1:], len(start)) - 1
    return [Span(*pair) for pair in zip(start[begins].tolist(), end[ends].tolist(), strict=True)]


def common(tracks: Sequence[list[Span]], end: int, gap: int) -> list[Span]:
    """The bars that all tracks cover, of a piece of `end` bars.

    Of its first and of its last `gap` bars all are covered where one track covers one of them: a window that
    is written and read again is not to lose its ends because a part comes in late.
    """
    edges = [Span(0, min(gap, end)), Span(max(end - gap, 0), end)]
    lenient = [edge for edge in edges if any(_overlap(span, edge) for spans in tracks for span in spans)]
    result = [Span(0, end)]
    for spans in tracks:
        every = [*spans, *lenient]
        own = covered(np.array([s.start for s in every]), np.array([s.end for s in every])) if every else []
        result = _intersect(result, own)
    return result


def _intersect(a: list[Span], b: list[Span]) -> list[Span]:
    """Both in order, and so is the result."""
    result, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        both = Span(max(a[i].start, b[j].start), min(a[i].end, b[j].end))
        if both.start < both.end:
            result.append(both)
        if a[i].end < b[j].end:
            i += 1
        else:
            j += 1
    return result


def _overlap(a: Span, b: Span) -> bool:
    return max(a.start, b.start) < min(a.end, b.end)
