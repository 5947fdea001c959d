"""From the subwords a translator writes to words, each with the delay of its last subword."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from seqgen.representation.subword import Subwords

LONGEST = 1000
"""subwords after which a word ends in any case"""


def room(frames: int) -> int:
    """Subwords that may be written once so many source subwords are read: no model can write on for ever."""
    return frames * 3 // 2 + 10


class Spelling:
    """Subwords in, words out as soon as they are complete."""

    def __init__(self, subwords: Subwords):
        self._subwords = subwords
        self._pieces: list[int] = []

    def add(self, token: int) -> list[str]:
        """The words that this subword completes: one or none, but for a model that writes odd bytes."""
        self._pieces.append(token)
        return self.finish() if self._subwords.ends[token] or len(self._pieces) == LONGEST else []

    def finish(self) -> list[str]:
        """What is left at the end of a sentence."""
        words = self._subwords.decode(self._pieces).split()
        self._pieces.clear()
        return words


def spell(
    subwords: Subwords, tokens: list[int], delays: list[int], units: list[int]
) -> tuple[list[str], list[int]]:
    """The words of a whole translation, and their delays in source words, as if they had been streamed.

    tokens, delays: each subword that was written, and source words that it needed. units: the word of each
    source subword, and of the end mark. A subword also waits until there is `room` for it; a last word that
    does not end by itself waits for the end of the source.
    """
    spelling, words, when = Spelling(subwords), [], []
    rooms = [room(frames) for frames in range(len(units) + 1)]
    reads = [0, *accumulate((unit + 1 for unit in units[:-1]), max), units[-1]]
    late = 0
    for number, (token, delay) in enumerate(zip(tokens, delays, strict=True)):
        late = max(late, delay, reads[bisect_right(rooms, number)])
        new = spelling.add(token)
        words += new
        when += [late] * len(new)
    rest = spelling.finish()
    return words + rest, when + [units[-1]] * len(rest)
