"""Long music through a short window: overlapping windows whose results are faded into one another.

N steps of a piece, windows of T steps, hop bars apart.
"""

from __future__ import annotations

import numpy as np

MOST_STEPS = 1 << 18
"""of one stretch: nine hours of sixteenths at 120 quarters a minute"""


def window_starts(steps: int, size: int, hop: int) -> np.ndarray:
    """Where windows of `size` steps begin so that each of `steps` is in one: [W] int64, the first at 0.

    The last one ends where the steps end, or is the only one and reaches beyond.

    >>> window_starts(80, 32, 16).tolist()
    [0, 16, 32, 48]
    """
    last = max(0, -(-(steps - size) // hop))
    return np.arange(last + 1) * hop


def cut(values: np.ndarray, starts: np.ndarray, size: int) -> np.ndarray:
    """The windows of `values` [N, ...], with zeros beyond the end: [W, size, ...]."""
    reach = max(int(starts[-1]) + size, len(values))
    padded = np.zeros((reach, *values.shape[1:]), values.dtype)
    padded[: len(values)] = values
    return np.stack([padded[start : start + size] for start in starts.tolist()])


def fade(size: int) -> np.ndarray:
    """The weight of each step of a window: most in the middle, least at its ends. [size] float64."""
    place = np.arange(size)
    return np.minimum(place + 1, size - place).astype(np.float64)


def crossfade(windows: np.ndarray, starts: np.ndarray, steps: int) -> np.ndarray:
    """The weighted mean, at each step, of the windows [W, T, ...] that hold it: [steps, ...] float64.

    Nothing jumps where a window begins or ends, since its weight there is the least.
    """
    size = windows.shape[1]
    weight = fade(size).reshape(size, *[1] * (windows.ndim - 2))
    reach = max(int(starts[-1]) + size, steps)
    total = np.zeros((reach, *windows.shape[2:]))
    weights = np.zeros((reach, *weight.shape[1:]))
    for window, start in zip(windows, starts.tolist(), strict=True):
        total[start : start + size] += weight * window
        weights[start : start + size] += weight
    return (total / np.maximum(weights, 1e-9))[:steps]


def nearest_middle(windows: np.ndarray, starts: np.ndarray, steps: int) -> np.ndarray:
    """At each step what the window says in which it is nearest to the middle: [steps, ...]."""
    size = windows.shape[1]
    weight = fade(size)
    reach = max(int(starts[-1]) + size, steps)
    best, result = np.zeros(reach), np.zeros((reach, *windows.shape[2:]), windows.dtype)
    for window, start in zip(windows, starts.tolist(), strict=True):
        place = slice(start, start + size)
        better = weight > best[place]
        result[place][better] = window[better]
        best[place] = np.maximum(best[place], weight)
    return result[:steps]
