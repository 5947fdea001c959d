import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqgen.representation.subword import CACHED, END, LONG, UNKNOWN, Subwords
from tests.text import sentences, train_subwords, write_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("subwords")


@pytest.fixture(scope="module")
def subwords(folder) -> Subwords:
    return train_subwords(folder)


def single_spaces(line: str) -> str:
    return " ".join(line.split())


ODD = st.text(st.sampled_from("a b\u2581\u2585\x00\x1c\u0301\u200dß😀\ufeff日\ufffd<>/s"), max_size=30)


@given(line=st.one_of(st.text(), ODD))
@example(line="\u2581")
@example(line="a\u2581b \u2581\u2581 \u2581c")
@example(line="<unk> </s> <0x41> <s>")
@example(line="👩\u200d👩\u200d👧 e\u0301 \u202eabc")
def test_a_line_comes_back(subwords, line):
    ids, units = subwords.encode(line)
    assert subwords.decode(ids) == single_spaces(line)
    assert len(ids) == len(units)
    assert UNKNOWN not in ids
    assert END not in ids


@given(line=st.one_of(st.text(), ODD))
def test_a_line_is_its_words_one_by_one(subwords, line):
    ids, units = subwords.encode(line)
    words = line.split()
    assert ids == [i for word in words for i in subwords.encode_word(word)]
    assert units == [n for n, word in enumerate(words) for _ in subwords.encode_word(word)]
    # Exactly the last piece of each word says that it ends.
    last = [unit != following for unit, following in zip(units, [*units[1:], -1], strict=False)]
    assert [bool(subwords.ends[i]) for i in ids] == last


@given(ids=st.lists(st.integers(0, 339), max_size=40))
def test_whatever_a_model_writes_is_one_line_of_text(subwords, ids):
    text = subwords.decode(ids)
    assert text == single_spaces(text)
    assert len(text.splitlines()) <= 1
    text.encode("utf-8")


def test_broken_bytes_are_replaced(subwords):
    first, *_, space = subwords.encode_word("日")
    assert subwords.decode([first, space]) == "\ufffd"
    assert subwords.decode([UNKNOWN, END]) == "\ufffd"


def test_words_are_text_and_pieces_are_short(subwords):
    ids, _ = subwords.encode("Mein Bruder hat gestern das rote Haus gesehen.")
    assert len(ids) < 25  # pieces are learnt, not spelled
    assert subwords.vocabulary_size == 340
    assert subwords.ends.dtype == np.bool_
    assert subwords.ends.shape == (340,)


@pytest.mark.parametrize("size", [CACHED, CACHED + 1, LONG, LONG + 1, 20 * LONG + 7])
@pytest.mark.parametrize("letters", ["abcdefg", "Bruder", "日", "x\u2581", "e\u0301"])
def test_a_word_without_end_is_one_word(subwords, letters, size):
    word = (letters * size)[:size]
    ids, units = subwords.encode(f"Ich {word} Haus")
    assert subwords.decode(ids) == f"Ich {word} Haus"
    assert sorted(set(units)) == [0, 1, 2]
    assert subwords.ends[ids].sum() == 3


def test_half_a_surrogate_pair_is_a_question_mark(subwords):
    assert subwords.decode(subwords.encode("a\ud800 \udcffb")[0]) == "a? ?b"
    assert subwords.nbest("\ud800", 3)


@pytest.mark.parametrize("word", ["", " ", "two words", "tail ", "a\u2003b"])
def test_a_word_has_no_white_space(subwords, word):
    with pytest.raises(ValueError, match="one word without white space"):
        subwords.encode_word(word)


def test_ids_are_of_the_vocabulary(subwords):
    for odd in (-1, 340):
        with pytest.raises(ValueError, match=f"below 340, got {odd}"):
            subwords.decode([2, odd])


def test_the_ways_to_cut_a_word(subwords):
    ways = subwords.nbest("Nachbarin", 5)
    assert len({tuple(ids) for ids, _ in ways}) == len(ways) == 5
    assert ways[0][0] == subwords.encode_word("Nachbarin")
    assert all(subwords.decode(ids) == "Nachbarin" for ids, _ in ways)
    scores = [score for _, score in ways]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert subwords.nbest("日\u2581", 4) == [(subwords.encode_word("日\u2581"), 0.0)]
    with pytest.raises(ValueError, match="n must be at least 1"):
        subwords.nbest("Haus", 0)


def test_the_same_text_gives_the_same_file(folder, tmp_path):
    again = train_subwords(tmp_path)
    assert again.model == (folder / "subwords.model").read_bytes()
    assert Subwords.load(folder / "subwords.model").encode("ein Haus") == again.encode("ein Haus")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["subwords.model", "train.de", "train.en"]


def test_training_says_what_is_wrong(tmp_path, capfd):
    files = write_text(tmp_path)
    for size, message in ((200, "smaller than required_chars"), (100_000, "Vocabulary size too high")):
        with pytest.raises(ValueError, match=f"vocabulary_size {size}: .*{message}"):
            Subwords.train(files, size, tmp_path / "new.model")
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9\n")
    for name in ("bad.txt", "none.txt"):
        with pytest.raises(ValueError, match=f"{name}: expected a text file in UTF-8"):
            Subwords.train([tmp_path / name], 300, tmp_path / "new.model")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(ValueError, match="vocabulary_size 300"):
        Subwords.train([tmp_path / "empty.txt"], 300, tmp_path / "new.model")
    assert not (tmp_path / "new.model").exists()


def test_a_space_that_is_none_in_the_training_text(tmp_path):
    (tmp_path / "odd.txt").write_text("".join(f"{a}\u2581  {b}\n" for a, b in sentences()), encoding="utf-8")
    odd = Subwords.train([tmp_path / "odd.txt"], 340, tmp_path / "subwords.model")
    assert odd.decode(odd.encode("Ich\u2581 habe")[0]) == "Ich\u2581 habe"


def test_a_file_that_is_no_vocabulary(subwords, tmp_path):
    path = tmp_path / "subwords.model"
    half = subwords.model[: len(subwords.model) // 2]
    for content in (b"", b"text", half, subwords.model[:-1], b"\0" * 100):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"subwords\.model: not a"):
            Subwords.load(path)
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ValueError, match="at most 16777216 bytes are read"):
        Subwords.load(path)
    with pytest.raises(ValueError, match="is missing"):
        Subwords.load(tmp_path / "none.model")


def test_a_vocabulary_of_another_kind(tmp_path):
    from sentencepiece import SentencePieceTrainer

    files = ",".join(map(str, write_text(tmp_path)))
    usual = {
        "byte_fallback": True,
        "treat_whitespace_as_suffix": True,
        "unk_id": 0,
        "eos_id": 1,
        "bos_id": -1,
    }
    changes = ({"byte_fallback": False}, {"treat_whitespace_as_suffix": False}, {"eos_id": 2, "bos_id": 1})
    for number, change in enumerate(changes):
        prefix = str(tmp_path / f"other{number}")
        sizes = {"vocab_size": 340, "hard_vocab_limit": False, "minloglevel": 2}
        SentencePieceTrainer.train(input=files, model_prefix=prefix, **sizes, **usual | change)
        with pytest.raises(ValueError, match="not a vocabulary of this kind"):
            Subwords.load(f"{prefix}.model")


def test_without_the_package_it_is_said_what_to_install(subwords, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ValueError, match=r"pip install 'seqgen\[translate\]'"):
        Subwords(subwords.model)
