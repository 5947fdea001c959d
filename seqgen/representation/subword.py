"""Text to subwords and back, by SentencePiece's unigram model (Kudo 2018), one word at a time.

A sentence is `line.split()`. Each word is encoded by itself, so a sentence that arrives word by word has the
subwords of the whole sentence. White space is part of the piece before it: a word ends with the piece that
ends in U+2581, so that it is known to be complete at once. What has no piece is spelled in UTF-8 bytes, and
no character is changed: `decode(encode(line))` is the line with single spaces.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.io.atomic import write_bytes

UNKNOWN = 0
END = 1
MARK = "\u2581"
"""SentencePiece's sign for a space"""
MAX_BYTES = 16 << 20
"""of a model file"""
LONG = 1000
"""characters from which on a word is encoded in parts"""
CACHED = 64
"""characters up to which a word's pieces are remembered"""


class Subwords:
    """A vocabulary of V subwords: 0 is unknown, 1 the end of a sentence, 256 of them are bytes."""

    def __init__(self, model: bytes) -> None:
        """model: a SentencePiece model as `train` makes it. Raises ValueError for anything else."""
        self.model = model
        self._processor = _processor(model)
        self._bytes, self._spelled = _pieces(self._processor)
        self.ends = np.array([piece.endswith(b" ") for piece in self._bytes])
        """[V] bool: the piece ends a word"""
        self.ends[self._spelled] = False
        self._space = self._processor.PieceToId(MARK)
        self._remembered = lru_cache(maxsize=1 << 16)(self._encode)

    @classmethod
    def load(cls, source: str | Path | bytes) -> Subwords:
        """The vocabulary of a file, or of a file's content. Raises ValueError for one that is none."""
        if isinstance(source, bytes):
            return cls(source)
        path = Path(source)
        if not path.is_file():
            raise ValueError(f"{path} is missing: expected the subwords of a translator")
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path}: at most {MAX_BYTES} bytes are read, it has {path.stat().st_size}")
        try:
            return cls(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def train(
        cls, files: Iterable[str | Path], vocabulary_size: int, path: str | Path, coverage: float = 0.9998
    ) -> Subwords:
        """Learn a vocabulary from text files (UTF-8, a sentence a line), and write it to `path`.

        The same files give the same bytes. coverage: share of the characters that get a piece; the rest is
        spelled in bytes, so that these occur where a model learns from the same text.

        Raises:
            ValueError: if a file cannot be read, or the text is too little or too rich for the size.
        """
        trainer, target = _sentencepiece().SentencePieceTrainer, io.BytesIO()
        try:
            trainer.train(
                sentence_iterator=_sentences(files),
                model_writer=target,
                vocab_size=vocabulary_size,
                model_type="unigram",
                treat_whitespace_as_suffix=True,
                byte_fallback=True,
                normalization_rule_name="identity",
                character_coverage=coverage,
                unk_id=UNKNOWN,
                eos_id=END,
                bos_id=-1,
                pad_id=-1,
                num_threads=1,
                shuffle_input_sentence=False,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(f"vocabulary_size {vocabulary_size}: {_reason(error)}") from None
        result = cls(target.getvalue())
        write_bytes(path, result.model)
        return result

    @property
    def vocabulary_size(self) -> int:
        return len(self._bytes)

    def encode(self, line: str) -> tuple[list[int], list[int]]:
        """The subwords of a line, and for each the word it belongs to, counted from 0. There is no END."""
        ids, units = [], []
        for unit, word in enumerate(line.split()):
            pieces = self.encode_word(word)
            ids += pieces
            units += [unit] * len(pieces)
        return ids, units

    def encode_word(self, word: str) -> list[int]:
        """The subwords of one word; only the last of them ends a word.

        Half a surrogate pair, which is no text, becomes a question mark.
        """
        return list(self._remembered(word) if len(word) <= CACHED else self._encode(word))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of subwords; bytes that are no UTF-8 become U+FFFD. It never breaks a line."""
        pieces = [self._bytes[i] for i in self._check(ids)]
        return " ".join(b"".join(pieces).decode("utf-8", "replace").split())

    def nbest(self, word: str, n: int) -> list[tuple[list[int], float]]:
        """The n likeliest ways to cut a word, with their log-probabilities up to a constant of the word.

        Drawing among them in training is subword regularisation (Kudo 2018, section 3.2).
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        usual = self.encode_word(word)
        if n == 1 or len(word) > CACHED:
            return [(usual, 0.0)]
        ways = self._processor.NBestEncodeAsIds(_clean(word), n)
        score = self._processor.GetScore
        return [(ids, sum(map(score, ids))) for ids in ways if self._says(ids, word)] or [(usual, 0.0)]

    def _check(self, ids: Iterable[int]) -> list[int]:
        result = [int(i) for i in ids]
        odd = [i for i in result if not 0 <= i < len(self._bytes)]
        if odd:
            raise ValueError(f"ids: expected subwords below {len(self._bytes)}, got {odd[0]}")
        return result

    def _encode(self, word: str) -> list[int]:
        """In parts, if it is long: what a part ends with is encoded again with the next, as it may be cut."""
        if not word or len(word.split()) != 1 or word.split()[0] != word:
            raise ValueError(f"word: expected one word without white space, got {word[:40]!r}")
        word, ids, begin = _clean(word), [], 0
        while len(word) - begin > LONG:
            part = self._cut(word[begin : begin + LONG])
            ids += part[:-1]
            begin += LONG - len(self._bytes[part[-1]].decode("utf-8", "replace").strip(" "))
        return ids + self._cut(word[begin:])

    def _cut(self, word: str) -> list[int]:
        """The likeliest pieces, or bytes where these would say something else (U+2581 would be a space)."""
        ids = self._processor.EncodeAsIds(word)
        if self._says(ids, word):
            return ids
        return [*(self._spelled[byte] for byte in word.encode("utf-8")), self._space]

    def _says(self, ids: list[int], word: str) -> bool:
        whole = b"".join(self._bytes[i] for i in ids)
        return whole == word.encode("utf-8", "replace") + b" " and not self.ends[ids[:-1]].any()


def _clean(word: str) -> str:
    return word.encode("utf-8", "replace").decode("utf-8")


def _sentencepiece() -> Any:
    try:
        import sentencepiece
    except ImportError:
        raise ValueError(
            "translation needs one more package, sentencepiece: pip install 'seqgen[translate]'"
        ) from None
    return sentencepiece


def _reason(error: Exception) -> str:
    """What SentencePiece says, without the place in its source."""
    return str(error).rpartition("] ")[2].strip() or "it cannot be parsed"


def _sentences(files: Iterable[str | Path]) -> Iterator[str]:
    """Lines with single spaces; U+2581 is left out, as it could not be told from a space."""
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    if words := line.replace(MARK, " ").split():
                        yield " ".join(words)
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: expected a text file in UTF-8 ({error})") from None


def _processor(model: bytes) -> Any:
    sentencepiece = _sentencepiece()
    try:
        if not model:  # it would be accepted, and complain later on stderr
            raise ValueError("it is empty")
        return sentencepiece.SentencePieceProcessor(model_proto=model)
    except Exception as error:  # of a broken file it raises several kinds
        raise ValueError(f"not a SentencePiece model ({_reason(error)})") from None


def _pieces(processor: Any) -> tuple[list[bytes], list[int]]:
    """What each piece writes [V], and the pieces of the 256 bytes."""
    size = processor.GetPieceSize()
    try:
        names = [processor.IdToPiece(i) for i in range(size)]
    except UnicodeDecodeError:
        raise ValueError("not a vocabulary of this kind: a piece is no text") from None
    spelled = [processor.PieceToId(f"<0x{byte:02X}>") for byte in range(256)]
    texts = [name.replace(MARK, " ").encode("utf-8") for name in names]
    fine = (
        size > 256
        and processor.IsUnknown(UNKNOWN)
        and processor.IsControl(END)
        and processor.eos_id() == END
        and all(processor.IsByte(i) for i in spelled)
        and b" " in texts
        and not any(b" " in text[:-1] for text in texts)
    )
    if not fine:
        raise ValueError(
            "not a vocabulary of this kind: expected <unk> as piece 0, </s> as piece 1, all bytes, and "
            "white space only at the end of a piece; Subwords.train makes one"
        )
    for i in range(size):
        if processor.IsControl(i):
            texts[i] = b""
    texts[UNKNOWN] = "\ufffd".encode()
    for byte, i in enumerate(spelled):
        texts[i] = bytes([byte])
    return texts, spelled
