"""Six numbers that say what a beat is like, of windows of drum tokens (nine drums a step, as bits).

N windows, T steps. Every function takes tokens [N, T] of `drums` to numbers [N], for all windows at once;
what is undefined (the likeness of silent bars) is NaN.
"""

from __future__ import annotations

import numpy as np

from seqgen.representation.drum_map import DRUM_CLASSES
from seqgen.representation.melody_attributes import Numbers, Tokens, over, syncopation
from seqgen.representation.timeline import STEPS_PER_BAR

CYMBALS = ("closed hi-hat", "open hi-hat", "crash", "ride")
CYMBAL_BITS = sum(1 << number for number, (name, *_) in enumerate(DRUM_CLASSES) if name in CYMBALS)


def note_density(tokens: Tokens) -> Numbers:
    """Hits a bar; two drums on one step are two hits."""
    return _hits(tokens).sum(1) * STEPS_PER_BAR / tokens.shape[1]


def syncopation_8th(tokens: Tokens) -> Numbers:
    """Steps a bar that are the second eighth of a beat and have a hit, where its first has none."""
    return syncopation(tokens > 0, 4, 2)


def syncopation_16th(tokens: Tokens) -> Numbers:
    """Steps a bar that are the second sixteenth of an eighth and have a hit, where its first has none."""
    return syncopation(tokens > 0, 2, 1)


def repetition(tokens: Tokens) -> Numbers:
    """How much of each bar was there before: in the most alike of the bars before it, on average.

    Two bars are as alike as the share of their hits that both have, of all that either has (Jaccard); silent
    bars have no part in it.
    """
    bar = tokens.reshape(len(tokens), -1, STEPS_PER_BAR)
    total, count = np.zeros(len(tokens)), np.zeros(len(tokens))
    for late in range(1, bar.shape[1]):
        now, before = bar[:, late : late + 1], bar[:, :late]
        either, both = _hits(now | before).sum(2), _hits(now & before).sum(2)
        plays = now.any((1, 2))
        total += np.where(plays, (both / np.maximum(either, 1)).max(1), 0)
        count += plays
    return over(total, count)


def simultaneity(tokens: Tokens) -> Numbers:
    """Drums that are hit together: hits for each step that has any."""
    return over(_hits(tokens).sum(1), (tokens > 0).sum(1))


def cymbal_share(tokens: Tokens) -> Numbers:
    """Share of the hits that are on hi-hats and cymbals."""
    return over(_hits(tokens & CYMBAL_BITS).sum(1), _hits(tokens).sum(1))


def _hits(tokens: np.ndarray) -> np.ndarray:
    return np.bitwise_count(tokens).astype(np.int64)
