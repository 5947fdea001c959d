import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.io import text as text_module
from seqgen.io.text import read_lines, read_text, read_words


class Pieces(io.BytesIO):
    """A pipe that delivers its bytes in pieces."""

    def __init__(self, pieces: list[bytes]):
        super().__init__()
        self.pieces = [piece for piece in pieces if piece]

    def read1(self, size: int = -1, /) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def cut(data: bytes, size: int) -> Pieces:
    return Pieces([data[i : i + size] for i in range(0, len(data), size)])


def quiet(_notice: str) -> None:
    raise AssertionError("nothing was to be said")


@given(
    text=st.text(st.characters(exclude_characters="\ufeff", exclude_categories=["Cs"])),
    size=st.integers(1, 9),
)
def test_how_it_arrives_changes_nothing(text, size):
    data = text.encode()
    assert "".join(read_text(cut(data, size), quiet)) == text
    lines = [line for some in read_lines(cut(data, size), quiet) for line in some]
    assert lines == text.removesuffix("\n").split("\n") if text else not lines
    words = list(read_words(cut(data, size), quiet))
    expected = [item for line in lines for item in (*line.split(), None)]
    # A last line of white space alone has no word, but has begun.
    assert words == expected


def test_a_word_is_there_when_its_space_is():
    seen = []
    for word in read_words(Pieces([b"one tw", b"o", b" three", b"\n", b"\n", b"four"]), quiet):
        seen.append(word)
    assert seen == ["one", "two", "three", None, None, "four", None]
    pipe = Pieces([b"one tw", b"o three"])
    assert next(read_words(pipe, quiet)) == "one"
    assert len(pipe.pieces) == 1  # no more was read than it took


def test_lines_that_arrive_together_stay_together(monkeypatch):
    assert list(read_lines(Pieces([b"a\nb\nc", b"d\n", b"e"]), quiet)) == [["a", "b"], ["cd"], ["e"]]
    monkeypatch.setattr(text_module, "MAX_LINES", 2)
    assert list(read_lines(Pieces([b"a\nb\nc\n"]), quiet)) == [["a", "b"], ["c"]]


def test_broken_bytes_are_said_once():
    said: list[str] = []
    data = b"a\xff \xe6\x97\n\xf0\x9f b \xed\xa0\x80"
    for size in (1, 3, 100):
        said.clear()
        assert "".join(read_text(cut(data, size), said.append)) == (
            "a\ufffd \ufffd\ufffd\n\ufffd\ufffd b \ufffd\ufffd\ufffd"
        )
        assert len(said) == 1


def test_a_mark_at_the_beginning_is_no_text():
    assert list(read_words(Pieces([b"\xef\xbb", b"\xbfa"]), quiet)) == ["a", None]


def test_what_has_no_end_is_refused(monkeypatch):
    monkeypatch.setattr(text_module, "MAX_LINE", 10)
    with pytest.raises(ValueError, match="line 2 has more than 10 characters"):
        list(read_lines(cut(b"short\n" + b"x y " * 9, 3), quiet))
    with pytest.raises(ValueError, match="a word has more than 10 characters"):
        list(read_words(cut(b"short " + b"x" * 99, 3), quiet))
