"""An n-gram language model of token windows: how much like the training music does a window sound?

Of two smoothings, both interpolated. With the history h = w_{t-n+1} .. w_{t-1}, its count c(h), the number
T(h) of different tokens seen after it, and h' without its oldest token, Witten and Bell (1991, method C, in
the form that Chen and Goodman 1998 give it) have

    p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)),

and absolute discounting (Ney, Essen and Kneser 1994) has

    p(w | h) = (max(c(h w) - D, 0) + D T(h) p(w | h')) / c(h),    D = 3/4.

Tunes are printed more than once, so that the estimate n1 / (n1 + 2 n2) of D from the n-grams seen once and
twice is too small, and costs held-out music more nats. Either way p(w | h) = p(w | h') where c(h) = 0, down
to p(w) = 1 / V below the unigrams. Histories do not reach over the beginning of a window: there they are
filled with a token that is never predicted. The model knows nothing of neural ones, so it can judge them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

DISCOUNT = 0.75
"""off every count. Test melodies of two bars cost 1.333 nats a step with it, 1.359 with the estimate."""
LARGEST_KEY = 1 << 62
Smoothing = Literal["Witten-Bell", "absolute discounting"]


class Level(NamedTuple):
    """Counts of the n-grams of one length. A key has the newest token as its lowest digit."""

    grams: np.ndarray
    """[G] int64, ascending"""
    counts: np.ndarray
    """[G] int64: c(h w)"""
    contexts: np.ndarray
    """[C] int64, ascending: the grams without their newest token"""
    totals: np.ndarray
    """[C] int64: c(h)"""
    types: np.ndarray
    """[C] int64: T(h)"""


@dataclass(frozen=True, eq=False)
class NGram:
    """A fitted model; see `fit_ngram`."""

    vocabulary_size: int
    levels: tuple[Level, ...]
    """of the unigrams, the bigrams, ..."""
    smoothing: Smoothing = "Witten-Bell"

    @property
    def order(self) -> int:
        return len(self.levels)

    def nll(self, tokens: np.ndarray) -> np.ndarray:
        """-log p of every token given those before it in its window, in nats: [N, T] to [N, T] float64.

        Raises:
            ValueError: unless the tokens are whole numbers [N, T] in the vocabulary.
        """
        rows = check_windows(tokens, self.vocabulary_size)
        base = self.vocabulary_size + 1
        keys = gram_keys(rows, self.order, base)
        p = np.full(rows.shape, 1.0 / self.vocabulary_size)
        for length, level in enumerate(self.levels, 1):
            gram = keys % base**length
            context = gram // base
            total, types = _look_up(level.contexts, context, level.totals, level.types)
            (count,) = _look_up(level.grams, gram, level.counts)
            if self.smoothing == "absolute discounting":
                seen = (np.maximum(count - DISCOUNT, 0) + DISCOUNT * types * p) / np.maximum(total, 1)
            else:
                seen = (count + types * p) / np.maximum(total + types, 1)
            p = np.where(total > 0, seen, p)
        return -np.log(p)


def fit_ngram(
    tokens: np.ndarray,
    vocabulary_size: int,
    order: int = 6,
    shifts: Iterable[int] = (0,),
    first_onset: int = 2,
    smoothing: Smoothing = "Witten-Bell",
) -> NGram:
    """Count the n-grams of windows [N, T].

    Args:
        order: the longest n-gram; the history is order - 1 tokens.
        shifts: the windows are counted once for each of these transpositions in semitones, which move the
            tokens from `first_onset` on; a window that would leave the vocabulary is left out of that one.

    Raises:
        ValueError: for no windows, tokens outside the vocabulary, an order that no 64-bit key can hold, or
            shifts that leave nothing.
    """
    rows = check_windows(tokens, vocabulary_size)
    base = vocabulary_size + 1
    if order < 1 or base**order > LARGEST_KEY:
        most = longest_order(vocabulary_size)
        raise ValueError(f"order: expected 1 to {most} with {vocabulary_size} tokens, got {order}")
    parts = [
        count_keys(gram_keys(part, order, base))
        for part in _transposed(rows, shifts, vocabulary_size, first_onset)
    ]
    if not sum(len(keys) for keys, _ in parts):
        raise ValueError(
            f"tokens: expected windows to count, got {len(rows)} windows of {rows.shape[1]} steps "
            f"that leave none after transposition by {list(shifts)}"
        )
    grams, counts = count_keys(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    levels = [_level(grams, counts, base)]
    for length in range(
        order - 1, 0, -1
    ):  # every position has its full history, so short grams follow from long
        grams, counts = count_keys(grams % base**length, counts)
        levels.append(_level(grams, counts, base))
    levels.reverse()
    return NGram(vocabulary_size, tuple(levels), smoothing)


def longest_order(vocabulary_size: int) -> int:
    """The longest n-gram of so many tokens that a 62-bit key can hold."""
    base, order = vocabulary_size + 1, 1
    while base ** (order + 1) <= LARGEST_KEY:
        order += 1
    return order


def gram_keys(rows: np.ndarray, order: int, base: int) -> np.ndarray:
    """Each token with the order - 1 before it as one number: [N, T] to [N, T] int64."""
    filler = np.full((len(rows), order - 1), base - 1, np.int64)
    padded = np.concatenate([filler, rows], axis=1)
    steps = rows.shape[1]
    keys = np.zeros(rows.shape, np.int64)
    for place in range(order):
        keys = keys * base + padded[:, place : place + steps]
    return keys


def count_keys(keys: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Different keys in ascending order, and how often (or with what sum of weights) each occurs."""
    flat = keys.ravel()
    if weights is None:
        ordered = np.sort(flat)
        first = _first_of_each(ordered)
        return ordered[first], np.diff(np.append(first, len(ordered)))
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    first = _first_of_each(ordered)
    return ordered[first], np.add.reduceat(weights[order], first) if len(first) else weights[:0]


