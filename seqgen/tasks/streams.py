"""Translations that are written while their sources arrive: many side by side, or one.

Rows step together: one READ brings a word to each row that has one, and rows write until they want the next.
What a row writes depends on its own words only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from seqgen.core.state import tree_map
from seqgen.models.translator import Translator
from seqgen.representation.subword import END, Subwords
from seqgen.tasks.spelling import Spelling, room

BLOCK = 256
"""subwords of a word that are read at once"""
HELD = 4096
"""subwords that a row may look behind (hard, mocha, milk): one that is further behind skips some, so that a
stream without end stays small whatever its model does"""
KEPT = 10_000
"""words that a session keeps for `pop`"""


class Event(NamedTuple):
    """One move of a translator."""

    action: Literal["READ", "WRITE"]
    word: str
    read: int
    """source words that have been read, with this one: the delay of a word that is written"""


@dataclass
class Row:
    """Where one stream stands."""

    spelling: Spelling
    read: int = 0
    """words"""
    frames: int = 0
    """subwords that were read, with the end mark"""
    written: int = 0
    """subwords"""
    closed: bool = False
    """the source has ended"""
    ended: bool = False
    """the translation has ended"""
    events: list[Event] = field(default_factory=list)
    """of the call that is running"""

    def can_write(self) -> bool:
        return not self.ended and self.written < room(self.frames)

    def take(self, token: int) -> bool:
        """What the model wrote; whether the row may write more."""
        if token < 0:
            return False
        if token == END:
            return self.end()
        self.written += 1
        self.write(self.spelling.add(token))
        if not self.can_write():
            return self.end() if self.closed else False
        return True

    def end(self) -> bool:
        self.ended = True
        self.write(self.spelling.finish())
        return False

    def write(self, words: list[str]) -> None:
        self.events += [Event("WRITE", word, self.read) for word in words]


class Streams:
    """N streams in one batch."""

    def __init__(self, translator: Translator, subwords: Subwords, rows: int, threshold: float = 0.5):
        self._translator, self._subwords, self._threshold = translator, subwords, threshold
        self._stops = translator.config.attention in ("hard", "mocha", "milk")
        self._state = translator.init_state(rows, threshold)
        self._rows = [Row(Spelling(subwords)) for _ in range(rows)]

    @property
    def ended(self) -> list[bool]:
        """Which translations have come to their end; `restart` makes such rows free for others."""
        return [row.ended for row in self._rows]

    def push(self, words: Sequence[str | None]) -> list[list[Event]]:
        """READ a word in each row, or none where there is None; what each row did, in its order.

        Raises:
            ValueError: for a number of words other than N, white space in a word, or a row that is closed.
        """
        _check_rows("words", words, len(self._rows))
        ids = [[] if word is None else self._subwords.encode_word(word) for word in words]
        for number, (row, word) in enumerate(zip(self._rows, words, strict=True)):
            if word is not None and row.closed:
                raise ValueError(f"words: row {number} is finished: restart it before the next sentence")
        for row, word in zip(self._rows, words, strict=True):
            if word is not None:
                row.read += 1
                row.events.append(Event("READ", word, row.read))
        return self._advance(ids)

    def finish(self, rows: Sequence[bool] | None = None) -> list[list[Event]]:
        """The sources of these rows (all, if None) have ended: what is left is written."""
        chosen = [True] * len(self._rows) if rows is None else rows
        _check_rows("rows", chosen, len(self._rows))
        ids: list[list[int]] = []
        for row, wanted in zip(self._rows, chosen, strict=True):
            closes = wanted and not row.closed
            row.closed |= closes
            if closes and not row.read:
                row.ended = True  # of nothing there is nothing to translate
            ids.append([END] if closes and row.read else [])
        return self._advance(ids)

    def restart(self, rows: Sequence[bool]) -> None:
        """These rows begin a new sentence; whatever they held is forgotten."""
        _check_rows("rows", rows, len(self._rows))
        mask = torch.tensor(rows, device=self._device)

        def choose(fresh: Tensor, old: Tensor) -> Tensor:
            if (
                fresh.shape != old.shape
            ):  # frames of a memory: its length says that they are none of the new row's
                return old
            return torch.where(mask.view(-1, *[1] * (old.dim() - 1)), fresh, old)

        fresh = self._translator.init_state(len(rows), self._threshold)
        self._state = tree_map(choose, fresh, self._state)
        for number, wanted in enumerate(rows):
            if wanted:
                self._rows[number] = Row(Spelling(self._subwords))

    @torch.inference_mode()
    def _advance(self, ids: list[list[int]]) -> list[list[Event]]:
        """Read these subwords of one word, or the end mark, in each row; write what can be written."""
        longest = max(map(len, ids), default=0)
        for begin in range(0, longest, BLOCK):
            part = [row[begin : begin + BLOCK] for row in ids]
            self._read(part)
            if self._stops or begin + BLOCK >= longest:  # without stops, words are needed whole
                self._write([bool(row) for row in (part if self._stops else ids)])
        return [self._events(row) for row in self._rows]

    def _events(self, row: Row) -> list[Event]:
        events, row.events = row.events, []
        return events

    def _read(self, ids: list[list[int]]) -> None:
        lengths = torch.tensor([len(row) for row in ids], device=self._device)
        padded = [row + [0] * (max(map(len, ids)) - len(row)) for row in ids]
        source = torch.tensor(padded, device=self._device)
        closed = torch.tensor([row[-1:] == [END] for row in ids], device=self._device)
        # Words are counted from 0, and the end mark is the unit after the last.
        words = [row.read if row.closed else row.read - 1 for row in self._rows]
        unit = torch.tensor(words, device=self._device).clamp(min=0)[:, None].expand_as(source)
        even = len({len(row) for row in ids}) == 1
        self._state = self._translator.read(self._state, source, unit, None if even else lengths, closed)
        for row, part in zip(self._rows, ids, strict=True):
            row.frames += len(part)
        if self._stops:
            self._skip()

    def _skip(self) -> None:
        decoder = self._state.decoder
        attention = decoder.core.attention
        memory = attention.memory
        if memory.unit.shape[1] > HELD:
            start = torch.maximum(attention.start, memory.offset + memory.length - HELD)
            core = decoder.core._replace(attention=attention._replace(start=start))
            self._state = self._state._replace(decoder=decoder._replace(core=core))

    def _write(self, rows: list[bool]) -> None:
        active = [wanted and row.can_write() for wanted, row in zip(rows, self._rows, strict=True)]
        while any(active):
            mask = None if all(active) else torch.tensor(active, device=self._device)
            token, self._state = self._translator.write(self._state, mask)
            pairs = zip(self._rows, active, token.tolist(), strict=True)
            active = [on and row.take(drawn) for row, on, drawn in pairs]

    @property
    def _device(self) -> torch.device:
        return next(self._translator.parameters()).device


class Session:
    """One stream: words go in by `push`, and come out of the same call or, for another reader, of `pop`."""

    def __init__(self, streams: Streams):
        self._streams, self._closed = streams, False
        self._decided: deque[str] = deque(maxlen=KEPT)
        self.events: list[Event] = []
        """what the last `push` or `finish` did"""

    def push(self, text: str) -> list[str]:
        """READ a word (or several, with white space between them); the words that this decides.

        Raises ValueError after `finish`.
        """
        if self._closed:
            raise ValueError("push: the session is finished: begin another with model.session()")
        if not isinstance(text, str):
            raise ValueError(f"push: expected a word, got {type(text).__name__}")
        return self._note(event for word in text.split() for event in self._streams.push([word])[0])

    def pop(self) -> list[str]:
        """The words decided since the last `pop`; of a session that nobody pops, the latest 10,000."""
        words = list(self._decided)
        self._decided.clear()
        return words

    def finish(self) -> list[str]:
        """The source has ended: the rest of the translation. Finishing twice changes nothing."""
        self._closed = True
        return self._note(self._streams.finish()[0])

    def _note(self, events: Iterable[Event]) -> list[str]:
        self.events = list(events)
        words = [event.word for event in self.events if event.action == "WRITE"]
        self._decided += words
        return words


def _check_rows(name: str, values: Sequence[object], rows: int) -> None:
    if isinstance(values, str) or len(values) != rows:
        raise ValueError(f"{name}: expected one for each of {rows} streams, got {len(values)}")
