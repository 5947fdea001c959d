"""Parallel text: pairs of lines from two files, and batches of them as subwords."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.representation.subword import END, Subwords

Pair = tuple[str, str]


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 text file. Raises ValueError for another encoding."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: expected text in UTF-8, byte {error.start} is not: convert the file"
        ) from None
    # Lines end at \n, \r\n or \r: splitlines() also cuts at U+0085 or U+2028, and shifts the lines after it.
    return [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]


def read_pairs(source: Path, target: Path) -> list[Pair]:
    """Lines that translate each other; pairs with an empty side are left out.

    Raises ValueError if the files have different numbers of lines.
    """
    left, right = read_lines(source), read_lines(target)
    if len(left) != len(right):
        raise ValueError(
            f"{source} has {len(left)} lines and {target} {len(right)}: line n of one must translate line n "
            "of the other"
        )
    return [(a, b) for a, b in zip(left, right, strict=True) if a.split() and b.split()]


class TextBatch(NamedTuple):
    """Arrays as in `seqgen.models.translator.Batch`; padding is 0."""

    source: np.ndarray
    unit: np.ndarray
    source_lengths: np.ndarray
    target: np.ndarray
    target_lengths: np.ndarray


class Words:
    """Each different word of a text once, with the ways to cut it into subwords."""

    def __init__(self, lines: list[str], subwords: Subwords, ways: int = 1, sharpness: float = 0.2):
        """ways: draw among so many likeliest segmentations, with probabilities p ** sharpness (subword
        regularisation, Kudo 2018); 1 takes the likeliest."""
        number: dict[str, int] = {}
        self.lines = [
            np.array([number.setdefault(word, len(number)) for word in line.split()], np.int32)
            for line in lines
        ]
        self.cuts: list[list[list[int]]] = []
        self.odds: list[np.ndarray] = []
        for word in number:
            best = subwords.nbest(word, ways) if ways > 1 else [(subwords.encode_word(word), 0.0)]
            score = sharpness * np.array([value for _, value in best])
            share = np.exp(score - score.max()).cumsum()
            self.cuts.append([ids for ids, _ in best])
            self.odds.append(share / share[-1])
        usual = np.array([len(cuts[0]) for cuts in self.cuts])
        self.lengths = np.array([usual[line].sum() + 1 for line in self.lines])
        """subwords of each line as it is usually cut, with the end mark"""

    def tokens(self, rows: tuple[int, ...], rng: np.random.Generator | None) -> tuple[list[int], list[int]]:
        """The subwords of lines in a row, with one end mark, and the word of each."""
        ids: list[int] = []
        units: list[int] = []
        words = np.concatenate([self.lines[row] for row in rows])
        draws = np.zeros(len(words)) if rng is None else rng.random(len(words))
        for unit, (word, draw) in enumerate(zip(words.tolist(), draws.tolist(), strict=True)):
            cuts = self.cuts[word]
            cut = (
                cuts[0]
                if len(cuts) == 1 or rng is None
                else cuts[int(np.searchsorted(self.odds[word], draw))]
            )
            ids += cut
            units += [unit] * len(cut)
        return [*ids, END], [*units, len(words)]


class TextBatches:
    """Batch `step` of an endless run over sentence pairs, for process `rank` of `world`.

    An epoch is a new order of all pairs, sorted into batches of similar lengths of at most `tokens` padded
    target or source subwords. Nothing depends on anything but (seed, step), so a resumed run sees what an
    unbroken one would have seen.
    """

    def __init__(
        self,
        source: Words,
        target: Words,
        tokens: int,
        seed: int,
        join: float = 0.0,
        longest: int = 100,
        rank: int = 0,
        world: int = 1,
    ):
        """join: share of the pairs that are put behind another one, so that a model learns to go on."""
        self.source, self.target, self.tokens, self.seed = source, target, tokens, seed
        self.join, self.rank, self.world = join, rank, world
        self.rows = np.flatnonzero((source.lengths <= longest) & (target.lengths <= longest))
        if not len(self.rows):
            raise ValueError(f"expected sentence pairs of at most {longest} subwords a side, got none")
        self._epoch, self._first, self._order = 0, 0, self._compose(0)

    def _compose(self, epoch: int) -> list[list[tuple[int, ...]]]:
        rng = np.random.default_rng([self.seed, epoch])
        rows = rng.permutation(self.rows)
        joined = int(self.join * len(rows) / 2) * 2
        items = [(int(a), int(b)) for a, b in rows[:joined].reshape(-1, 2)]
        groups: list[tuple[int, ...]] = [*items, *((int(row),) for row in rows[joined:])]
        left = np.array([sum(self.source.lengths[r] for r in group) for group in groups])
        right = np.array([sum(self.target.lengths[r] for r in group) for group in groups])
        order = np.lexsort((rng.random(len(groups)), left // 2, right // 2))
        batches: list[list[tuple[int, ...]]] = []
        current: list[tuple[int, ...]] = []
        widest = 0
        for index in order.tolist():
            length = int(max(left[index], right[index]))
            if current and max(widest, length) * (len(current) + 1) > self.tokens:
                batches.append(current)
                current, widest = [], 0
            current.append(groups[index])
            widest = max(widest, length)
        batches.append(current)
        order = rng.permutation(len(batches))
        usable = len(batches) // self.world * self.world or len(batches)
        return [batches[i] for i in order[:usable].tolist()]

    def __getitem__(self, step: int) -> TextBatch:
        """Steps are cheap to ask for in order; another epoch is composed anew."""
        number = step * self.world + self.rank
        if number < self._first:
            self._epoch, self._first, self._order = 0, 0, self._compose(0)
        while number >= self._first + len(self._order):
            self._first += len(self._order)
            self._epoch += 1
            self._order = self._compose(self._epoch)
        rng = np.random.default_rng([self.seed, self._epoch, number - self._first])
        return collate(self.source, self.target, self._order[number - self._first], rng)


def collate(
    source: Words, target: Words, groups: list[tuple[int, ...]], rng: np.random.Generator | None = None
) -> TextBatch:
    """Padded arrays of some pairs; `rng` draws how words are cut."""
    left = [source.tokens(group, rng) for group in groups]
    right = [target.tokens(group, rng)[0] for group in groups]
    return TextBatch(
        pad([ids for ids, _ in left]),
        pad([units for _, units in left]),
        np.array([len(ids) for ids, _ in left]),
        pad(right),
        np.array([len(ids) for ids in right]),
    )


def pad(rows: list[list[int]]) -> np.ndarray:
    result = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, ids in zip(result, rows, strict=True):
        row[: len(ids)] = ids
    return result


def in_order(source: Words, target: Words, tokens: int) -> list[list[tuple[int, ...]]]:
    """All pairs once, sorted by length, in batches of at most `tokens` padded subwords: for evaluation."""
    order = np.lexsort((source.lengths, target.lengths)).tolist()
    batches: list[list[tuple[int, ...]]] = [[]]
    for row in order:
        length = int(max(source.lengths[row], target.lengths[row]))
        if batches[-1] and length * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append((row,))
    return batches
