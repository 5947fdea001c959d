"""Parallel text: what is read, how words are cut, and batches that depend on the step alone."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.data.text import TextBatches, Words, collate, in_order, read_lines, read_pairs
from seqgen.representation.subword import END, Subwords

LINES = [f"word{i % 7} {'thing ' * (i % 4)}number{i % 13} ends." for i in range(60)]


@pytest.fixture(scope="module")
def subwords(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    (folder / "a.txt").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return Subwords.train([folder / "a.txt"], 290, folder / "subwords.model")


def batches(subwords, **more):
    settings = {"tokens": 120, "seed": 3, "join": 0.5, **more}
    words = Words(LINES, subwords, ways=more.pop("ways", 4) if "ways" in more else 4)
    settings.pop("ways", None)
    return TextBatches(words, Words([line.upper() for line in LINES], subwords), **settings)


def test_pairs_need_two_sides(tmp_path):
    (tmp_path / "a").write_text("eins\n\nzwei\ndrei\n", encoding="utf-8")
    (tmp_path / "b").write_text("one\nnothing\n  \nthree\n", encoding="utf-8")
    assert read_pairs(tmp_path / "a", tmp_path / "b") == [("eins", "one"), ("drei", "three")]


def test_files_that_do_not_match_say_their_counts(tmp_path):
    (tmp_path / "a").write_text("eins\nzwei\n", encoding="utf-8")
    (tmp_path / "b").write_text("one\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a has 2 lines and .*b 1"):
        read_pairs(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").write_bytes(b"gr\xfcn\n")
    with pytest.raises(ValueError, match="expected text in UTF-8, byte 2 is not"):
        read_pairs(tmp_path / "a", tmp_path / "b")


def test_a_batch_says_which_word_each_subword_is_of(subwords):
    words = Words(["one two", "three"], subwords)
    batch = collate(words, words, [(0,), (1,), (0, 1)])
    for row, line in enumerate(["one two", "three", "one two three"]):
        ids, units = subwords.encode(line)
        n = int(batch.source_lengths[row])
        assert batch.source[row, :n].tolist() == [*ids, END]
        assert batch.unit[row, :n].tolist() == [*units, len(line.split())]
        assert batch.target[row, : batch.target_lengths[row]].tolist() == [*ids, END]


def test_drawn_cuts_say_the_same_text(subwords):
    words = Words(LINES, subwords, ways=5, sharpness=0.0)
    rng = np.random.default_rng(0)
    seen = {tuple(words.tokens((9,), rng)[0]) for _ in range(50)}
    assert len(seen) > 5
    for ids in seen:
        assert subwords.decode(ids[:-1]) == " ".join(LINES[9].split())


def test_a_batch_depends_on_the_step_alone(subwords):
    one, other = batches(subwords), batches(subwords)
    walked = [one[step] for step in range(40)]
    for step in (39, 0, 17):  # across epochs, and back
        for a, b in zip(walked[step], other[step], strict=True):
            assert np.array_equal(a, b)


def test_an_epoch_holds_every_pair_once_within_the_budget(subwords):
    run = batches(subwords, ways=1)
    order = list(run._order)
    rows = sorted(row for batch in order for group in batch for row in group)
    assert rows == list(range(len(LINES)))
    assert sum(len(group) == 2 for batch in order for group in batch) == len(LINES) // 4
    for step, batch in enumerate(order):
        sides = run[step]
        assert max(sides.source.shape[1], sides.target.shape[1]) * len(batch) <= 120 or len(batch) == 1
    assert {tuple(group) for batch in order for group in batch} != {
        tuple(group) for batch in run._compose(1) for group in batch
    }


def test_processes_share_an_epoch(subwords):
    whole, parts = batches(subwords), [batches(subwords, rank=rank, world=2) for rank in range(2)]
    for step in range(4):
        for rank, part in enumerate(parts):
            assert np.array_equal(part[step].source, whole[2 * step + rank].source)


def test_long_pairs_are_left_out(subwords):
    run = batches(subwords, longest=30)
    lengths = [max(run.source.lengths[r], run.target.lengths[r]) for r in run.rows]
    assert 0 < len(lengths) < len(LINES)
    assert max(lengths) <= 30
    with pytest.raises(ValueError, match="at most 1 subwords a side, got none"):
        batches(subwords, longest=1)


def test_evaluation_sees_every_pair_once(subwords):
    words = Words(LINES, subwords)
    groups = in_order(words, words, 100)
    assert sorted(row for batch in groups for (row,) in batch) == list(range(len(LINES)))


def test_lines_end_where_editors_end_them(tmp_path):
    """Not at U+0085 or U+2028, where str.splitlines would end them and the other file would not."""
    path = tmp_path / "text"
    path.write_bytes("a\u2028b\u0085c\x0cd\ne\r\nf\n\ng".encode())
    assert read_lines(path) == ["a\u2028b\u0085c\x0cd", "e", "f", "", "g"]
