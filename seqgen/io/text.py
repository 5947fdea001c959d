"""Text that arrives: words and lines from a pipe or a terminal, each as soon as it is there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase

CHUNK = 1 << 16
MAX_LINE = 1 << 24
"""characters; what is longer is no text"""
MAX_LINES = 256
"""that are handed on together"""


def read_text(file: BufferedIOBase, warn: Callable[[str], None]) -> Iterator[str]:
    """Pieces of UTF-8 text as they arrive (by `read1`). Broken bytes become U+FFFD, which `warn` is told."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    warned = False
    while True:
        data = file.read1(CHUNK)
        text, broken = re.subn("[\udc80-\udcff]", "\ufffd", decoder.decode(data, final=not data))
        if broken and not warned:
            warn("the input is not all UTF-8: \ufffd stands for bytes that are no text")
            warned = True
        if text:
            yield text
        if not data:
            return


def read_lines(file: BufferedIOBase, warn: Callable[[str], None]) -> Iterator[list[str]]:
    """Lines without their ends, those together that have arrived together; the last may lack its end.

    Raises:
        ValueError: for a line of more than 16,777,216 characters.
    """
    rest: list[str] = []
    number, size = 1, 0
    for text in read_text(file, warn):
        lines = text.split("\n")
        rest.append(lines[0])
        size += len(lines[0])
        if size > MAX_LINE:
            raise ValueError(f"line {number} has more than {MAX_LINE} characters: give a sentence a line")
        if len(lines) == 1:
            continue
        whole = ["".join(rest), *lines[1:-1]]
        rest, size = [lines[-1]], len(lines[-1])
        number += len(whole)
        for begin in range(0, len(whole), MAX_LINES):
            yield whole[begin : begin + MAX_LINES]
    if "".join(rest):
        yield ["".join(rest)]


def read_words(file: BufferedIOBase, warn: Callable[[str], None]) -> Iterator[str | None]:
    """Words, each as soon as the white space after it has arrived, and None at the end of each line.

    Raises:
        ValueError: for a word of more than 16,777,216 characters.
    """
    rest: list[str] = []
    size = 0
    inside = False  # a line that has begun
    for text in read_text(file, warn):
        for part in re.split(r"(\s)", text):
            if part and not part.isspace():
                rest.append(part)
                size += len(part)
                inside = True
                if size > MAX_LINE:
                    raise ValueError(f"a word has more than {MAX_LINE} characters: put spaces between words")
            elif part:
                if rest:
                    yield "".join(rest)
                rest, size = [], 0
                inside = part != "\n"
                if part == "\n":
                    yield None
    if rest:
        yield "".join(rest)
    if inside:
        yield None
