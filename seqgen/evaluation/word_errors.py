"""Word errors: the shortest way from a hypothesis to its reference (Levenshtein 1966)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class WordErrors(NamedTuple):
    """What it takes to turn a hypothesis into its reference. They add up over utterances."""

    substitutions: int
    deletions: int
    """words of the reference that the hypothesis lacks"""
    insertions: int
    """words that only the hypothesis has"""
    words: int
    """of the reference"""

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Word error rate; it can exceed 1. Raises ValueError without a word in the reference."""
        if not self.words:
            raise ValueError("no word in the reference: a word error rate needs some")
        return self.errors / self.words


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of positions, in order: of both, of the reference alone (missing) or of the hypothesis alone.

    Of several shortest ways, the one that pairs words as late as it can.
    """
    cost = [list(range(len(hypothesis) + 1))]
    for i, word in enumerate(reference, 1):
        row = [i]
        for j, other in enumerate(hypothesis, 1):
            row.append(min(cost[i - 1][j - 1] + (word != other), cost[i - 1][j] + 1, row[j - 1] + 1))
        cost.append(row)
    i, j = len(reference), len(hypothesis)
    way: list[tuple[int | None, int | None]] = []
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            way.append((i, j))
        elif i and cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
            way.append((i, None))
        else:
            j -= 1
            way.append((None, j))
    return way[::-1]


def count_errors(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> WordErrors:
    """The errors of utterances, pooled."""
    if len(references) != len(hypotheses):
        raise ValueError(f"{len(references)} references but {len(hypotheses)} hypotheses: they go in pairs")
    substitutions = deletions = insertions = words = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        words += len(reference)
        for i, j in align(reference, hypothesis):
            deletions += j is None
            insertions += i is None
            if i is not None and j is not None:
                substitutions += reference[i] != hypothesis[j]
    return WordErrors(substitutions, deletions, insertions, words)
