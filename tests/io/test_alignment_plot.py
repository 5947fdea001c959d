"""Pictures of alignments: size, what is tinted and traced, the same bytes each time."""

import sys

import matplotlib.image
import numpy as np
import pytest

from seqgen.io.alignment_plot import READ, WRITE, write_alignment

SOURCE = ["Ich", "habe", "gestern", "einen", "Freund", "getroffen."]
TARGET = ["I", "met", "a", "friend", "yesterday", "for", "$5", "and", "$6."]
DELAYS = [1, 6, 6, 6, 6, 6, 6, 6, 6]


def draw(path, *args, **more):
    write_alignment(*args, path, dpi=60, **more)
    return np.rint(matplotlib.image.imread(path)[..., :3] * 255).astype(int)


def area(image, colour):
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((image == rgb).all(axis=-1).sum())


def test_the_path_is_one_read_a_source_word_and_one_write_a_target_word(tmp_path):
    image = draw(tmp_path / "a.png", SOURCE, TARGET, DELAYS)
    assert image.shape[0] > image.shape[1]  # nine rows, six columns
    # The legend has an equal piece of each.
    ratio = area(image, WRITE) / area(image, READ)
    assert 1.2 < ratio < len(TARGET) / len(SOURCE) * 1.2


def test_reading_later_tints_more_and_words_unwritten_are_drawn(tmp_path):
    early = draw(tmp_path / "a.png", SOURCE, TARGET, [1, 2, 2, 3, 3, 4, 4, 5, 6])
    late = draw(tmp_path / "b.png", SOURCE, TARGET, [6] * 9)
    assert area(late, "#eaf2f9") > 1.5 * area(early, "#eaf2f9")
    assert area(draw(tmp_path / "c.png", SOURCE, [], []), READ) > area(early, READ) / 2


def test_weights_are_squares_whose_area_they_are(tmp_path):
    weights = np.zeros((9, 6))
    bare = draw(tmp_path / "a.png", SOURCE, TARGET, DELAYS, weights=weights)
    weights[4, 2] = 1
    one = (bare != draw(tmp_path / "b.png", SOURCE, TARGET, DELAYS, weights=weights)).any(-1).sum()
    weights[4, 2] = 0.25
    quarter = (bare != draw(tmp_path / "c.png", SOURCE, TARGET, DELAYS, weights=weights)).any(-1).sum()
    assert one == pytest.approx((0.8 * 0.34 * 60) ** 2, rel=0.2)
    assert quarter == pytest.approx(one / 4, rel=0.35)


def test_the_same_words_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_alignment(SOURCE, TARGET, DELAYS, tmp_path / name, heading="MILk " * 40, dpi=50)
    first, second = ((tmp_path / name).read_bytes() for name in "ab")
    assert first == second
    assert b"Software" not in first
    assert "matplotlib.pyplot" not in sys.modules


def test_letters_that_the_font_lacks_are_said(tmp_path):
    with pytest.warns(UserWarning, match="the font lacks letters"):
        draw(tmp_path / "a.png", ["友達"], ["x" * 300], [1])


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        ((["a"] * 101, ["b"], [1]), {}, "source: expected at most 100 words, got 101"),
        ((["a"], ["b"] * 101, [1]), {}, "target: expected at most 100 words"),
        (([], [], []), {}, "source: expected at least one word"),
        ((["a"], ["b"], []), {}, "delays: expected one for each of 1 target words, got 0"),
        ((["a", "b"], ["c", "d"], [2, 1]), {}, "delays: expected 2 to 2 at word 1, .*; got 1"),
        ((["a"], ["b"], [2]), {}, "the source has 1 words; got 2"),
        ((["a"], ["b"], [1]), {"weights": np.ones((2, 1))}, r"weights: expected \(1, 1\).*got \(2, 1\)"),
    ],
)
def test_bad_input_is_named(arguments, more, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        draw(tmp_path / "a.png", *arguments, **more)


def test_a_path_that_cannot_be_written_and_a_missing_extra_are_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="cannot be written"):
        write_alignment(["a"], ["b"], [1], tmp_path / "missing" / "a.png")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"seqgen\[plot\]"):
        write_alignment(["a"], ["b"], [1], tmp_path / "a.png")