def check_windows(tokens: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """Windows [N, T] as int64.

    Raises:
        ValueError: unless they are whole numbers in two dimensions, from 0 to `vocabulary_size` - 1.
    """
    if tokens.ndim != 2 or not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"tokens: expected whole numbers [N, T], got {tokens.dtype} of shape {tokens.shape}")
    if tokens.size and (tokens.min() < 0 or tokens.max() >= vocabulary_size):
        raise ValueError(f"tokens: expected 0 to {vocabulary_size - 1}, got {tokens.min()} to {tokens.max()}")
    return tokens.astype(np.int64)


def _transposed(
    rows: np.ndarray, shifts: Iterable[int], vocabulary_size: int, first_onset: int
) -> Iterable[np.ndarray]:
    onset = rows >= first_onset
    lowest = np.where(onset, rows, vocabulary_size).min(axis=1, initial=vocabulary_size)
    highest = np.where(onset, rows, 0).max(axis=1, initial=0)
    for shift in shifts:
        fits = (lowest + shift >= first_onset) & (highest + shift < vocabulary_size) | ~onset.any(axis=1)
        yield rows[fits] + shift * onset[fits] if shift else rows


def _level(grams: np.ndarray, counts: np.ndarray, base: int) -> Level:
    context = grams // base
    first = _first_of_each(context)
    return Level(
        grams, counts, context[first], np.add.reduceat(counts, first), np.diff(np.append(first, len(grams)))
    )


def _first_of_each(ordered: np.ndarray) -> np.ndarray:
    """Where each different value begins in an ascending array."""
    return np.flatnonzero(np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]]))


def _look_up(keys: np.ndarray, wanted: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """The columns at each wanted key, 0 where there is no such key."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[place] == wanted
    return [np.where(found, column[place], 0) for column in columns]
