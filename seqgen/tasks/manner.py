"""How tokens are played: what a clip has beside its notes, and what is between two clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqgen.tasks.clip import Clip


@dataclass(frozen=True)
class Manner:
    """How tokens are played."""

    qpm: float
    velocity: int = 80
    program: int = 0


def mixtures(clips: list[Clip], weights: np.ndarray) -> list[Manner]:
    """A manner for each row of `weights` [N, len(clips)]: how much of each clip there is in it."""
    tempo = np.exp(weights @ np.log([clip.qpm for clip in clips]))
    velocity = weights @ np.array([clip.velocity for clip in clips], dtype=np.float64)
    nearest = weights.argmax(1)
    rows = zip(tempo.tolist(), velocity.tolist(), nearest.tolist(), strict=True)
    # Rounded, so that the ends have exactly the tempo of their sources.
    return [Manner(round(q, 6), min(max(round(v), 1), 127), clips[n].program) for q, v, n in rows]
