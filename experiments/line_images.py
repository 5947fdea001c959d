"""The lines of Berthelot et al. 2019 (section 3.1): images of one known factor, and what is measured on them.

A line goes from the middle of an image to its edge at an angle; it is 1 and what is around it -1, as in the
paper, whose images have 32 x 32 pixels. Between two of them lie the lines that turn from one to the other,
and nothing else. So an interpolation is judged by how near its images are to lines (mean distance), and by
how evenly their angles turn (smoothness); 0 is best for both.

N interpolations, K images each, P pixels.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

SIZE = 16
PIXELS = SIZE * SIZE
LENGTH = SIZE / 2
"""pixels from the middle"""
ANGLES = 4096
"""of the lines that an image is compared with; the paper has 10,000"""


class Path(NamedTuple):
    """Of one interpolation."""

    distance: float
    """mean over its images of the cosine distance to the nearest line"""
    smoothness: float
    """largest step of the angle over the whole turn, less 1 / (K - 1), which even steps have"""


def draw_lines(angle: np.ndarray) -> np.ndarray:
    """Float32 [N, P] images of lines at angles [N] in radians, 1 on a ground of -1, edges a pixel soft."""
    place = np.arange(SIZE) - (SIZE - 1) / 2
    y, x = np.meshgrid(place, place, indexing="ij")
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    along = np.clip(x.ravel() * cos + y.ravel() * sin, 0, LENGTH)
    distance = np.hypot(x.ravel() - along * cos, y.ravel() - along * sin)
    return (2 * np.clip(1.5 - distance, 0, 1) - 1).astype(np.float32)


def known_angles() -> np.ndarray:
    """[ANGLES] of the lines that an image is compared with."""
    return np.arange(ANGLES) * (2 * math.pi / ANGLES)


def nearest(images: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine distance [M] of each image [M, P] to the nearest of `lines`, and which one that is [M]."""
    lengths = np.linalg.norm(lines, axis=1)
    likeness = images @ (lines / lengths[:, None]).T
    which = likeness.argmax(1)
    own = np.maximum(np.linalg.norm(images, axis=1), 1e-12)
    return 1 - likeness[np.arange(len(images)), which] / own, which


def measure(images: np.ndarray) -> list[Path]:
    """Of interpolations [N, K, P], K at least 2.

    Smoothness is that of the angles of the nearest lines, each step taken the short way round, over what
    these steps add up to: from the first line to the last the way that was gone. Where these two are one
    line it is not defined, and NaN.
    """
    count, steps, _ = images.shape
    distance, which = nearest(images.reshape(count * steps, -1), draw_lines(known_angles()))
    angle = np.unwrap(known_angles()[which].reshape(count, steps), axis=1)
    turn = np.abs(angle[:, -1] - angle[:, 0])
    largest = np.abs(np.diff(angle, axis=1)).max(1)
    share = np.divide(largest, turn, out=np.full(count, np.nan), where=turn > math.pi / ANGLES)
    rows = zip(distance.reshape(count, steps).mean(1), share - 1 / (steps - 1), strict=True)
    return [Path(float(d), float(s)) for d, s in rows]


def draw_ends(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles [count] of first and last lines, drawn evenly and apart, as in the paper."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 2 * math.pi, count), rng.uniform(0, 2 * math.pi, count)
