"""How tokens are played: what a clip has beside its notes, and what is between two clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqgen.representation.chords import Chord
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
    rows = zip(tempo.tolist(), velocity.tolist(), weights.argmax(1).tolist(), strict=True)
    # Rounded, so that the ends have exactly the tempo of their sources.
    return [Manner(round(q, 6), min(max(round(v), 1), 127), clips[n].program) for q, v, n in rows]


def nearest(clips: list[Clip], weights: np.ndarray) -> list[tuple[Chord, ...]]:
    """The chords of the clip that each row of `weights` has most of."""
    return [clips[n].chords for n in weights.argmax(1).tolist()]
