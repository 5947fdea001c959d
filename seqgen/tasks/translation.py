"""A trained translator as its users see it: text in, text out, as a whole or while it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seqgen.models.checkpoint import load_model
from seqgen.models.translator import Translator
from seqgen.representation.subword import END, Subwords
from seqgen.tasks.shipped import find_folder, read_card
from seqgen.tasks.spelling import spell
from seqgen.tasks.streams import Event, Session, Streams

BATCH = 8192
"""padded subwords of a batch"""
LONG = 2048
"""subwords from which on a line is streamed, where that bounds what is kept of it"""
MOST = 1 << 17
"""subwords of a line"""


class Translation(NamedTuple):
    """A sentence, its translation, and when each word of it could be written."""

    source: list[str]
    """words"""
    words: list[str]
    delays: list[int]
    """source words that had been read when each word was written"""

    @property
    def text(self) -> str:
        return " ".join(self.words)


def load(model: str | Path, device: str = "cpu") -> TranslationModel:
    """A shipped translator by its name, or any by its folder.

    Raises:
        ValueError: for an unknown name, a folder that holds no complete translator, or subwords of another.
    """
    folder = find_folder(model)
    translator, sections = load_model(folder, "translator")
    subwords = Subwords.load(folder / "subwords.model")
    size = translator.config.vocabulary_size
    if subwords.vocabulary_size != size or not _same_ends(translator, subwords):
        raise ValueError(
            f"{folder / 'subwords.model'}: its {subwords.vocabulary_size} subwords are not the {size} that "
            "the model was trained with"
        )
    card = read_card(folder)
    return TranslationModel(folder.resolve().name, translator.to(device), subwords, sections, card)


@dataclass(frozen=True, eq=False)
class TranslationModel:
    """A translator with its name, its subwords, and what its folder says about it."""

    name: str
    translator: Translator
    subwords: Subwords
    sections: dict[str, Any]
    """of its config.yaml"""
    card: str
    """its model card, in Markdown; empty if there is none"""

    def translate(self, lines: Sequence[str], beam: int = 1, threshold: float = 0.5) -> list[str]:
        """A translation for each line, in its order; of an empty line, an empty line.

        Args:
            beam: hypotheses that are kept (models that read the whole sentence first); 1 is greedy.
            threshold: see `session`.

        Raises:
            ValueError: for lines that are no text or longer than 131,072 subwords, or arguments out of range.
        """
        return [translation.text for translation in self.translations(lines, beam, threshold)]

    def translations(
        self, lines: Sequence[str], beam: int = 1, threshold: float = 0.5, first: int = 1
    ) -> list[Translation]:
        """`translate`, with the words of each line and their delays: those of streaming.

        first: number of the first line, in messages.
        """
        if isinstance(lines, str):
            raise ValueError("lines: expected a list of lines, got a str: give [line]")
        self._check(beam, threshold)
        encoded = [self._encode(number, line) for number, line in enumerate(lines, first)]
        results: list[Translation | None] = [None] * len(encoded)
        for rows in batches([len(ids) for ids, _ in encoded]):
            words = [lines[row].split() for row in rows]
            done = self._translate(words, [encoded[row] for row in rows], beam, threshold)
            for row, translation in zip(rows, done, strict=True):
                results[row] = translation
        return [result or Translation([], [], []) for result in results]

    def stream(self, words: Iterable[str], threshold: float = 0.5) -> Iterator[str]:
        """The words of the translation, each as soon as it is decided: `words` is read as far as it must be.

        The end of `words` is the end of the sentence. See `session` for the threshold.
        """
        return (event.word for event in self.trace(words, threshold) if event.action == "WRITE")

    def trace(self, words: Iterable[str], threshold: float = 0.5) -> Iterator[Event]:
        """What a stream does, in order: READ and WRITE, each with a word."""
        if isinstance(words, str):
            raise ValueError("words: expected an iterable of words such as line.split(), got a str")
        return _trace(self.session(threshold), words)

    def session(self, threshold: float = 0.5) -> Session:
        """A stream to which words are pushed.

        threshold: probability from which on a source subword is a stop (hard, mocha and milk): less writes
            earlier and worse.
        """
        return Session(self.streams(1, threshold))

    def streams(self, count: int, threshold: float = 0.5) -> Streams:
        """`count` streams in one batch, which step together. Raises ValueError for a count below 1."""
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self._check(1, threshold)
        return Streams(self.translator, self.subwords, count, threshold)

    @property
    def device(self) -> torch.device:
        return next(self.translator.parameters()).device

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.translator.parameters())

    def _check(self, beam: int, threshold: float) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must lie between 0 and 1, got {threshold}")
        if not 1 <= beam <= 64:
            raise ValueError(f"beam must be 1 to 64, got {beam}")
        if beam > 1 and self.translator.config.streams:
            kind = self.translator.config.attention
            raise ValueError(f"beam: {self.name} writes while it reads ({kind} attention), so beam must be 1")
        if threshold != 0.5 and self.translator.config.attention in ("soft", "wait_k"):
            kind = self.translator.config.attention
            raise ValueError(f"threshold: {self.name} ({kind} attention) has none to set")

    def _encode(self, number: int, line: str) -> tuple[list[int], list[int]]:
        """The subwords of a line with the end mark, and their words; both empty for an empty line."""
        if not isinstance(line, str):
            raise ValueError(f"lines: expected text, got {type(line).__name__} as line {number}")
        ids, units = self.subwords.encode(line)
        if len(ids) > MOST:
            raise ValueError(f"line {number} has {len(ids)} subwords, at most {MOST} are taken: split it")
        return ([*ids, END], [*units, units[-1] + 1]) if ids else ([], [])

    def _translate(
        self, words: list[list[str]], encoded: list[tuple[list[int], list[int]]], beam: int, threshold: float
    ) -> list[Translation]:
        """One batch."""
        if len(encoded) == 1 and len(encoded[0][0]) > LONG and self.translator.config.attention != "soft":
            writes = [event for event in self.trace(words[0], threshold) if event.action == "WRITE"]
            return [Translation(words[0], [w.word for w in writes], [w.read for w in writes])]
        lengths = torch.tensor([len(ids) for ids, _ in encoded], device=self.device)
        source, unit = (
            torch.tensor([row + [0] * (int(lengths.max()) - len(row)) for row in side], device=self.device)
            for side in zip(*encoded, strict=True)
        )
        if beam > 1:
            found = self.translator.beam(source, unit, lengths, beam)
        else:
            found = self.translator.translate(source, unit, lengths, threshold)
        spelled = [
            spell(self.subwords, written.token, written.delay, units)
            for written, (_, units) in zip(found, encoded, strict=True)
        ]
        return [Translation(w, *result) for w, result in zip(words, spelled, strict=True)]


def batches(lengths: list[int]) -> list[list[int]]:
    """Rows that hold something, sorted by length, in batches of at most `BATCH` subwords, or one row."""
    result: list[list[int]] = []
    for row in sorted((row for row, length in enumerate(lengths) if length), key=lengths.__getitem__):
        if not result or lengths[row] * (len(result[-1]) + 1) > BATCH:
            result.append([])
        result[-1].append(row)
    return result


def _trace(session: Session, words: Iterable[str]) -> Iterator[Event]:
    for word in words:
        session.push(word)
        yield from session.events
    session.finish()
    yield from session.events


def _same_ends(translator: Translator, subwords: Subwords) -> bool:
    ends = translator.head.ends[: subwords.vocabulary_size].bool().cpu()
    return bool((ends == torch.from_numpy(subwords.ends)).all())
