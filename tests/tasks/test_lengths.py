"""Samples of any length."""

import pytest

from seqgen.tasks.lengths import cut, sample_bars
from seqgen.tasks.music import load
from tests.tasks.small import melody, small_model
from tests.tasks.test_music import notes, same


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    return load(small_model(tmp_path_factory.mktemp("models") / "small-mel"))


@pytest.mark.parametrize(("bars", "windows"), [(1, 1), (2, 1), (5, 3)])
def test_a_piece_has_the_bars_asked_for(vae, bars, windows):
    pieces = sample_bars(vae, bars, 3, seed=4, qpm=90.0)
    assert len(pieces) == 3
    for number, piece in enumerate(pieces):
        assert piece.total_time == pytest.approx(bars * 4 * 60 / 90)
        assert max(note.end_time for note in piece.notes) <= piece.total_time + 1e-9
        texts = [text.text for text in piece.text_annotations]
        assert texts[:-1] == [f"bar {1 + 2 * k}" for k in range(windows)]
        assert (
            f"model small-mel, sample, {number + 1} of 3, {bars} bars, seed 4, temperature 0.5" in texts[-1]
        )
    assert notes(pieces[0]) != notes(pieces[1])


def test_a_longer_piece_begins_as_a_shorter_one(vae):
    """So a piece may grow."""
    (short,), (long,) = (sample_bars(vae, bars, 1, seed=2) for bars in (4, 8))
    assert notes(cut(long, short.total_time)) == notes(short)
    assert notes(long)[: len(notes(short))] == notes(short)


def test_the_same_seed_is_the_same_music(vae):
    assert same(sample_bars(vae, 6, 2, seed=1), sample_bars(vae, 6, 2, seed=1))
    assert not same(sample_bars(vae, 6, 2, seed=1), sample_bars(vae, 6, 2, seed=2))


def test_a_code_that_stays_is_drawn_with_other_dice(vae, monkeypatch):
    monkeypatch.setattr("seqgen.tasks.lengths.NEARNESS", 1.0)
    (piece,) = sample_bars(vae, 4, 1, seed=3, temperature=1.0, qpm=60.0)
    first = [note for note in notes(piece) if note[1] < 8]
    second = [(pitch, start - 8, end - 8) for pitch, start, end in notes(piece) if start >= 8]
    assert first != second
    (cold,) = sample_bars(vae, 4, 1, seed=3, temperature=0.0, qpm=60.0)
    starts = [[note[:2] for note in notes(cold) if low <= note[1] < low + 8] for low in (0, 8)]
    assert starts[0] == [(pitch, start - 8) for pitch, start in starts[1]]


def test_a_cut_shortens_the_note_that_sounds_there():
    piece = melody(2, seed=1)
    end = piece.notes[3].start_time + 0.01
    assert notes(cut(piece, end)) == [
        (p, start, min(stop, end)) for p, start, stop in notes(piece) if start < end
    ]
    assert notes(cut(piece, 1e9)) == notes(piece)


def test_lengths_that_make_no_sense(vae):
    with pytest.raises(ValueError, match="bars must be 1 to 1000, got 0"):
        sample_bars(vae, 0)
    with pytest.raises(ValueError, match="num must be 1 to 4096, got 0"):
        sample_bars(vae, 4, 0)
