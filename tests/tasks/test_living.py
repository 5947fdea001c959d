"""Bars of a piece whose position moves."""

import pytest

from seqgen.tasks.living import LivingPiece
from seqgen.tasks.music import load
from tests.tasks.small import small_model, write_drums, write_empty, write_melody


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture(scope="module")
def living(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    a, b = folder / "a.mid", folder / "b.mid"
    return LivingPiece(model, write_melody(a, seed=1, qpm=80.0), write_melody(b, seed=2, qpm=125.0)), a, b


def test_the_bars_are_those_of_the_interpolation(living, model):
    piece, a, b = living
    for step, expected in enumerate(model.interpolate(a, b, num_steps=3, seed=4)):
        bars = [piece.bar(k, step / 2, 0.5, 4) for k in range(piece.bars)]
        notes = [
            (4 * k + n.start, 4 * k + n.end, n.pitch, n.velocity) for k, bar in enumerate(bars) for n in bar
        ]
        qpm = expected.tempos[0].qpm
        wanted = [
            (n.start_time * qpm / 60, n.end_time * qpm / 60, n.pitch, n.velocity) for n in expected.notes
        ]
        assert len(notes) == len(wanted) > 0
        for note, same in zip(notes, wanted, strict=True):
            assert note == pytest.approx(same)


def test_what_it_says_of_itself(living):
    piece, _, _ = living
    assert (piece.bars, piece.drums) == (2, False)
    assert piece.qpm == pytest.approx(80.0)
    assert all(0 <= note.start < 4 for note in piece.bar(1, 0.3, 1.0, 1))


def test_the_same_again_whatever_came_between(living):
    piece, _, _ = living
    first = piece.bar(0, 0.5, 1.0, 1)
    for seed in range(2, 80):
        piece.bar(0, 0.5, 1.0, seed)
    assert piece.bar(0, 0.5, 1.0, 1) == first
    assert len(piece._kept) <= 32


def test_a_file_that_the_model_cannot_read_is_said(model, tmp_path):
    a = write_melody(tmp_path / "a.mid")
    with pytest.raises(ValueError, match=r"empty\.mid: there are no notes"):
        LivingPiece(model, a, write_empty(tmp_path / "empty.mid"))
    with pytest.raises(ValueError, match=r"drums\.mid: it holds drums only"):
        LivingPiece(model, write_drums(tmp_path / "drums.mid"), a)
