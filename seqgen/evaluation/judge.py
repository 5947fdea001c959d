"""The n-gram model that music is judged by."""

from __future__ import annotations

import numpy as np

from seqgen.evaluation.ngram import NGram, Smoothing, fit_ngram, longest_order
from seqgen.evaluation.trio import PartNGrams, fit_parts

ORDER = 6
SHIFTS = range(-6, 7)
"""semitones by which melodies are transposed for the n-gram model, as they are in training"""


def judge(
    train: np.ndarray,
    kind: str,
    vocabulary_size: int,
    order: int = ORDER,
    smoothing: Smoothing = "Witten-Bell",
) -> NGram | PartNGrams:
    """The n-gram model of train windows that paths and samples are judged by.

    Where no key can hold n-grams of that order, the longest that fits.
    """
    if kind == "trio":
        return fit_parts(train, order, SHIFTS, smoothing)
    fits = min(order, longest_order(vocabulary_size))
    shifts = SHIFTS if kind == "melody" else (0,)
    return fit_ngram(train, vocabulary_size, fits, shifts, smoothing=smoothing)
